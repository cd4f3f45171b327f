#pragma once
// Poses of all images against one map by a chosen search rule (docs/stages/search.md), then polished.
#include <cstdint>
#include <vector>

#include "backend/backend.hpp"
#include "pose/prepared_images.hpp"
#include "reconstruct/posterior_poses.hpp"
#include "reconstruct/search_panels.hpp"
#include "tumble/progress.hpp"
#include "tumble/reconstruct.hpp"

namespace tumble {

struct RuleSearchOptions : SearchScope {
    SearchRule rule = SearchRule::shc;     ///< any but automatic
    double shift_sigma_A = 0.36;           ///< prior of the centring error, used by the polish
    int most_passes = 30;                  ///< of shc and snhc
    double least_improved = 0.02;          ///< shc and snhc end when a smaller share of the images improves
    int growing_passes = 12;               ///< snhc: passes until the neighbourhood is the whole sphere
    double smallest_neighbourhood = 0.02;  ///< snhc: share of the views in the first pass
    int list_length = 12;                  ///< soft: candidates an image that are polished
    double separation_rad = 0.14;    ///< soft: two candidates of an image's list differ by at least this much
    std::int64_t batch_images = 32;  ///< images scored at once: bounds the memory, not the result
};

/// One pose an image with share 1 (shc, snhc, exhaustive) or several with their posterior shares (soft), best
/// first; scores are those of the polish in the band of `options`.
///
/// shc: from a random candidate an image, passes of first improvement in a visiting order drawn anew for each
/// pass, all else held fixed. snhc: the same among the views nearest to the present one, a number that grows
/// geometrically to all. exhaustive: the best candidate. soft: a list of the candidates that carry weight at
/// temperature 8, polished while the temperature falls to 1: the coarse grid loses units of log-likelihood
/// that the polish gives back. The rules compare likelihoods; the prior of the shift enters with the polish.
///
/// One log line a pass. Same result for any number of threads and any batch. Throws Error(interrupted) when
/// cancelled, Error(input) for the rule automatic.
std::vector<PosteriorPoses> rule_search(const ResidentImages& images, const ResidentTransform& map,
                                        const RuleSearchOptions& options, Backend& backend,
                                        Progress& progress);

}  // namespace tumble
