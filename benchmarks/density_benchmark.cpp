#include "benchmarks/density_benchmark.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "benchmarks/pipe_menon.hpp"
#include "benchmarks/search_scene.hpp"
#include "benchmarks/views.hpp"
#include "core/random.hpp"
#include "fourier/central_slice.hpp"
#include "fourier/half_spectrum.hpp"

namespace tumble::benchmark {
namespace {

constexpr int support = 72, image = 96, slices = 300, steps = 10;
constexpr double mask_radius = 34;

std::vector<float> ball_mask() {
    std::vector<float> mask;
    for (int z = 0; z < support; z++)
        for (int y = 0; y < support; y++)
            for (int x = 0; x < support; x++)
                mask.push_back(std::hypot(x - support / 2, y - support / 2, z - support / 2) < mask_radius
                                   ? 1.0f
                                   : 0.0f);
    return mask;
}

// Gaussian atoms of one voxel's standard deviation, inside the mask.
Volume atom_map(const std::vector<float>& mask) {
    Volume map(support, 1);
    constexpr int reach = 6;
    for (const Vec3 atom : scene_atoms(1)) {
        const int cx = static_cast<int>(std::lround(atom.x)), cy = static_cast<int>(std::lround(atom.y)),
                  cz = static_cast<int>(std::lround(atom.z));
        for (int z = cz - reach; z <= cz + reach; z++)
            for (int y = cy - reach; y <= cy + reach; y++)
                for (int x = cx - reach; x <= cx + reach; x++) {
                    const int half = support / 2;
                    if (std::min({x, y, z}) < -half || std::max({x, y, z}) >= half) continue;
                    const Vec3 d = Vec3{x * 1.0, y * 1.0, z * 1.0} - atom;
                    map.at(x + half, y + half, z + half) += static_cast<float>(std::exp(-0.5 * dot(d, d)));
                }
    }
    for (std::size_t i = 0; i < mask.size(); i++) map.values[i] *= mask[i];
    return map;
}

struct Errors {
    double all = 0, band = 0;  ///< relative, inside the mask; band: 0.12 to 0.25 cycles per voxel
};

/// fitted: the map is brought to the best scale first.
Errors errors_of(const Volume& map, const Volume& truth, const std::vector<float>& mask, bool fitted) {
    double ab = 0, aa = 0, bb = 0, scale = 1;
    for (std::size_t i = 0; i < mask.size(); i++) {
        const double a = static_cast<double>(map.values[i]) * mask[i], b = truth.values[i];
        ab += a * b, aa += a * a, bb += b * b;
    }
    if (fitted) scale = ab / aa;
    Volume difference(support, 1);
    for (std::size_t i = 0; i < mask.size(); i++)
        difference.values[i] = static_cast<float>(scale * map.values[i] * mask[i] - truth.values[i]);
    Errors out;
    out.all = std::sqrt((scale * scale * aa - 2 * scale * ab + bb) / bb);
    const HalfSpectrum d = half_spectrum(difference.view()), t = half_spectrum(truth.view());
    double wrong = 0, right = 0;
    ThreadPool one(1);
    for_each_coefficient(support, one, [&](std::size_t i, double radius) {
        if (radius <= 0.12 * support || radius >= 0.25 * support) return;
        const double weight = i % (support / 2 + 1) == 0 ? 1 : 2;
        wrong += weight * std::norm(std::complex<double>(d.values[i]));
        right += weight * std::norm(std::complex<double>(t.values[i]));
    });
    out.band = std::sqrt(wrong / right);
    return out;
}

// Complex noise with the rms of the samples.
void add_noise(Views& views) {
    double power = 0;
    for (const Complexf v : views.values) power += std::norm(v);
    const double each = std::sqrt(power / static_cast<double>(views.values.size()) / 2);
    RandomStream random(3, 0, RandomPurpose::noise);
    for (Complexf& v : views.values)
        v += Complexf(static_cast<float>(each * random.normal()), static_cast<float>(each * random.normal()));
}

Volume gradient_map(const Views& views, const std::vector<float>& mask, bool noisy, ThreadPool& pool) {
    SolveOptions options;
    options.steps = steps;
    options.tolerance = 0;
    options.mask = mask;
    // The regularisation of the definition: a share of the kernel's mean, which is the number of samples.
    const double added = (noisy ? 0.25 : 1e-4) * 0.02 * views.samples();
    options.prior.assign(support, 2 * added / (1.0 * support * support * support));
    return solve(accumulate(views.view(), support, default_window(), 1.333, pool), options, pool);
}

}  // namespace

std::vector<BenchmarkRatio> density_benchmark(bool) {
    ThreadPool pool;
    const std::vector<float> mask = ball_mask();
    const Volume truth = atom_map(mask);
    Views views = random_views(image, slices);
    sample_slices(padded_transform(truth.view(), {8, 2}, 2, pool), views.rotations, views.points,
                  views.values.data(), pool);
    std::vector<BenchmarkRatio> out;
    for (const bool noisy : {false, true}) {
        if (noisy) add_noise(views);
        const auto chosen = [&](const Errors& e) { return noisy ? e.band : e.all; };
        const double gradients =
            chosen(errors_of(gradient_map(views, mask, noisy, pool), truth, mask, false));
        const auto weights = [&](const Volume& kernel) {
            return chosen(
                errors_of(pipe_menon_map(views.view(), support, kernel, steps, pool), truth, mask, true));
        };
        const double gridding = weights(gridding_kernel(image, support)),
                     overlap = weights(overlap_kernel(mask_radius));
        out.push_back(
            {noisy ? "cg_quality_noisy_band" : "cg_quality", gradients / gridding, "<= 0.6",
             fmt::format("map error {:.3f} after {} steps, Pipe-Menon {:.3f}; with the kernel of the "
                         "support's self-overlap {:.3f}",
                         gradients, steps, gridding, overlap)});
    }
    return out;
}

}  // namespace tumble::benchmark
