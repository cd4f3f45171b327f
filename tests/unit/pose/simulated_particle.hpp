#pragma once
// A small particle of Gaussian atoms and its images by direct evaluation, for tests of the pose room.
#include <cmath>
#include <vector>

#include "core/random.hpp"
#include "tumble/arrays.hpp"
#include "tumble/geometry.hpp"

namespace tumble::test {

struct SimulatedParticle {
    std::vector<Vec3> atoms_A;
    double width_A = 0.5;
};

/// Ball of an fcc lattice (a = 3.99 A) about a point that is no symmetric site, each atom displaced at random.
inline SimulatedParticle fcc_ball(double radius_A, double displacement_A, std::uint64_t seed) {
    SimulatedParticle particle;
    RandomStream random(seed, 0, RandomPurpose::test);
    const double half = 3.99 / 2;
    for (int i = -12; i <= 12; i++)
        for (int j = -12; j <= 12; j++)
            for (int k = -12; k <= 12; k++) {
                if ((i + j + k) % 2 != 0) continue;
                const Vec3 p{half * i + 0.4, half * j - 0.3, half * k + 0.2};
                if (length(p) > radius_A) continue;
                particle.atoms_A.push_back(p + displacement_A * Vec3{random.normal(), random.normal(), random.normal()});
            }
    return particle;
}

inline Mat3 random_rotation(RandomStream& random) {
    const double w = random.normal(), x = random.normal(), y = random.normal(), z = random.normal();
    const double n = std::sqrt(w * w + x * x + y * y + z * z), a = w / n, b = x / n, c = y / n, d = z / n;
    return {{1 - 2 * (c * c + d * d), 2 * (b * c - d * a), 2 * (b * d + c * a), 2 * (b * c + d * a), 1 - 2 * (b * b + d * d),
             2 * (c * d - b * a), 2 * (b * d - c * a), 2 * (c * d + b * a), 1 - 2 * (b * b + c * c)}};
}

/// Adds the projection at `pose` to an image of `box` pixels: peak 1 an atom.
inline void add_projection(const SimulatedParticle& particle, const Pose& pose, int box, double pixel_A, float* image) {
    for (const Vec3 a : particle.atoms_A) {
        const Vec3 r = pose.rotation * a;
        const double cx = (r.x + pose.shift_A.x) / pixel_A + box / 2, cy = (r.y + pose.shift_A.y) / pixel_A + box / 2;
        const double s = particle.width_A / pixel_A;
        for (int y = std::max(0, static_cast<int>(cy - 5 * s)); y <= std::min(box - 1, static_cast<int>(cy + 5 * s)); y++)
            for (int x = std::max(0, static_cast<int>(cx - 5 * s)); x <= std::min(box - 1, static_cast<int>(cx + 5 * s)); x++)
                image[y * box + x] += static_cast<float>(std::exp(-((x - cx) * (x - cx) + (y - cy) * (y - cy)) / (2 * s * s)));
    }
}

/// The particle as a map whose projections are add_projection's images.
inline Volume particle_map(const SimulatedParticle& particle, int box, double voxel_A) {
    Volume map(box, voxel_A);
    const double s = particle.width_A / voxel_A, depth = 1 / (s * std::sqrt(2 * 3.14159265358979));
    for (const Vec3 a : particle.atoms_A)
        for (int z = 0; z < box; z++)
            for (int y = 0; y < box; y++)
                for (int x = 0; x < box; x++) {
                    const double dx = x - box / 2 - a.x / voxel_A, dy = y - box / 2 - a.y / voxel_A, dz = z - box / 2 - a.z / voxel_A;
                    const double r2 = dx * dx + dy * dy + dz * dz;
                    if (r2 < 25 * s * s) map.at(x, y, z) += static_cast<float>(depth * std::exp(-r2 / (2 * s * s)));
                }
    return map;
}

struct SimulatedStack {
    ImageStack stack;
    std::vector<Pose> poses;
};
/// Images at random poses with white noise of standard deviation `noise`.
inline SimulatedStack simulated_stack(const SimulatedParticle& particle, int images, int box, double pixel_A, double noise,
                                      double shift_A, std::uint64_t seed) {
    SimulatedStack out;
    out.stack = {images, box, box, pixel_A, std::vector<float>(static_cast<std::size_t>(images) * box * box)};
    for (int i = 0; i < images; i++) {
        RandomStream random(seed, static_cast<std::uint32_t>(i), RandomPurpose::test);
        Pose pose{random_rotation(random), {shift_A * random.normal(), shift_A * random.normal()}};
        float* image = out.stack.values.data() + static_cast<std::size_t>(i) * box * box;
        add_projection(particle, pose, box, pixel_A, image);
        for (int p = 0; p < box * box; p++) image[p] += static_cast<float>(noise * random.normal());
        out.poses.push_back(pose);
    }
    return out;
}

}  // namespace tumble::test
