#include "reconstruct/global_search.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "tumble/error.hpp"

namespace tumble {
namespace {

constexpr std::int64_t batch_images = 32;

/// What the search holds fixed while it walks through the images.
struct SearchContext {
    const GlobalSearchOptions& options;
    SearchPanels panels;
};

/// Most views of an image's coarse list.
int looked_at(const GlobalSearchOptions& options) {
    return 20 * options.list_length;
}

/// Orientations of the coarse list, one a local maximum of the in-plane curve, thinned to distinct ones. `curves`: of the
/// peaks that are looked at, one after the other.
std::vector<PoseCandidate> thinned(const SearchContext& c, std::span<const float> curves, const std::vector<SearchPair>& peaks,
                                   std::int64_t image, std::int64_t first_row) {
    std::vector<PoseCandidate> kept;
    if (peaks.empty()) return kept;
    const auto angles = static_cast<std::size_t>(c.panels.grid.angles);
    const float cut = peaks.front().score - static_cast<float>(c.options.list_cut);
    struct Found {
        double score;
        Pose pose;
    };
    std::vector<Found> all;
    for (std::size_t i = 0; i < peaks.size(); i++) {
        const auto& peak = peaks[i];
        const auto curve = curves.subspan(i * angles, angles);
        const Vec2 shift_A = c.panels.shifts_A[static_cast<std::size_t>(peak.row - first_row)];
        const double prior = log_shift_prior(shift_A, c.options.shift_sigma_A);
        for (std::size_t j = 0; j < curve.size(); j++) {
            const float here = curve[j], before = curve[(j + curve.size() - 1) % curve.size()], after = curve[(j + 1) % curve.size()];
            if (here < before || here <= after || here + static_cast<float>(prior) < cut) continue;
            const double angle = 2 * std::numbers::pi * static_cast<double>(j) / static_cast<double>(curve.size());
            all.push_back({here + prior, {pair_rotation(c.panels.directions[static_cast<std::size_t>(peak.direction)], peak.mirror, angle), shift_A}});
        }
    }
    std::stable_sort(all.begin(), all.end(), [](const Found& a, const Found& b) { return a.score > b.score; });
    for (const auto& f : all) {
        const bool near = std::any_of(kept.begin(), kept.end(), [&](const PoseCandidate& k) {
            return angle_between(k.pose.rotation, f.pose.rotation) < c.options.separation_rad;
        });
        if (!near) kept.push_back({image, f.pose, f.score});
        if (static_cast<int>(kept.size()) == c.options.list_length) break;
    }
    return kept;
}

/// Coarse lists of images and their thinned candidates; `rows`: the images one after the other, each at all shifts.
void list_candidates(const SearchContext& c, const ResidentRows& rows, Backend& backend, std::span<std::vector<PoseCandidate>> lists,
                     std::span<const std::int64_t> which) {
    const std::int64_t shifts = c.panels.shifts(), count = static_cast<std::int64_t>(which.size());
    std::vector<float> prior;
    for (std::int64_t i = 0; i < count; i++)
        for (const Vec2 s : c.panels.shifts_A) prior.push_back(static_cast<float>(log_shift_prior(s, c.options.shift_sigma_A)));
    const std::vector<std::int64_t> first_row = first_rows(c.panels, which.size());
    const auto peaks = backend.coarse_pairs(c.panels.resident, rows, {first_row, 0, {}}, {prior, static_cast<float>(c.options.list_cut), looked_at(c.options)});
    std::vector<SearchPair> pairs;
    std::vector<std::size_t> first_pair;
    for (const auto& list : peaks) {
        first_pair.push_back(pairs.size());
        pairs.insert(pairs.end(), list.begin(), list.end());
    }
    const std::vector<float> curves = backend.score_curves(c.panels.resident, rows, pairs);
    backend.pool().each(count, [&](std::int64_t i, int) {
        const auto at = static_cast<std::size_t>(i);
        const auto mine = std::span(curves).subspan(first_pair[at] * static_cast<std::size_t>(c.panels.grid.angles));
        lists[at] = thinned(c, mine, peaks[at], which[at], i * shifts);
    });
}

}  // namespace

std::vector<std::int64_t> all_images(std::int64_t images) {
    std::vector<std::int64_t> which(static_cast<std::size_t>(images));
    std::iota(which.begin(), which.end(), 0);
    return which;
}

std::vector<std::int64_t> spread_images(std::int64_t images, std::int64_t count) {
    count = std::min(count, images);
    std::vector<std::int64_t> which;
    for (std::int64_t k = 0; k < count; k++) which.push_back(k * images / count);
    return which;
}

std::vector<std::vector<PoseCandidate>> global_search(const ResidentImages& images, const ResidentTransform& map,
                                                      std::span<const std::int64_t> which, const GlobalSearchOptions& options,
                                                      Backend& backend, Progress& progress) {
    const SearchContext context{options, search_panels(images, map, options, backend)};
    const SearchPanels& panels = context.panels;
    const std::int64_t total = static_cast<std::int64_t>(which.size());
    std::vector<std::vector<PoseCandidate>> lists(which.size());
    for (std::int64_t first = 0; first < total; first += batch_images) {
        const std::int64_t count = std::min(batch_images, total - first);
        const auto batch = which.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
        const ResidentRows rows = rows_at_all_shifts(panels, batch, backend);
        list_candidates(context, rows, backend, std::span(lists).subspan(static_cast<std::size_t>(first)), batch);
        progress.update(0.6 * static_cast<double>(first + count) / static_cast<double>(total));
        if (progress.cancelled()) throw Error(ErrorKind::interrupted, "interrupted during the search");
    }

    std::vector<PoseCandidate> flat;
    for (const auto& list : lists) flat.insert(flat.end(), list.begin(), list.end());
    PolishOptions polish;
    polish.band = band_of(images, options.low_per_A, options.high_per_A);
    polish.shift_sigma_A = options.shift_sigma_A;
    backend.polish_poses(images, map, polish, flat);
    progress.update(1);
    std::size_t at = 0;
    for (auto& list : lists) {
        for (auto& candidate : list) candidate = flat[at++];
        std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    }
    return lists;
}

}  // namespace tumble
