#include "reconstruct/search_panels.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "pose/curve_peak.hpp"
#include "pose/orientation_grid.hpp"
#include "pose/polar_images.hpp"

namespace tumble {
namespace {

constexpr double basis_tolerance = 1e-4;

}  // namespace

PolarGrid search_grid(const PreparedImages& images, const SearchScope& scope) {
    const double px = images.pixel_size_A, radius = images.mask_radius_A / px;
    const double low = scope.low_per_A * px, high = std::min(scope.high_per_A * px, 0.48),
                 spacing = 1 / (2 * radius + 3 / px);
    const int rings = std::max(2, static_cast<int>(std::lround((high - low) / spacing)) + 1);
    PolarGrid grid;
    for (int r = 0; r < rings; r++) grid.rings.push_back(low + (high - low) * r / (rings - 1));
    // Angular orders go up to 2 pi k R; twice that many angles sample the score exactly.
    const double orders = 2 * std::numbers::pi * high * (images.particle_radius_A + 2) / px;
    grid.angles = 64;
    while (grid.angles < 512 && grid.angles < 1.8 * orders) grid.angles *= 2;
    return grid;
}

std::int64_t search_directions(const PreparedImages& images, const SearchScope& scope) {
    const double spacing = 0.75 / (scope.high_per_A * 2 * (images.particle_radius_A + 1));
    return std::max<std::int64_t>(
        200, static_cast<std::int64_t>(std::ceil(2 * std::numbers::pi / (spacing * spacing))));
}

SearchPanels search_panels(const ResidentImages& images, const ResidentTransform& map, const SearchScope& scope,
                           Backend& backend) {
    SearchPanels p;
    p.grid = search_grid(images, scope);
    const AngularBasis basis = angular_basis(p.grid, (images->particle_radius_A + 2.5) / images->pixel_size_A, basis_tolerance);
    p.directions = half_sphere_directions(search_directions(images, scope), scope.seed, scope.pass);
    std::vector<Mat3f> rotations;
    for (const auto& d : p.directions) rotations.push_back(to_float(d));
    p.resident = backend.search(images, map, p.grid, basis, ring_weights(images, p.grid), rotations);
    p.shifts_A = shift_grid(scope.shift_radius_A, scope.shift_step_A);
    p.pixel_size_A = images->pixel_size_A;
    return p;
}

ResidentRows rows_at_all_shifts(const SearchPanels& panels, std::span<const std::int64_t> images,
                            Backend& backend) {
    std::vector<std::int64_t> row_image, row_shift;
    for (const std::int64_t image : images)
        for (std::int64_t s = 0; s < panels.shifts(); s++) row_image.push_back(image), row_shift.push_back(s);
    return rows_at_shifts(panels, row_image, row_shift, backend);
}

ResidentRows rows_at_shifts(const SearchPanels& panels, std::span<const std::int64_t> images,
                        std::span<const std::int64_t> shifts, Backend& backend) {
    std::vector<Vec2> shifts_px;
    for (const std::int64_t s : shifts) {
        const Vec2 shift = panels.shifts_A[static_cast<std::size_t>(s)];
        shifts_px.push_back({shift.x / panels.pixel_size_A, shift.y / panels.pixel_size_A});
    }
    return backend.rows(panels.resident, images, shifts_px);
}

std::vector<std::int64_t> first_rows(const SearchPanels& panels, std::size_t images) {
    std::vector<std::int64_t> out;
    for (std::size_t i = 0; i <= images; i++) out.push_back(static_cast<std::int64_t>(i) * panels.shifts());
    return out;
}

PoseCandidate candidate_of(const SearchPanels& panels, std::span<const float> curve, const SearchPair& pair, std::int64_t image, std::int64_t shift) {
    const CurvePeak peak = curve_peak(curve);
    const Mat3& base = panels.directions[static_cast<std::size_t>(pair.direction)];
    return {image, {pair_rotation(base, pair.mirror, peak.angle_rad), panels.shifts_A[static_cast<std::size_t>(shift)]}, peak.value};
}

std::vector<PoseCandidate> candidates_of(const SearchPanels& panels, const ResidentRows& rows, std::span<const SearchPair> pairs,
                                         std::span<const std::int64_t> images, std::span<const std::int64_t> shifts, Backend& backend) {
    const auto curves = backend.score_curves(panels.resident, rows, pairs);
    const auto angles = static_cast<std::size_t>(panels.grid.angles);
    std::vector<PoseCandidate> out(pairs.size());
    backend.pool().each(static_cast<std::int64_t>(pairs.size()), [&](std::int64_t i, int) {
        const auto at = static_cast<std::size_t>(i);
        out[at] = candidate_of(panels, std::span(curves).subspan(at * angles, angles), pairs[at], images[at], shifts[at]);
    });
    return out;
}

double log_shift_prior(Vec2 shift_A, double sigma_A) {
    return -(shift_A.x * shift_A.x + shift_A.y * shift_A.y) / (2 * sigma_A * sigma_A);
}

}  // namespace tumble
