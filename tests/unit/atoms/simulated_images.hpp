#pragma once
// Images of a particle by direct summation in double precision, with noise: the oracle of the refinement's
// tests.
#include <complex>

#include "pose/prepared_images.hpp"
#include "simulated_particle.hpp"

namespace tumble {

inline Mat3 random_rotation(RandomStream& random) {
    const Vec3 axis{random.normal(), random.normal(), random.normal()};
    const Mat3 first = rotation_about(axis, 6.283185307179586 * random.uniform());
    const Vec3 other{random.normal(), random.normal(), random.normal()};
    return rotation_about(other, 6.283185307179586 * random.uniform()) * first;
}

struct SimulatedImages {
    PreparedImages images;
    std::vector<Pose> poses;
    std::vector<float> weights;
};

/// Contrast transfer sin(3.886 k^2 - 1.797 k^4) times a Gaussian of 0.3 A, as the images of the reference
/// data.
inline double projected_profile(double k) {
    const double blur = 2 * std::numbers::pi * 0.3 * k;
    return std::sin(3.886 * k * k - 1.797 * k * k * k * k) * std::exp(-0.5 * blur * blur);
}

/// Adds noise of the power that the weights say.
inline SimulatedImages with_noise(SimulatedImages clean, std::uint64_t seed) {
    PreparedImages& p = clean.images;
    for (std::int64_t i = 0; i < p.images; i++) {
        RandomStream random(seed, static_cast<std::uint32_t>(i), RandomPurpose::noise);
        for (std::size_t q = 0; q < p.points.size(); q++) {
            const double deviation = std::sqrt(0.5 / static_cast<double>(p.weight[q]));
            p.values[static_cast<std::size_t>(i) * p.points.size() + q] +=
                Complexf(static_cast<float>(deviation * random.normal()),
                         static_cast<float>(deviation * random.normal()));
        }
    }
    return clean;
}

/// Images without noise, with the weights of noise of standard deviation `noise` a pixel; `coloured` gives it
/// the power 1 + 0.6 exp(-((k - 0.4)/0.15)^2). No mask.
inline SimulatedImages clean_images(const std::vector<Vec3>& atoms, int count, int box, double strength,
                                    double noise, bool coloured, std::uint64_t seed) {
    SimulatedImages out;
    PreparedImages& p = out.images;
    p.images = count;
    p.box = box;
    p.pixel_size_A = 0.4;
    const double spacing = 1 / (box * p.pixel_size_A);
    for (int ky = 0; ky < box / 2; ky++)
        for (int kx = -box / 2 + 1; kx < box / 2; kx++) {
            const double k = std::hypot(kx, ky);
            if ((ky == 0 && kx <= 0) || k * spacing > 1.1) continue;
            p.points.push_back({static_cast<float>(kx) / static_cast<float>(box),
                                static_cast<float>(ky) / static_cast<float>(box)});
            p.shell.push_back(static_cast<int>(std::lround(k)));
            const double rise = (k * spacing - 0.4) / 0.15,
                         power = coloured ? 1 + 0.6 * std::exp(-rise * rise) : 1;
            p.weight.push_back(static_cast<float>(1 / (noise * noise * power * box * box)));
        }
    for (int i = 0; i < count; i++) {
        RandomStream view(seed, static_cast<std::uint32_t>(i), RandomPurpose::structure);
        const Pose pose{random_rotation(view), {0.4 * view.normal(), 0.4 * view.normal()}};
        out.poses.push_back(pose);
        out.weights.push_back(1);
        std::vector<Vec3> lab;
        for (const Vec3& atom : atoms) lab.push_back(pose.rotation * atom);
        for (std::size_t q = 0; q < p.points.size(); q++) {
            const double x = p.points[q].x / p.pixel_size_A, y = p.points[q].y / p.pixel_size_A;
            std::complex<double> sum = 0;
            for (const Vec3& r : lab)
                sum += std::polar(
                    1.0, -2 * std::numbers::pi * (x * (r.x + pose.shift_A.x) + y * (r.y + pose.shift_A.y)));
            sum *= strength * projected_profile(std::hypot(x, y));
            p.values.emplace_back(static_cast<float>(sum.real()), static_cast<float>(sum.imag()));
        }
    }
    return out;
}

inline SimulatedImages simulate_images(const std::vector<Vec3>& atoms, int count, int box, double strength,
                                       double noise, bool coloured, std::uint64_t seed) {
    return with_noise(clean_images(atoms, count, box, strength, noise, coloured, seed), seed);
}

}  // namespace tumble
