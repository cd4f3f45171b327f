#pragma once
// Maps from images with poses, and from folds of them: an image is only ever scored against a map made without it.
#include <cstdint>
#include <span>
#include <vector>

#include "core/threads.hpp"
#include "fourier/central_slice.hpp"
#include "fourier/density_compensation.hpp"
#include "pose/prepared_images.hpp"
#include "tumble/geometry.hpp"

namespace tumble {

/// One image at one pose, with the weight of that pose (1, or a posterior share).
struct WeightedPose {
    std::int64_t image = 0;
    Pose pose;
    float weight = 1;
};

/// Normal equations of the images at their poses, from the samples of `band`; the box is that of the prepared images.
NormalEquations equations_of(const PreparedImages& images, std::span<const WeightedPose> poses, Band band, ThreadPool& pool);

/// Posterior mean of the map: Gaussian noise of the measured spectrum, and a prior whose power per shell is that of the
/// images' signal. Shells beyond `high_per_A` are zero. The map is sought inside the particle's mask.
Volume solve_map(const NormalEquations& equations, const PreparedImages& images, double high_per_A, int steps, ThreadPool& pool);

/// Padded transform of a map with the window that scoring uses.
PaddedTransform scoring_transform(const Volume& map, ThreadPool& pool);

/// Fold of each image, 0 .. folds-1: blocks of ten consecutive images share a fold, so that neighbouring frames, which look
/// alike, do not predict each other; which blocks go together is drawn anew for each `pass`.
std::vector<int> draw_folds(std::int64_t images, int folds, std::uint64_t seed, std::uint32_t pass);

}  // namespace tumble
