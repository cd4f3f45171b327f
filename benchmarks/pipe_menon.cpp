#include "benchmarks/pipe_menon.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "fourier/central_slice.hpp"
#include "fourier/insertion.hpp"

namespace tumble::benchmark {

namespace {

// Samples with weights of their own, as complex values under unit weights.
SliceSamples with_values(const SliceSamples& samples, const std::vector<Complexf>& values,
                         const std::vector<float>& ones) {
    SliceSamples out = samples;
    out.values = values.data();
    out.point_weights = ones;
    return out;
}

// Density of the weights at the samples themselves: convolution with the kernel's transform.
std::vector<Complexf> density(const SliceSamples& weights, const Volume& kernel, ThreadPool& pool) {
    InsertionGrid grid = insertion_grid(padded_side(kernel.box, 1.333), 2, default_window());
    insert_samples(grid, weights, pool);
    Volume spread(kernel.box, 1);
    spread.values = gridded_to_map(grid, kernel.box, pool);
    for (std::size_t i = 0; i < spread.values.size(); i++) spread.values[i] *= kernel.values[i];
    std::vector<Complexf> out(weights.rotations.size() * weights.points.size());
    sample_slices(padded_transform(spread.view(), default_window(), 1.333, pool), weights.rotations,
                  weights.points, out.data(), pool);
    return out;
}

}  // namespace

Volume gridding_kernel(int box, int support) {
    constexpr double width = 4, pi = std::numbers::pi;
    const double padding = static_cast<double>(box) / support;
    const double beta =
        pi * std::sqrt(width * width / (padding * padding) * (padding - 0.5) * (padding - 0.5) - 0.8);
    std::vector<double> profile;
    for (int x = -box / 2; x < box - box / 2; x++) {
        const double q = pi * width * x / box, square = beta * beta - q * q,
                     root = std::sqrt(std::abs(square));
        profile.push_back((square > 0 ? std::sinh(root) : std::sin(root)) / root / (std::sinh(beta) / beta));
    }
    Volume out(box, 1);
    for (int z = 0; z < box; z++)
        for (int y = 0; y < box; y++)
            for (int x = 0; x < box; x++)
                out.at(x, y, z) = static_cast<float>(profile[static_cast<std::size_t>(x)] *
                                                     profile[static_cast<std::size_t>(y)] *
                                                     profile[static_cast<std::size_t>(z)]);
    return out;
}

Volume overlap_kernel(double radius) {
    const int box = 8 * static_cast<int>(std::ceil(radius / 2));
    Volume out(box, 1);
    for (int z = 0; z < box; z++)
        for (int y = 0; y < box; y++)
            for (int x = 0; x < box; x++) {
                const double r =
                    std::min(1.0, std::hypot(x - box / 2, y - box / 2, z - box / 2) / (2 * radius));
                out.at(x, y, z) = static_cast<float>((1 - r) * (1 - r) * (1 + r / 2));
            }
    return out;
}

Volume pipe_menon_map(const SliceSamples& samples, int box, const Volume& kernel, int steps,
                      ThreadPool& pool) {
    const std::vector<float> ones(samples.points.size(), 1.0f);
    std::vector<Complexf> weights(samples.rotations.size() * samples.points.size(), Complexf(1, 0));
    for (int step = 0; step < steps; step++) {
        const std::vector<Complexf> there = density(with_values(samples, weights, ones), kernel, pool);
        for (std::size_t i = 0; i < weights.size(); i++)
            weights[i] = {weights[i].real() / std::max(there[i].real(), 1e-12f), 0};
    }
    for (std::size_t i = 0; i < weights.size(); i++) weights[i] *= samples.values[i];
    InsertionGrid grid = insertion_grid(padded_side(box, 1.333), 2, default_window());
    insert_samples(grid, with_values(samples, weights, ones), pool);
    Volume map(box, 0);
    map.values = gridded_to_map(grid, box, pool);
    return map;
}

}  // namespace tumble::benchmark
