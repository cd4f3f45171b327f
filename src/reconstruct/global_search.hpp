#pragma once
// Search of all orientations and shifts of every image against one map: batched scores, a list an image, polish of the list.
#include <cstdint>
#include <span>
#include <vector>

#include "backend/backend.hpp"
#include "pose/pose_polish.hpp"
#include "pose/prepared_images.hpp"
#include "reconstruct/search_panels.hpp"
#include "tumble/progress.hpp"

namespace tumble {

struct GlobalSearchOptions : SearchScope {
    double shift_sigma_A = 0.36;                ///< prior of the centring error
    double list_cut = 35;                       ///< candidates within this much of an image's best coarse score
    int list_length = 6;                        ///< candidates an image that are polished
    double separation_rad = 0.14;               ///< two candidates of an image differ by at least this much
};

/// Candidates of the images numbered `which`, in that order, best first, polished in the search band; at least one an image.
/// A coarse grid loses tens of units of log-likelihood against the true pose, as much as separates symmetry mates, so a
/// list is kept, thinned and polished before anything is decided.
std::vector<std::vector<PoseCandidate>> global_search(const ResidentImages& images, const ResidentTransform& map,
                                                      std::span<const std::int64_t> which, const GlobalSearchOptions& options,
                                                      Backend& backend, Progress& progress);
/// 0 .. images - 1.
std::vector<std::int64_t> all_images(std::int64_t images);
/// At most `count` image numbers, evenly spread over the stack.
std::vector<std::int64_t> spread_images(std::int64_t images, std::int64_t count);

}  // namespace tumble
