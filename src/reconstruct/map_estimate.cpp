#include "reconstruct/map_estimate.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>


namespace tumble {
namespace {

constexpr double map_padding = 1.333;
// A crystal's power sits in spots, far above the mean of their shell: the prior is made this much weaker than the mean
// would have it. Held-out scores are flat from 0.08 to 0.2 and fall by a tenth at 1.
constexpr double prior_factor = 0.15;

/// 1 inside the particle's mask radius, cosine edge of 1.5 A outside.
std::vector<float> spherical_mask(int box, double voxel_A, double radius_A) {
    std::vector<float> mask;
    mask.reserve(static_cast<std::size_t>(box) * box * box);
    for (int z = 0; z < box; z++)
        for (int y = 0; y < box; y++)
            for (int x = 0; x < box; x++) {
                const double dx = x - box / 2, dy = y - box / 2, dz = z - box / 2;
                const double r = std::sqrt(dx * dx + dy * dy + dz * dz) * voxel_A;
                mask.push_back(static_cast<float>(0.5 * (1 + std::cos(std::numbers::pi * std::clamp((r - radius_A) / 1.5, 0.0, 1.0)))));
            }
    return mask;
}

}  // namespace

ResidentEquations equations_of(const ResidentImages& images, std::span<const WeightedPose> poses, Band band, Backend& backend) {
    return backend.accumulate(images, poses, band, default_window(), map_padding);
}

Volume solve_map(const ResidentEquations& equations, const PreparedImages& images, double high_per_A, int steps, Backend& backend) {
    const int box = images.box;
    const double radius = images.mask_radius_A / images.pixel_size_A;
    const double support = std::min(1.0, 4.0 / 3 * std::numbers::pi * radius * radius * radius / (static_cast<double>(box) * box * box));
    SolveOptions options;
    options.steps = steps;
    const auto last = std::min<std::size_t>(images.signal_power.size(), static_cast<std::size_t>(high_per_A * images.pixel_size_A * box) + 1);
    const double strongest = *std::max_element(images.signal_power.begin(), images.signal_power.end());
    for (std::size_t s = 0; s < last; s++)
        options.prior.push_back(prior_factor * support / std::max(images.signal_power[s], 1e-4 * strongest + 1e-30));
    options.mask = spherical_mask(box, images.pixel_size_A, images.mask_radius_A);
    Volume map = backend.solve(equations, options);
    map.voxel_A = images.pixel_size_A;
    return map;
}

ResidentTransform scoring_transform(const Volume& map, Backend& backend) {
    return backend.transform(map.view(), default_window(), map_padding);
}

}  // namespace tumble
