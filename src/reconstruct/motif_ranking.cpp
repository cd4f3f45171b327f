#include "reconstruct/motif_ranking.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numbers>

#include "fourier/fft.hpp"

namespace tumble {
namespace {

constexpr double ring_step_per_A = 0.004;
constexpr std::int64_t profile_images = 300;
constexpr double distance_step_A = 0.01;
constexpr int envelope_terms = 4;

/// Debye sum per atom, 1 + 2/N sum over pairs of sin(2 pi k r) / (2 pi k r), on a grid of k.
struct DebyeCurve {
    static constexpr double first = 0.15, step = 0.003;
    std::vector<double> value;
    double at(double k) const {
        const double x = std::clamp((k - first) / step, 0.0, static_cast<double>(value.size()) - 1.001);
        const auto i = static_cast<std::size_t>(x);
        return value[i] + (x - static_cast<double>(i)) * (value[i + 1] - value[i]);
    }
};

DebyeCurve debye_curve(std::span<const Vec3> atoms, double highest_per_A) {
    constexpr double bin = 0.01;
    std::vector<double> pairs;
    for (std::size_t i = 0; i < atoms.size(); i++)
        for (std::size_t j = i + 1; j < atoms.size(); j++) {
            const auto b = static_cast<std::size_t>(length(atoms[i] - atoms[j]) / bin);
            if (b >= pairs.size()) pairs.resize(b + 1, 0.0);
            pairs[b] += 1;
        }
    DebyeCurve curve;
    for (double k = DebyeCurve::first; k < highest_per_A; k += DebyeCurve::step) {
        double sum = 0;
        for (std::size_t b = 0; b < pairs.size(); b++) {
            if (pairs[b] == 0) continue;
            const double x = 2 * std::numbers::pi * k * bin * (static_cast<double>(b) + 0.5);
            sum += pairs[b] * std::sin(x) / x;
        }
        curve.value.push_back(1 + 2 * sum / static_cast<double>(atoms.size()));
    }
    return curve;
}

/// Share of the profile's variance that envelope * curve(k * stretch) leaves; 1 more where the envelope turns negative.
double unexplained_by(const RingProfile& profile, const DebyeCurve& curve, double stretch) {
    const auto n = static_cast<Eigen::Index>(profile.power.size());
    Eigen::MatrixXd terms(n, envelope_terms);
    Eigen::VectorXd power(n);
    for (Eigen::Index i = 0; i < n; i++) {
        const double k = profile.first_per_A + profile.step_per_A * static_cast<double>(i);
        double term = curve.at(k * stretch);
        for (int t = 0; t < envelope_terms; t++, term *= k) terms(i, t) = term;
        power[i] = profile.power[static_cast<std::size_t>(i)];
    }
    const Eigen::VectorXd fitted = terms * (terms.transpose() * terms).ldlt().solve(terms.transpose() * power);
    const double variance = (power.array() - power.mean()).square().sum();
    const double rest = (fitted - power).squaredNorm() / std::max(variance, 1e-30);
    return rest + (fitted.minCoeff() < -0.1 * power.maxCoeff() ? 1 : 0);
}

}  // namespace

RingProfile ring_profile(const PreparedImages& images, double low_per_A, double high_per_A, ThreadPool& pool) {
    const int box = images.box;
    const int padded = next_fast_size(std::max(box, static_cast<int>(std::ceil(0.5 / (ring_step_per_A * images.pixel_size_A)))));
    const int half = padded / 2 + 1;
    const Fft2D fft(padded, padded);
    RingProfile profile;
    profile.first_per_A = low_per_A;
    profile.step_per_A = ring_step_per_A;
    const auto rings = static_cast<std::size_t>((high_per_A - low_per_A) / ring_step_per_A) + 1;
    std::vector<int> ring_of(static_cast<std::size_t>(padded) * half, -1);
    std::vector<double> samples(rings, 0.0);
    for (int y = 0; y < padded; y++)
        for (int x = 0; x < half; x++) {
            const int row = y <= padded / 2 ? y : y - padded;
            const double ring = (std::hypot(row, x) / (padded * images.pixel_size_A) - low_per_A) / ring_step_per_A;
            if (ring < -0.5 || ring >= static_cast<double>(rings) - 0.5) continue;
            const auto r = static_cast<std::size_t>(std::lround(ring));
            ring_of[static_cast<std::size_t>(y) * half + x] = static_cast<int>(r);
            samples[r] += 1;
        }
    const std::int64_t count = std::min(profile_images, images.images);
    std::vector<std::vector<double>> sums(static_cast<std::size_t>(count), std::vector<double>(rings, 0.0));
    pool.each(count, [&](std::int64_t i, int) {
        std::vector<float> image(static_cast<std::size_t>(padded) * padded, 0.0f);
        std::vector<Complexf> transform(ring_of.size());
        const float* source = images.real_space.data() + i * images.images / count * box * box;
        for (int y = 0; y < box; y++) std::copy(source + y * box, source + (y + 1) * box, image.data() + y * padded);
        fft.forward(image.data(), transform.data());
        auto& mine = sums[static_cast<std::size_t>(i)];
        for (std::size_t p = 0; p < transform.size(); p++)
            if (ring_of[p] >= 0) mine[static_cast<std::size_t>(ring_of[p])] += std::norm(transform[p]);
    });
    // The noise's share of the power, from the shells that the preparation measured.
    const double shell = 1 / (box * images.pixel_size_A);
    double mask_power = 0;
    for (int y = 0; y < box; y++)
        for (int x = 0; x < box; x++) {
            const double r = std::hypot(y - box / 2, x - box / 2) * images.pixel_size_A;
            const double m = 0.5 * (1 + std::cos(std::numbers::pi * std::clamp((r - images.mask_radius_A) / 1.5, 0.0, 1.0)));
            mask_power += m * m;
        }
    for (std::size_t r = 0; r < rings; r++) {
        const double at = std::min((low_per_A + ring_step_per_A * static_cast<double>(r)) / shell, static_cast<double>(images.noise_power.size()) - 1.001);
        const auto s = static_cast<std::size_t>(at);
        const double noise = mask_power * (images.noise_power[s] + (at - static_cast<double>(s)) * (images.noise_power[s + 1] - images.noise_power[s]));
        double sum = 0;
        for (const auto& image : sums) sum += image[r];
        profile.power.push_back(sum / std::max(1.0, samples[r] * static_cast<double>(count)) / noise - 1);
    }
    return profile;
}

std::vector<MotifFit> rank_motifs(const RingProfile& profile, double radius_A, std::span<const Motif> motifs, double shortest_A,
                                  double longest_A, ThreadPool& pool) {
    std::vector<MotifFit> fits(motifs.size());
    const double highest = profile.first_per_A + profile.step_per_A * static_cast<double>(profile.power.size());
    const double middle = 0.5 * (shortest_A + longest_A);
    pool.each(static_cast<std::int64_t>(motifs.size()), [&](std::int64_t m, int) {
        MotifFit& fit = fits[static_cast<std::size_t>(m)];
        fit.motif = motifs[static_cast<std::size_t>(m)];
        fit.unexplained = 1e30;
        const DebyeCurve curve = debye_curve(motif_sites(fit.motif, middle, radius_A, {}), highest * longest_A / middle + 0.01);
        for (double d = shortest_A; d <= longest_A; d += distance_step_A)
            if (const double rest = unexplained_by(profile, curve, d / middle); rest < fit.unexplained) fit.unexplained = rest, fit.neighbour_A = d;
    });
    std::stable_sort(fits.begin(), fits.end(), [](const MotifFit& a, const MotifFit& b) { return a.unexplained < b.unexplained; });
    return fits;
}

}  // namespace tumble
