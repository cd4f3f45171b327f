#include "atoms/peak_detection.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "atoms/cell_list.hpp"

namespace tumble {
namespace {

struct Vertex {
    double offset = 0, rise = 0;
};

// Vertex of the parabola through three neighbours of which the middle one is a maximum: where, and how far
// above it.
Vertex parabola_vertex(double before, double at, double after) {
    const double curvature = before - 2 * at + after;
    if (!(curvature < 0)) return {};
    const double offset = 0.5 * (before - after) / curvature;
    return {offset, -0.125 * (before - after) * (before - after) / curvature};
}

// Strictly above the 13 neighbours before it and not below the 13 after it, so that a plateau counts once.
bool is_maximum(const VolumeView& map, int x, int y, int z) {
    const float value = map.at(x, y, z);
    for (int dz = -1; dz <= 1; dz++)
        for (int dy = -1; dy <= 1; dy++)
            for (int dx = -1; dx <= 1; dx++) {
                const int order = (dz * 3 + dy) * 3 + dx;
                const float other = map.at(x + dx, y + dy, z + dz);
                if (order < 0 ? other >= value : other > value) return false;
            }
    return true;
}

Peak peak_at(const VolumeView& map, double voxel_A, int x, int y, int z) {
    const double value = map.at(x, y, z);
    const Vertex vx = parabola_vertex(map.at(x - 1, y, z), value, map.at(x + 1, y, z));
    const Vertex vy = parabola_vertex(map.at(x, y - 1, z), value, map.at(x, y + 1, z));
    const Vertex vz = parabola_vertex(map.at(x, y, z - 1), value, map.at(x, y, z + 1));
    const int centre = map.box / 2;
    return {voxel_A * Vec3{x - centre + vx.offset, y - centre + vy.offset, z - centre + vz.offset},
            value + vx.rise + vy.rise + vz.rise};
}

std::vector<Peak> maxima_of_plane(const VolumeView& map, double voxel_A, double radius_A, int z) {
    std::vector<Peak> found;
    const int centre = map.box / 2;
    const double limit = radius_A / voxel_A * (radius_A / voxel_A);
    for (int y = 1; y + 1 < map.box; y++)
        for (int x = 1; x + 1 < map.box; x++) {
            const double dx = x - centre, dy = y - centre, dz = z - centre;
            if (dx * dx + dy * dy + dz * dz > limit || !is_maximum(map, x, y, z)) continue;
            found.push_back(peak_at(map, voxel_A, x, y, z));
        }
    return found;
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

// Atoms of one element are of nearly one height; maxima of noise spread evenly from the strongest down, so
// that a wide gap among them is an accident of few peaks. Over band-limited noise (widths 0.2 to 0.6 A, radii
// 5 to 11 A) the spread from the 10th to the 90th hundredth was never below 0.46 of the median; and where
// there were 60 peaks or more, no gap above 0.05 had a fifth as many peaks below it as above.
bool looks_like_atoms(std::span<const double> heights, std::size_t below, double gap) {
    const std::size_t count = heights.size();
    const double spread = (heights[count / 10] - heights[count * 9 / 10]) / heights[count / 2];
    const bool one_height = spread < 0.42 && gap >= 0.08;
    const bool two_populations = count + below >= 60 && 5 * below >= count && gap >= 0.12;
    return one_height || two_populations;
}

}  // namespace

std::vector<Peak> find_peaks(const Volume& map, double radius_A, double min_distance_A, ThreadPool& pool) {
    const VolumeView view = map.view();
    std::vector<std::vector<Peak>> planes(static_cast<std::size_t>(std::max(map.box, 0)));
    pool.each(std::max(map.box - 2, 0), [&](std::int64_t i, int) {
        planes[static_cast<std::size_t>(i + 1)] =
            maxima_of_plane(view, map.voxel_A, radius_A, static_cast<int>(i + 1));
    });
    std::vector<Peak> all;
    for (const auto& plane : planes) all.insert(all.end(), plane.begin(), plane.end());
    std::stable_sort(all.begin(), all.end(),
                     [](const Peak& a, const Peak& b) { return a.height > b.height; });

    std::vector<Peak> kept;
    CellList taken(std::max(min_distance_A, map.voxel_A));
    for (const Peak& peak : all) {
        bool near = false;
        taken.for_near(peak.position_A, [&](int other) {
            near |=
                length(kept[static_cast<std::size_t>(other)].position_A - peak.position_A) < min_distance_A;
        });
        if (near) continue;
        taken.insert(peak.position_A, static_cast<int>(kept.size()));
        kept.push_back(peak);
    }
    return kept;
}

PeakSelection select_atoms(const std::vector<Peak>& peaks) {
    // The strongest 30 set the scale: few enough for a particle of 50 atoms,
    // and atoms of one element are of nearly one height, so the strongest stand for all.
    constexpr std::size_t strongest = 30;
    PeakSelection selection;
    std::vector<double> heights;
    for (const Peak& peak : peaks)
        if (peak.height > 0) heights.push_back(peak.height);
    if (heights.size() < 4) return selection;
    const std::size_t head = std::min(strongest, heights.size() / 2);
    const double scale = median(
        {heights.begin(), heights.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(head, 2))});

    double widest = 0;
    std::size_t atoms = 0;
    for (std::size_t i = 0; i < heights.size(); i++) {
        const double above = std::min(heights[i], 0.7 * scale);
        const double below = std::max(i + 1 < heights.size() ? heights[i + 1] : 0.0, 0.2 * scale);
        if (above - below <= widest) continue;
        widest = above - below;
        atoms = i + 1;
    }
    if (atoms == 0) return selection;
    selection.noise_height = atoms < heights.size() ? heights[atoms] : 0;
    selection.threshold = 0.5 * (heights[atoms - 1] + selection.noise_height);
    const double typical = median({heights.begin(), heights.begin() + static_cast<std::ptrdiff_t>(atoms)});
    selection.gap = (heights[atoms - 1] - selection.noise_height) / typical;
    if (looks_like_atoms({heights.data(), atoms}, heights.size() - atoms, selection.gap))
        selection.atoms = atoms;
    return selection;
}

}  // namespace tumble
