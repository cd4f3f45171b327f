#include "reconstruct/reference_start.hpp"

#include <algorithm>

#include "reconstruct/global_search.hpp"
#include "reconstruct/particle_signal.hpp"

namespace tumble {
namespace {

constexpr std::size_t ranked_candidates = 3;  // of an image's list; mates that it lacks are proposed in the rounds

GlobalSearchOptions search_options(const WorkingBands& bands, const ReconstructOptions& options) {
    GlobalSearchOptions search;
    search.low_per_A = bands.search_low;
    search.high_per_A = bands.search_high;
    search.shift_sigma_A = centring_sigma_A;
    search.seed = options.seed;
    return search;
}

}  // namespace

std::vector<PosteriorPoses> poses_from_reference(const PreparedImages& images, const Volume& matched, const WorkingBands& bands,
                                                 const ReconstructOptions& options, ThreadPool& pool, Progress& progress) {
    const auto transform = scoring_transform(matched, pool);
    const auto lists = global_search(images, transform, search_options(bands, options), pool, progress);
    std::vector<PoseCandidate> ranked;
    for (const auto& list : lists) ranked.insert(ranked.end(), list.begin(), list.begin() + static_cast<std::ptrdiff_t>(std::min(ranked_candidates, list.size())));
    PolishOptions polish;
    polish.band = band_of(images, bands.low, bands.round_high);
    polish.shift_sigma_A = centring_sigma_A;
    polish.steps = 3;
    polish_poses(images, transform, polish, ranked, pool);
    std::vector<PosteriorPoses> poses(lists.size());
    for (const auto& c : ranked) {
        auto& p = poses[static_cast<std::size_t>(c.image)];
        if (p.candidates.empty()) {
            p.candidates.push_back(c);
            p.shares.push_back(1);
        } else if (c.score > p.candidates.front().score) {
            p.candidates.front() = c;
        }
    }
    return poses;
}

bool reference_wants_inversion(const PreparedImages& images, const Volume& matched, const WorkingBands& bands,
                               const ReconstructOptions& options, ThreadPool& pool) {
    PreparedImages few = images;
    few.images = std::min<std::int64_t>(60, images.images);
    few.values.resize(static_cast<std::size_t>(few.images) * few.points.size());
    few.real_space.resize(static_cast<std::size_t>(few.images) * static_cast<std::size_t>(few.box) * static_cast<std::size_t>(few.box));
    const auto transform = scoring_transform(matched, pool);
    NoProgress quiet;
    double mean[2] = {0, 0};
    for (double& sum : mean) {
        for (const auto& list : global_search(few, transform, search_options(bands, options), pool, quiet)) sum += list.front().score;
        invert_contrast(few);
    }
    return mean[1] > mean[0];
}

}  // namespace tumble
