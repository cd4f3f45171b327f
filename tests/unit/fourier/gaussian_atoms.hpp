#pragma once
// Simulated truth of the Fourier tests: identical Gaussian atoms, their map and their exact transform.
#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include "core/random.hpp"
#include "core/small_vectors.hpp"
#include "tumble/arrays.hpp"

namespace tumble::test {

/// Random rotation from a stream (uniform quaternion).
inline Mat3 random_rotation(RandomStream& random) {
    double q[4], norm = 0;
    for (double& v : q) {
        v = random.normal();
        norm += v * v;
    }
    for (double& v : q) v /= std::sqrt(norm);
    const double w = q[0], x = q[1], y = q[2], z = q[3];
    return {{1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w), 2 * (x * y + z * w),
             1 - 2 * (x * x + z * z), 2 * (y * z - x * w), 2 * (x * z - y * w), 2 * (y * z + x * w),
             1 - 2 * (x * x + y * y)}};
}

/// Atoms of weight 1 and standard deviation `sigma`, in voxels from the origin.
struct GaussianAtoms {
    std::vector<Vec3> positions;
    double sigma = 1.3;

    /// Transform at k (cycles per voxel).
    std::complex<double> transform(Vec3 k) const {
        std::complex<double> sum = 0;
        for (const Vec3& r : positions) sum += std::polar(1.0, -2 * std::numbers::pi * dot(k, r));
        return sum * std::exp(-2 * std::numbers::pi * std::numbers::pi * sigma * sigma * dot(k, k));
    }
    Volume map(int box) const {
        Volume out(box, 1);
        const double peak = std::pow(2 * std::numbers::pi * sigma * sigma, -1.5);
        const int reach = static_cast<int>(std::ceil(6 * sigma));
        for (const Vec3& r : positions) {
            const int cx = static_cast<int>(std::lround(r.x)) + box / 2,
                      cy = static_cast<int>(std::lround(r.y)) + box / 2,
                      cz = static_cast<int>(std::lround(r.z)) + box / 2;
            for (int z = std::max(0, cz - reach); z <= std::min(box - 1, cz + reach); z++)
                for (int y = std::max(0, cy - reach); y <= std::min(box - 1, cy + reach); y++)
                    for (int x = std::max(0, cx - reach); x <= std::min(box - 1, cx + reach); x++) {
                        const Vec3 d = Vec3{x - box / 2.0, y - box / 2.0, z - box / 2.0} - r +
                                       (box % 2 == 1 ? Vec3{0.5, 0.5, 0.5} : Vec3{});
                        out.at(x, y, z) +=
                            static_cast<float>(peak * std::exp(-dot(d, d) / (2 * sigma * sigma)));
                    }
        }
        return out;
    }
};

/// `count` atoms spread evenly in a ball of `radius` voxels.
inline GaussianAtoms ball_of_atoms(int count, double radius, std::uint64_t seed) {
    GaussianAtoms atoms;
    RandomStream random(seed, 0, RandomPurpose::test);
    while (static_cast<int>(atoms.positions.size()) < count) {
        const Vec3 r{radius * (2 * random.uniform() - 1), radius * (2 * random.uniform() - 1),
                     radius * (2 * random.uniform() - 1)};
        if (length(r) <= radius) atoms.positions.push_back(r);
    }
    return atoms;
}

/// Half plane of a Cartesian grid, |k| <= limit cycles per pixel, without the origin.
inline std::vector<FrequencyPoint> half_plane(int box, double limit) {
    std::vector<FrequencyPoint> points;
    for (int y = 0; y <= box / 2; y++)
        for (int x = -box / 2; x <= box / 2; x++) {
            if (y == 0 && x <= 0) continue;
            if (std::hypot(x, y) <= limit * box + 1e-9)
                points.push_back({static_cast<float>(x) / static_cast<float>(box),
                                  static_cast<float>(y) / static_cast<float>(box)});
        }
    return points;
}

/// Frequency in space of a plane point at orientation R: R^T (x, y, 0).
inline Vec3 in_space(const Mat3& rotation, FrequencyPoint p) {
    return transpose(rotation) * Vec3{p.x, p.y, 0};
}

}  // namespace tumble::test
