#include "map/mask.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <vector>

#include "fourier/filters.hpp"
#include "map/distance_transform.hpp"
#include "tumble/error.hpp"

namespace tumble {

namespace {

constexpr std::size_t bins = 512;

Volume local_rms(const Volume& map, double sigma_A, ThreadPool& pool) {
    double mean = 0;
    for (const float v : map.values) mean += v;
    mean /= static_cast<double>(map.values.size());
    Volume square = map;
    for (float& v : square.values) v = (v - static_cast<float>(mean)) * (v - static_cast<float>(mean));
    // A Gaussian window of standard deviation sigma is a B factor of 8 pi^2 sigma^2.
    Volume out = b_factored(square, 8 * std::numbers::pi * std::numbers::pi * sigma_A * sigma_A, pool);
    for (float& v : out.values) v = std::sqrt(std::max(v, 0.0f));
    return out;
}

// Otsu's threshold: the cut of the histogram that maximises the variance between its two sides.
float otsu_threshold(const std::vector<float>& values) {
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    if (!(*high > *low)) throw Error(ErrorKind::unsupported, "No mask can be found: the map is constant.");
    const double width = (static_cast<double>(*high) - *low) / bins;
    std::vector<double> count(bins, 0.0);
    for (const float v : values)
        count[std::min(bins - 1, static_cast<std::size_t>((static_cast<double>(v) - *low) / width))]++;
    double total = 0, total_moment = 0, below = 0, below_moment = 0, best = -1;
    for (std::size_t i = 0; i < bins; i++) {
        total += count[i];
        total_moment += count[i] * static_cast<double>(i);
    }
    std::size_t cut = 0;
    for (std::size_t i = 0; i + 1 < bins; i++) {
        below += count[i];
        below_moment += count[i] * static_cast<double>(i);
        const double above = total - below;
        if (below == 0 || above == 0) continue;
        const double gap = below_moment / below - (total_moment - below_moment) / above;
        const double between = below * above * gap * gap;
        if (between > best) {
            best = between;
            cut = i;
        }
    }
    return static_cast<float>(*low + width * static_cast<double>(cut + 1));
}

/// Flood fill over faces: marks with `label` all voxels joined to `seed` that hold the seed's own mark;
/// returns how many.
std::size_t flood(std::vector<std::int32_t>& marks, int box, std::size_t seed, std::int32_t label) {
    const std::int32_t from = marks[seed];
    const auto n = static_cast<std::size_t>(box);
    std::vector<std::size_t> stack{seed};
    marks[seed] = label;
    std::size_t count = 0;
    while (!stack.empty()) {
        const std::size_t i = stack.back();
        stack.pop_back();
        count++;
        const auto visit = [&](std::size_t j) {
            if (marks[j] != from) return;
            marks[j] = label;
            stack.push_back(j);
        };
        const std::size_t x = i % n, y = i / n % n, z = i / n / n;
        if (x > 0) visit(i - 1);
        if (x + 1 < n) visit(i + 1);
        if (y > 0) visit(i - n);
        if (y + 1 < n) visit(i + n);
        if (z > 0) visit(i - n * n);
        if (z + 1 < n) visit(i + n * n);
    }
    return count;
}

// The largest connected part of what lies above the threshold, its holes filled.
std::vector<bool> largest_part(const Volume& rms, float threshold) {
    constexpr std::int32_t below = 0, above = 1, first_label = 2;
    std::vector<std::int32_t> marks(rms.values.size());
    for (std::size_t i = 0; i < marks.size(); i++) marks[i] = rms.values[i] > threshold ? above : below;
    std::int32_t next = first_label, largest = 0;
    std::size_t size = 0;
    for (std::size_t i = 0; i < marks.size(); i++) {
        if (marks[i] != above) continue;
        const std::size_t count = flood(marks, rms.box, i, next);
        if (count > size) {
            size = count;
            largest = next;
        }
        next++;
    }
    if (2 * size > marks.size())
        throw Error(ErrorKind::unsupported, "No mask can be found: nothing stands out of the map.");
    // Outside is what the box's faces reach without crossing the part.
    for (auto& m : marks) m = m == largest ? above : below;
    const int n = rms.box;
    const VolumeView view = rms.view();
    for (int a = 0; a < n; a++)
        for (int b = 0; b < n; b++)
            for (const int face : {0, n - 1})
                for (const std::size_t i :
                     {view.index(face, a, b), view.index(a, face, b), view.index(a, b, face)})
                    if (marks[i] == below) flood(marks, n, i, first_label);
    std::vector<bool> inside(marks.size());
    for (std::size_t i = 0; i < marks.size(); i++) inside[i] = marks[i] != first_label;
    return inside;
}

float soft_edge(double distance, double flat, double edge) {
    if (distance <= flat) return 1;
    if (distance >= flat + edge) return 0;
    return static_cast<float>(0.5 + 0.5 * std::cos(std::numbers::pi * (distance - flat) / edge));
}

}  // namespace

Volume find_mask(const Volume& map, const MaskOptions& options, ThreadPool& pool) {
    if (!(map.voxel_A > 0))
        throw bad_input("A map's voxel size is not known; it is needed to find its mask.");
    const Volume rms = local_rms(map, options.window_A, pool);
    const std::vector<float> squared =
        squared_distances(largest_part(rms, otsu_threshold(rms.values)), map.box, pool);
    Volume mask(map.box, map.voxel_A);
    for (std::size_t i = 0; i < squared.size(); i++)
        mask.values[i] = soft_edge(std::sqrt(static_cast<double>(squared[i])) * map.voxel_A,
                                   options.dilation_A, options.edge_A);
    return mask;
}

Volume spherical_mask(int box, double voxel_A, double radius_A, double edge_A) {
    Volume mask(box, voxel_A);
    for (int z = 0; z < box; z++)
        for (int y = 0; y < box; y++)
            for (int x = 0; x < box; x++)
                mask.at(x, y, z) =
                    soft_edge(voxel_A * std::hypot(x - box / 2, y - box / 2, z - box / 2), radius_A, edge_A);
    return mask;
}

}  // namespace tumble
