#pragma once
// What consecutive frames say about each other: a particle that tumbles turns little from one frame to the next.
#include <span>
#include <vector>

#include "core/threads.hpp"
#include "pose/pose_polish.hpp"
#include "pose/symmetry_mates.hpp"

namespace tumble {

/// The turn between neighbouring images, up to near symmetries.
struct FrameSteps {
    double median_rad = 0;         ///< between images i and i + 1
    double random_median_rad = 0;  ///< between images far apart
    /// Standard deviation of the turn about each axis, if it is a random walk.
    double sigma_rad() const;
    /// Neighbours are much closer than strangers.
    bool consecutive() const { return median_rad > 0 && median_rad < 0.6 * random_median_rad; }
};
/// Every pair of images is compared over all `symmetries` of the particle, because poses may sit in different mates.
FrameSteps measure_frame_steps(std::span<const PoseCandidate> best, std::span<const NearSymmetry> symmetries);

/// Posterior shares of each image's candidates under a random walk of orientations with standard deviation `sigma_rad` about
/// each axis, and a chance of `jump` for any candidate to follow any other: forward-backward over the whole series (Baum et
/// al., Ann. Math. Stat. 41, 164, 1970). Emissions are exp(score / temperature). Lists are one an image, in order of time.
std::vector<std::vector<double>> forward_backward(const std::vector<std::vector<PoseCandidate>>& lists, double temperature,
                                                  double sigma_rad, double jump, ThreadPool& pool);

}  // namespace tumble
