#pragma once
// A small asymmetric particle, noisy images of it summed atom by atom in real space, and its map.
#include <cmath>
#include <numbers>
#include <vector>

#include "core/random.hpp"
#include "tumble/arrays.hpp"
#include "tumble/geometry.hpp"

namespace tumble::testing {

inline constexpr double atom_sigma_A = 0.55;

/// `count` points in a ball of `radius_A`, no two closer than `spacing_A`, by rejection: alike under no
/// rotation.
inline std::vector<Vec3> asymmetric_particle(int count, double radius_A, double spacing_A,
                                             std::uint64_t seed) {
    RandomStream random(seed, 0, RandomPurpose::structure);
    std::vector<Vec3> atoms;
    while (static_cast<int>(atoms.size()) < count) {
        const Vec3 a{radius_A * (2 * random.uniform() - 1), radius_A * (2 * random.uniform() - 1),
                     radius_A * (2 * random.uniform() - 1)};
        bool good = length(a) < radius_A;
        for (const Vec3& b : atoms) good = good && length(a - b) > spacing_A;
        if (good) atoms.push_back(a);
    }
    return atoms;
}

struct SimulatedStack {
    ImageStack stack;
    std::vector<Pose> poses;
};

/// Every atom a Gaussian of unit height on white noise of standard deviation `noise`, at random poses.
inline SimulatedStack simulated_stack(const std::vector<Vec3>& atoms, int images, int box, double pixel_A,
                                      double noise, std::uint64_t seed) {
    SimulatedStack out;
    out.stack = {images, box, box, pixel_A, {}};
    for (int i = 0; i < images; i++) {
        RandomStream random(seed, static_cast<std::uint32_t>(i), RandomPurpose::noise);
        const double turn = 2 * std::numbers::pi;
        const Vec3 axis{random.normal(), random.normal(), random.normal()};
        const Mat3 first = rotation_about(axis, turn * random.uniform());
        const Vec3 other{random.normal(), random.normal(), random.normal()};
        const Pose pose{rotation_about(other, turn * random.uniform()) * first,
                        {0.2 * random.normal(), 0.2 * random.normal()}};
        out.poses.push_back(pose);
        for (int y = 0; y < box; y++)
            for (int x = 0; x < box; x++) {
                double value = noise * random.normal();
                for (const Vec3& atom : atoms) {
                    const Vec3 r = pose.rotation * atom;
                    const double dx = (x - box / 2) * pixel_A - r.x - pose.shift_A.x,
                                 dy = (y - box / 2) * pixel_A - r.y - pose.shift_A.y;
                    value += std::exp(-(dx * dx + dy * dy) / (2 * atom_sigma_A * atom_sigma_A));
                }
                out.stack.values.push_back(static_cast<float>(value));
            }
    }
    return out;
}

inline Volume atoms_as_gaussians(const std::vector<Vec3>& atoms, int box, double voxel_A) {
    Volume map(box, voxel_A);
    for (int z = 0; z < box; z++)
        for (int y = 0; y < box; y++)
            for (int x = 0; x < box; x++) {
                const Vec3 here{(x - box / 2) * voxel_A, (y - box / 2) * voxel_A, (z - box / 2) * voxel_A};
                double value = 0;
                for (const Vec3& atom : atoms) {
                    const Vec3 d = here - atom;
                    if (dot(d, d) < 9) value += std::exp(-dot(d, d) / (2 * atom_sigma_A * atom_sigma_A));
                }
                map.at(x, y, z) = static_cast<float>(value);
            }
    return map;
}

}  // namespace tumble::testing
