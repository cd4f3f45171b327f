#include "benchmarks/fourier_pipe_menon.hpp"

#include <algorithm>
#include <cmath>

#include "fourier/central_slice.hpp"
#include "fourier/insertion.hpp"

namespace tumble {

namespace {

// Samples with weights of their own, as complex values under unit weights.
SliceSamples with_values(const SliceSamples& samples, const std::vector<Complexf>& values,
                         const std::vector<float>& ones) {
    SliceSamples out = samples;
    out.values = values.data();
    out.point_weights = ones;
    return out;
}

// Density of the weights at the samples themselves: convolution with the kernel of the support's
// self-overlap.
std::vector<Complexf> density(const SliceSamples& weights, double support, ThreadPool& pool) {
    const int box =
        4 * static_cast<int>(std::ceil(support / 2)) * 2;  // holds the self-overlap, of radius 2 support
    InsertionGrid grid = insertion_grid(padded_side(box, 1.333), 2, default_window());
    insert_samples(grid, weights, pool);
    Volume spread(box, 1);
    spread.values = gridded_to_map(grid, box, pool);
    for (int z = 0; z < box; z++)
        for (int y = 0; y < box; y++)
            for (int x = 0; x < box; x++) {
                const double r =
                    std::min(1.0, std::hypot(x - box / 2, y - box / 2, z - box / 2) / (2 * support));
                spread.at(x, y, z) *=
                    static_cast<float>((1 - r) * (1 - r) * (1 + r / 2));  // two balls r apart
            }
    std::vector<Complexf> out(weights.rotations.size() * weights.points.size());
    sample_slices(padded_transform(spread.view(), default_window(), 1.333, pool), weights.rotations,
                  weights.points, out.data(), pool);
    return out;
}

}  // namespace

Volume pipe_menon_map(const SliceSamples& samples, int box, double support, int steps, ThreadPool& pool) {
    const std::vector<float> ones(samples.points.size(), 1.0f);
    std::vector<Complexf> weights(samples.rotations.size() * samples.points.size(), Complexf(1, 0));
    for (int step = 0; step < steps; step++) {
        const std::vector<Complexf> there = density(with_values(samples, weights, ones), support, pool);
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

}  // namespace tumble
