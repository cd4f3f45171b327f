#include "reconstruct/reference_start.hpp"

#include <algorithm>

#include "reconstruct/centring.hpp"
#include "reconstruct/global_search.hpp"
#include "reconstruct/map_estimate.hpp"
#include "reconstruct/rule_search.hpp"

namespace tumble {
namespace {

constexpr std::size_t ranked_candidates = 3;  // of an image's list; mates that it lacks are proposed in the rounds

GlobalSearchOptions search_options(const WorkingBands& bands, double shift_sigma_A, const ReconstructOptions& options) {
    GlobalSearchOptions search;
    search.low_per_A = bands.search_low;
    search.high_per_A = bands.search_high;
    search.shift_sigma_A = shift_sigma_A;
    search.shift_radius_A = search_shift_radius(shift_sigma_A);
    search.seed = options.seed;
    return search;
}

RuleSearchOptions rule_options(const WorkingBands& bands, double shift_sigma_A, const ReconstructOptions& options) {
    RuleSearchOptions search;
    static_cast<SearchScope&>(search) = search_options(bands, shift_sigma_A, options);
    search.rule = options.search;
    search.shift_sigma_A = shift_sigma_A;
    return search;
}

/// The candidates of the chosen rule, image by image.
std::vector<PoseCandidate> found_candidates(const ResidentImages& images, const ResidentTransform& transform, const WorkingBands& bands,
                                            double shift_sigma_A, const ReconstructOptions& options, Backend& backend, Progress& progress) {
    std::vector<PoseCandidate> found;
    if (options.search == SearchRule::automatic) {
        for (const auto& list : global_search(images, transform, all_images(images->images), search_options(bands, shift_sigma_A, options), backend, progress))
            found.insert(found.end(), list.begin(), list.begin() + static_cast<std::ptrdiff_t>(std::min(ranked_candidates, list.size())));
    } else {
        for (const auto& image : rule_search(images, transform, rule_options(bands, shift_sigma_A, options), backend, progress))
            found.insert(found.end(), image.candidates.begin(), image.candidates.end());
    }
    return found;
}

}  // namespace

std::vector<PosteriorPoses> poses_from_reference(const ResidentImages& images, const Volume& matched, const WorkingBands& bands, double shift_sigma_A,
                                                 const ReconstructOptions& options, Backend& backend, Progress& progress) {
    const auto transform = scoring_transform(matched, backend);
    auto found = found_candidates(images, transform, bands, shift_sigma_A, options, backend, progress);
    PolishOptions polish;
    polish.band = band_of(images, bands.low, bands.round_high);
    polish.shift_sigma_A = shift_sigma_A;
    polish.steps = 3;
    backend.polish_poses(images, transform, polish, found);
    std::vector<PosteriorPoses> poses;
    for (auto first = found.begin(); first != found.end();) {
        const auto last = std::find_if(first, found.end(), [&](const PoseCandidate& c) { return c.image != first->image; });
        auto& image = poses.emplace_back(posterior_of(std::vector<PoseCandidate>(first, last), 1, 0));
        // A list of candidates is there to find the best in it; only the soft rule weighs several.
        if (options.search != SearchRule::soft) image.candidates.resize(1), image.shares = {1.0};
        first = last;
    }
    return poses;
}

bool map_wants_inversion(const ResidentImages& images, const Volume& matched, const WorkingBands& bands, const ReconstructOptions& options,
                         Backend& backend) {
    const auto few = all_images(std::min<std::int64_t>(60, images->images));
    Volume map = matched;
    NoProgress quiet;
    double mean[2] = {0, 0};
    for (double& sum : mean) {
        // Images times -1 score against a map as the images do against the map times -1.
        for (const auto& list : global_search(images, scoring_transform(map, backend), few, search_options(bands, usual_centring_sigma_A, options), backend, quiet))
            sum += list.front().score;
        for (auto& v : map.values) v = -v;
    }
    return mean[1] > mean[0];
}

}  // namespace tumble
