#pragma once
// Slices of one particle and noisy images of it, as the search sees them.
#include "core/random.hpp"
#include "gaussian_particle.hpp"
#include "pose/orientation_grid.hpp"
#include "pose/score.hpp"

namespace tumble::testing {

struct SearchCase {
    PolarGrid grid;
    std::vector<float> weights;
    std::vector<Mat3> bases;
    std::vector<Complexf> slices, images;
    double radius_px = 12;

    SearchCase(int angles, int directions, int image_count) {
        const int box = angles == 64 ? 48 : 64;
        for (int r = 4; r <= (angles == 64 ? 20 : 28); r++)
            grid.rings.push_back(static_cast<double>(r) / box);
        grid.angles = angles;
        for (double k : grid.rings) weights.push_back(static_cast<float>(k * (1 + 0.3 * std::sin(20 * k))));
        const auto particle = random_particle(15, radius_px - 4, 11);
        bases = half_sphere_directions(directions, 5);
        for (const auto& base : bases) append(slices, polar_slice(particle, grid, base));
        RandomStream noise(3, 0, RandomPurpose::test);
        for (int i = 0; i < image_count; i++) {
            auto view = polar_slice(
                particle, grid,
                pair_rotation(bases[static_cast<std::size_t>(7 * i % directions)], i % 3 == 1, 0.3 * i));
            for (auto& v : view) v += std::complex<double>(noise.normal(), noise.normal()) * 0.3;
            append(images, view);
        }
    }
    DirectionPanel directions(const AngularBasis& basis, ThreadPool& pool) const {
        return pack_directions(grid, basis, weights, slices, pool);
    }
    /// Every image once, unshifted.
    RowPanel rows(const AngularBasis& basis, ThreadPool& pool) const {
        std::vector<std::int64_t> index(image_count());
        for (std::size_t i = 0; i < index.size(); i++) index[i] = static_cast<std::int64_t>(i);
        return pack_rows(grid, basis, weights, images, index, std::vector<Vec2>(index.size()), pool);
    }
    std::size_t samples() const { return grid.rings.size() * static_cast<std::size_t>(grid.half()); }
    std::size_t image_count() const { return images.size() / samples(); }
};

}  // namespace tumble::testing
