#include "reconstruct/blind_start.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reconstruct/global_search.hpp"
#include "reconstruct/map_estimate.hpp"
#include "reconstruct/rule_search.hpp"

namespace tumble {
namespace {

constexpr double lowest_ring_per_A = 0.3, highest_ring_per_A = 1.0;   // below is background, above noise
constexpr double shortest_neighbours_A = 2.2, longest_neighbours_A = 3.6;  // of metals and semiconductors
constexpr double sharing_temperature = 4;

bool motifs_forbidden(const ReconstructOptions& options) { return options.motifs.size() == 1 && options.motifs.front() == "none"; }

}  // namespace

std::vector<MotifFit> ranked_motifs(const PreparedImages& images, const ReconstructOptions& options, ThreadPool& pool) {
    std::vector<Motif> allowed;
    for (const Motif m : all_motifs())
        if (options.motifs.empty() || motifs_forbidden(options) || std::count(options.motifs.begin(), options.motifs.end(), name_of(m)) > 0)
            allowed.push_back(m);
    const auto profile = ring_profile(images, lowest_ring_per_A, std::min(highest_ring_per_A, 0.48 / images.pixel_size_A), pool);
    return rank_motifs(profile, atoms_radius_A(images), allowed, shortest_neighbours_A, longest_neighbours_A, pool);
}

bool starts_from_motif(const ReconstructOptions& options, int attempt) { return attempt == 0 && !motifs_forbidden(options); }

int blind_attempts(const ReconstructOptions& options) { return options.motifs.empty() || motifs_forbidden(options) ? 3 : 1; }

std::vector<PosteriorPoses> poses_from_model(const ResidentImages& images, const FirstModel& model, const ReconstructOptions& options,
                                             const FirstModelOptions& model_options, Backend& backend, Progress& progress) {
    SearchScope scope;
    scope.low_per_A = model_options.bands.search_low;
    scope.high_per_A = model_options.bands.search_high;
    scope.shift_radius_A = search_shift_radius(model_options.shift_sigma_A);
    scope.seed = options.seed;
    const auto transform = scoring_transform(model.map, backend);
    if (options.search != SearchRule::automatic) {
        RuleSearchOptions search;
        static_cast<SearchScope&>(search) = scope;
        search.rule = options.search;
        search.shift_sigma_A = model_options.shift_sigma_A;
        return rule_search(images, transform, search, backend, progress);
    }
    GlobalSearchOptions search;
    static_cast<SearchScope&>(search) = scope;
    search.shift_sigma_A = model_options.shift_sigma_A;
    std::vector<PosteriorPoses> poses;
    for (auto& list : global_search(images, transform, all_images(images->images), search, backend, progress))
        poses.push_back(posterior_of(std::move(list), sharing_temperature, 0));
    return poses;
}

std::vector<std::string> motif_names() {
    std::vector<std::string> names;
    for (const Motif m : all_motifs()) names.emplace_back(name_of(m));
    return names;
}

}  // namespace tumble
