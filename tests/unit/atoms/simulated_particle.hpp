#pragma once
// Particles and profiles for the tests of this room.
#include <cmath>
#include <numbers>
#include <vector>

#include "core/random.hpp"
#include "tumble/geometry.hpp"

namespace tumble {

/// `count` points in a sphere of `radius` (A), no two closer than `spacing`, by rejection.
inline std::vector<Vec3> random_particle(int count, double radius, double spacing, std::uint64_t seed) {
    RandomStream random(seed, 0, RandomPurpose::test);
    std::vector<Vec3> points;
    while (static_cast<int>(points.size()) < count) {
        const Vec3 p{radius * (2 * random.uniform() - 1), radius * (2 * random.uniform() - 1),
                     radius * (2 * random.uniform() - 1)};
        bool good = length(p) < radius;
        for (const Vec3& q : points) good = good && length(p - q) > spacing;
        if (good) points.push_back(p);
    }
    return points;
}

/// Transform of a Gaussian of unit integral at the frequencies of the shells of a box.
inline std::vector<double> gaussian_shells(int box, double voxel, double sigma) {
    std::vector<double> shells(static_cast<std::size_t>(box / 2 + 1));
    for (std::size_t s = 0; s < shells.size(); s++) {
        const double phase = 2 * std::numbers::pi * static_cast<double>(s) / (box * voxel) * sigma;
        shells[s] = std::exp(-0.5 * phase * phase);
    }
    return shells;
}

}  // namespace tumble
