#pragma once
// Maps made without a fold of the images: an image is only ever scored against a map that it has not shaped.
#include <cstdint>
#include <span>
#include <vector>

#include "backend/backend.hpp"
#include "reconstruct/map_estimate.hpp"

namespace tumble {

/// Fold of each image, 0 .. folds-1. Blocks of `block` consecutive images share a fold; which blocks go together is drawn anew
/// for each `pass`. Blocks of ten keep neighbouring frames, which look alike, from predicting each other.
std::vector<int> draw_folds(std::int64_t images, int folds, std::uint64_t seed, std::uint32_t pass, std::int64_t block = 10);

/// Normal equations of each fold and of all images.
struct FoldEquations {
    std::vector<ResidentEquations> folds;
    ResidentEquations total;
};
/// `fold[pose.image]` is the fold of a pose.
FoldEquations fold_equations(const ResidentImages& images, std::span<const WeightedPose> poses, std::span<const int> fold, int folds,
                             Band band, Backend& backend);

/// Map of all images but those of `fold`. The equations of that fold are freed: ask once for each.
Volume map_without(FoldEquations& equations, int fold, const PreparedImages& images, double high_per_A, int steps, Backend& backend);

}  // namespace tumble
