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

struct CoarsePeak {
    float score;
    std::int64_t row, direction;
    bool mirror;
};

/// Best pair of every (direction, hemisphere) over the shifts of one image, those within the cut, best first.
std::vector<CoarsePeak> coarse_list(const SearchContext& c, const float* maxima, std::int64_t first_row) {
    const std::int64_t shifts = c.panels.shifts(), views = c.panels.views();
    std::vector<float> prior;
    for (const Vec2 s : c.panels.shifts_A) prior.push_back(static_cast<float>(log_shift_prior(s, c.options.shift_sigma_A)));
    std::vector<CoarsePeak> peaks(static_cast<std::size_t>(views));
    float best = -1e30f;
    for (std::int64_t v = 0; v < views; v++) {
        CoarsePeak peak{-1e30f, 0, v / 2, v % 2 == 1};
        for (std::int64_t s = 0; s < shifts; s++) {
            const float score = maxima[s * views + v] + prior[static_cast<std::size_t>(s)];
            if (score > peak.score) peak.score = score, peak.row = first_row + s;
        }
        peaks[static_cast<std::size_t>(v)] = peak;
        best = std::max(best, peak.score);
    }
    const float cut = best - static_cast<float>(c.options.list_cut);
    std::erase_if(peaks, [&](const CoarsePeak& p) { return p.score < cut; });
    std::stable_sort(peaks.begin(), peaks.end(), [](const CoarsePeak& a, const CoarsePeak& b) { return a.score > b.score; });
    return peaks;
}

std::size_t looked_at(const SearchContext& c, const std::vector<CoarsePeak>& peaks) {
    return std::min<std::size_t>(peaks.size(), 20 * static_cast<std::size_t>(c.options.list_length));
}

/// Orientations of the coarse list, one a local maximum of the in-plane curve, thinned to distinct ones. `curves`: of the
/// peaks that are looked at, one after the other.
std::vector<PoseCandidate> thinned(const SearchContext& c, std::span<const float> curves, const std::vector<CoarsePeak>& peaks,
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
    for (std::size_t i = 0; i < looked_at(c, peaks); i++) {
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

/// Coarse lists of `count` images and their thinned candidates; `maxima` of their rows, image by image.
void list_candidates(const SearchContext& c, const ResidentRows& rows, const float* maxima, std::int64_t count, Backend& backend,
                     std::span<std::vector<PoseCandidate>> lists, std::span<const std::int64_t> which) {
    const std::int64_t shifts = c.panels.shifts(), views = c.panels.views();
    std::vector<std::vector<CoarsePeak>> peaks(static_cast<std::size_t>(count));
    backend.pool().each(count, [&](std::int64_t i, int) {
        peaks[static_cast<std::size_t>(i)] = coarse_list(c, maxima + i * shifts * views, i * shifts);
    });
    std::vector<SearchPair> pairs;
    std::vector<std::size_t> first_pair;
    for (const auto& list : peaks) {
        first_pair.push_back(pairs.size());
        for (std::size_t k = 0; k < looked_at(c, list); k++) pairs.push_back({list[k].row, list[k].direction, list[k].mirror, 0});
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
    const std::int64_t shifts = panels.shifts(), views = panels.views(), total = static_cast<std::int64_t>(which.size());
    std::vector<std::vector<PoseCandidate>> lists(which.size());
    std::vector<float> maxima(static_cast<std::size_t>(batch_images * shifts * views));
    for (std::int64_t first = 0; first < total; first += batch_images) {
        const std::int64_t count = std::min(batch_images, total - first);
        const auto batch = which.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
        const ResidentRows rows = rows_at_all_shifts(panels, batch, backend);
        backend.score_pairs(panels.resident, rows, {}, maxima);
        list_candidates(context, rows, maxima.data(), count, backend, std::span(lists).subspan(static_cast<std::size_t>(first)), batch);
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
