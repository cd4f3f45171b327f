#pragma once
// Search of all orientations and shifts of every image against one map: batched scores, a list an image, polish of the list.
#include <cstdint>
#include <vector>

#include "core/threads.hpp"
#include "fourier/central_slice.hpp"
#include "pose/pose_polish.hpp"
#include "pose/polar_transform.hpp"
#include "pose/prepared_images.hpp"
#include "tumble/progress.hpp"

namespace tumble {

struct GlobalSearchOptions {
    double low_per_A = 0.3, high_per_A = 0.74;  ///< band that is scored
    double shift_radius_A = 0.72, shift_step_A = 0.36;
    double shift_sigma_A = 0.36;                ///< prior of the centring error
    double list_cut = 35;                       ///< candidates within this much of an image's best coarse score
    int list_length = 6;                        ///< candidates an image that are polished
    double separation_rad = 0.14;               ///< two candidates of an image differ by at least this much
    std::uint64_t seed = 1;
    std::uint32_t pass = 0;
};

/// What the search samples: rings and in-plane angles of the images' transforms, and how many directions of the half
/// sphere. Only the radii and the pixel size of `images` are used.
PolarGrid search_grid(const PreparedImages& images, const GlobalSearchOptions& options);
std::int64_t search_directions(const PreparedImages& images, const GlobalSearchOptions& options);

/// Candidates of every image, best first, polished in the search band; at least one an image.
/// A coarse grid loses tens of units of log-likelihood against the true pose, as much as separates symmetry mates, so a
/// list is kept, thinned and polished before anything is decided.
std::vector<std::vector<PoseCandidate>> global_search(const PreparedImages& images, const PaddedTransform& map,
                                                      const GlobalSearchOptions& options, ThreadPool& pool, Progress& progress);

}  // namespace tumble
