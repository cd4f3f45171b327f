#pragma once
// An asymmetric test particle of Gaussian atoms, its slices and images by direct summation in double
// precision.
#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include "core/random.hpp"
#include "core/small_vectors.hpp"
#include "pose/polar_transform.hpp"

namespace tumble::testing {

struct GaussianParticle {
    std::vector<Vec3> atoms_px;
    double width_px = 1.2;  ///< Gaussian sigma of every atom
};

/// `count` atoms at random within a ball, no two alike under any rotation.
inline GaussianParticle random_particle(int count, double radius_px, std::uint64_t seed) {
    RandomStream random(seed, 0, RandomPurpose::test);
    GaussianParticle out;
    while (static_cast<int>(out.atoms_px.size()) < count) {
        const Vec3 a{random.uniform() * 2 - 1, random.uniform() * 2 - 1, random.uniform() * 2 - 1};
        if (length(a) < 1) out.atoms_px.push_back(radius_px * a);
    }
    return out;
}

/// Fourier transform at the image frequency (kx, ky), cycles per pixel, of the particle in pose (rotation,
/// shift_px): sum over atoms of exp(-2 pi^2 k^2 sigma^2) exp(-2 pi i k . (R r + t)).
inline std::complex<double> fourier_sample(const GaussianParticle& p, const Mat3& rotation, Vec2 shift_px,
                                           double kx, double ky) {
    const double pi = std::numbers::pi,
                 envelope = std::exp(-2 * pi * pi * (kx * kx + ky * ky) * p.width_px * p.width_px);
    std::complex<double> sum = 0;
    for (Vec3 atom : p.atoms_px) {
        const Vec3 r = rotation * atom;
        sum += std::polar(envelope, -2 * pi * (kx * (r.x + shift_px.x) + ky * (r.y + shift_px.y)));
    }
    return sum;
}

/// Samples on the rings and the half circle, [ring][half angle].
inline std::vector<std::complex<double>> polar_slice(const GaussianParticle& p, const PolarGrid& grid,
                                                     const Mat3& rotation, Vec2 shift_px = {}) {
    std::vector<std::complex<double>> out;
    for (double k : grid.rings)
        for (int j = 0; j < grid.half(); j++) {
            const double phi = 2 * std::numbers::pi * j / grid.angles;
            out.push_back(fourier_sample(p, rotation, shift_px, k * std::cos(phi), k * std::sin(phi)));
        }
    return out;
}

inline void append(std::vector<Complexf>& out, const std::vector<std::complex<double>>& values) {
    for (auto v : values) out.push_back(Complexf(v));
}

}  // namespace tumble::testing
