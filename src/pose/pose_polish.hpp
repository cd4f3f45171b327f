#pragma once
// Continuous refinement of orientation and shift against a map, by damped Gauss-Newton steps on the log-likelihood.
#include <cstdint>
#include <span>

#include "core/threads.hpp"
#include "fourier/central_slice.hpp"
#include "pose/prepared_images.hpp"
#include "tumble/image_pose.hpp"

namespace tumble {

struct PolishOptions {
    Band band;
    int steps = 4;                  ///< Gauss-Newton steps at most
    double shift_sigma_A = 0;       ///< standard deviation of the centring error's prior on each axis; 0: none
    double smallest_step = 2e-4;    ///< stop below this many radians (shifts: times the particle radius)
};

/// Score of each candidate as it stands.
void score_candidates(const ImageSamples& images, const PaddedTransform& map, const PolishOptions& options,
                      std::span<PoseCandidate> candidates, ThreadPool& pool);

/// Moves every candidate to a local maximum of its score (five parameters: turns about the three laboratory axes and the
/// shift; derivatives of the slice by central differences over 0.005 rad). Never lowers a score. Each candidate's result
/// depends on itself alone: same bits for any batch and number of threads.
void polish_poses(const ImageSamples& images, const PaddedTransform& map, const PolishOptions& options,
                  std::span<PoseCandidate> candidates, ThreadPool& pool);

/// Best shift for a fixed orientation, by Newton steps on the score's cross term from the candidate's shift; sets shift
/// and score. Same guarantees.
void polish_shifts(const ImageSamples& images, const PaddedTransform& map, const PolishOptions& options,
                   std::span<PoseCandidate> candidates, ThreadPool& pool);

}  // namespace tumble
