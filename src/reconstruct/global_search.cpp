#include "reconstruct/global_search.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "pose/orientation_grid.hpp"
#include "pose/polar_images.hpp"
#include "pose/score.hpp"
#include "tumble/error.hpp"

namespace tumble {
namespace {

constexpr std::int64_t batch_images = 32;
constexpr double basis_tolerance = 1e-4;

}  // namespace

PolarGrid search_grid(const PreparedImages& images, const GlobalSearchOptions& options) {
    const double px = images.pixel_size_A, radius = images.mask_radius_A / px;
    // Rings no farther apart than the Nyquist distance of the mask's diameter.
    const double low = options.low_per_A * px, high = std::min(options.high_per_A * px, 0.48), spacing = 1 / (2 * radius + 3 / px);
    const int rings = std::max(2, static_cast<int>(std::lround((high - low) / spacing)) + 1);
    PolarGrid grid;
    for (int r = 0; r < rings; r++) grid.rings.push_back(low + (high - low) * r / (rings - 1));
    // Angular orders go up to 2 pi k R; twice that many angles sample the score exactly.
    const double orders = 2 * std::numbers::pi * high * (images.particle_radius_A + 2) / px;
    grid.angles = 64;
    while (grid.angles < 512 && grid.angles < 1.8 * orders) grid.angles *= 2;
    return grid;
}

std::int64_t search_directions(const PreparedImages& images, const GlobalSearchOptions& options) {
    // The angle that moves the particle's rim by three quarters of the finest fringe's half period.
    const double spacing = 0.75 / (options.high_per_A * 2 * (images.particle_radius_A + 1));
    return std::max<std::int64_t>(200, static_cast<std::int64_t>(std::ceil(2 * std::numbers::pi / (spacing * spacing))));
}

namespace {

/// What the search holds fixed while it walks through the images.
struct SearchContext {
    const PreparedImages& images;
    const GlobalSearchOptions& options;
    PolarGrid grid;
    AngularBasis basis;
    std::vector<float> weights;
    std::vector<Mat3> directions;
    DirectionPanel panel;
    std::vector<Complexf> samples;
    std::vector<Vec2> shifts_px;
};

struct CoarsePeak {
    float score;
    std::int64_t row, direction;
    bool mirror;
};

/// Best pair of every (direction, hemisphere) over the shifts of one image, those within the cut, best first.
std::vector<CoarsePeak> coarse_list(const SearchContext& c, const float* maxima, std::int64_t first_row) {
    const auto shifts = static_cast<std::int64_t>(c.shifts_px.size());
    const std::int64_t views = 2 * c.panel.directions;
    std::vector<float> prior(c.shifts_px.size());
    for (std::size_t s = 0; s < prior.size(); s++) {
        const double x = c.shifts_px[s].x * c.images.pixel_size_A, y = c.shifts_px[s].y * c.images.pixel_size_A;
        prior[s] = static_cast<float>(-(x * x + y * y) / (2 * c.options.shift_sigma_A * c.options.shift_sigma_A));
    }
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

/// Orientations of the coarse list, one a local maximum of the in-plane curve, thinned to distinct ones.
std::vector<PoseCandidate> thinned(const SearchContext& c, const RowPanel& rows, const std::vector<CoarsePeak>& peaks,
                                   std::int64_t image, std::int64_t first_row) {
    std::vector<PoseCandidate> kept;
    std::vector<float> curve(static_cast<std::size_t>(c.grid.angles));
    const double px = c.images.pixel_size_A;
    if (peaks.empty()) return kept;
    const float cut = peaks.front().score - static_cast<float>(c.options.list_cut);
    struct Found {
        double score;
        Pose pose;
    };
    std::vector<Found> all;
    const std::size_t looked_at = std::min<std::size_t>(peaks.size(), 20 * static_cast<std::size_t>(c.options.list_length));
    for (std::size_t i = 0; i < looked_at; i++) {
        const auto& peak = peaks[i];
        score_angles(c.basis, c.panel, rows, peak.row, peak.direction, peak.mirror, curve);
        const Vec2 shift = c.shifts_px[static_cast<std::size_t>(peak.row - first_row)];
        const Vec2 shift_A{shift.x * px, shift.y * px};
        const double prior = -(shift_A.x * shift_A.x + shift_A.y * shift_A.y) / (2 * c.options.shift_sigma_A * c.options.shift_sigma_A);
        for (std::size_t j = 0; j < curve.size(); j++) {
            const float here = curve[j], before = curve[(j + curve.size() - 1) % curve.size()], after = curve[(j + 1) % curve.size()];
            if (here < before || here <= after || here + static_cast<float>(prior) < cut) continue;
            const double angle = 2 * std::numbers::pi * static_cast<double>(j) / static_cast<double>(curve.size());
            all.push_back({here + prior, {pair_rotation(c.directions[static_cast<std::size_t>(peak.direction)], peak.mirror, angle), shift_A}});
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

SearchContext make_context(const PreparedImages& images, const PaddedTransform& map, const GlobalSearchOptions& options, ThreadPool& pool) {
    SearchContext c{images, options, search_grid(images, options), {}, {}, {}, {}, {}, {}};
    c.basis = angular_basis(c.grid, (images.particle_radius_A + 2.5) / images.pixel_size_A, basis_tolerance);
    c.weights = ring_weights(images, c.grid);
    c.directions = half_sphere_directions(search_directions(images, options), options.seed, options.pass);
    std::vector<Mat3f> rotations;
    for (const auto& d : c.directions) rotations.push_back(to_float(d));
    const auto points = c.grid.points();
    std::vector<Complexf> slices(rotations.size() * points.size());
    sample_slices(map, rotations, points, slices.data(), pool);
    c.panel = pack_directions(c.grid, c.basis, c.weights, slices, pool);
    c.samples = polar_samples(images, c.grid, pool);
    for (const Vec2 s : shift_grid(options.shift_radius_A, options.shift_step_A)) c.shifts_px.push_back({s.x / images.pixel_size_A, s.y / images.pixel_size_A});
    return c;
}

}  // namespace

std::vector<std::vector<PoseCandidate>> global_search(const PreparedImages& images, const PaddedTransform& map,
                                                      const GlobalSearchOptions& options, ThreadPool& pool, Progress& progress) {
    const SearchContext context = make_context(images, map, options, pool);
    const auto shifts = static_cast<std::int64_t>(context.shifts_px.size());
    const std::int64_t views = 2 * context.panel.directions;
    std::vector<std::vector<PoseCandidate>> lists(static_cast<std::size_t>(images.images));
    std::vector<float> maxima(static_cast<std::size_t>(batch_images * shifts * views));
    for (std::int64_t first = 0; first < images.images; first += batch_images) {
        const std::int64_t count = std::min(batch_images, images.images - first);
        std::vector<std::int64_t> row_image;
        std::vector<Vec2> row_shift;
        for (std::int64_t i = 0; i < count; i++)
            for (const Vec2 s : context.shifts_px) row_image.push_back(first + i), row_shift.push_back(s);
        const RowPanel rows = pack_rows(context.grid, context.basis, context.weights, context.samples, row_image, row_shift, pool);
        score_pairs(context.basis, context.panel, rows, {}, maxima.data(), pool);
        pool.each(count, [&](std::int64_t i, int) {
            const auto peaks = coarse_list(context, maxima.data() + i * shifts * views, i * shifts);
            lists[static_cast<std::size_t>(first + i)] = thinned(context, rows, peaks, first + i, i * shifts);
        });
        progress.update(0.6 * static_cast<double>(first + count) / static_cast<double>(images.images));
        if (progress.cancelled()) throw Error(ErrorKind::interrupted, "interrupted during the search");
    }

    std::vector<PoseCandidate> flat;
    for (const auto& list : lists) flat.insert(flat.end(), list.begin(), list.end());
    PolishOptions polish;
    polish.band = band_of(images, options.low_per_A, options.high_per_A);
    polish.shift_sigma_A = options.shift_sigma_A;
    polish_poses(images, map, polish, flat, pool);
    progress.update(1);
    std::size_t at = 0;
    for (auto& list : lists) {
        for (auto& candidate : list) candidate = flat[at++];
        std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    }
    return lists;
}

}  // namespace tumble
