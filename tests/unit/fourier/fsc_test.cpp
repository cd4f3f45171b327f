#include "catch.hpp"

#include "fourier/filters.hpp"
#include "fourier/fsc.hpp"
#include "fourier/half_spectrum.hpp"
#include "gaussian_atoms.hpp"

using namespace tumble;
using namespace tumble::test;

namespace {

Volume noise(int box, std::uint64_t seed) {
    Volume out(box, 0.5);
    RandomStream random(seed, 0, RandomPurpose::test);
    for (float& v : out.values) v = static_cast<float>(random.normal());
    return out;
}

Volume ball(int box, double radius, double edge) {
    Volume out(box, 0.5);
    for (int z = 0; z < box; z++)
        for (int y = 0; y < box; y++)
            for (int x = 0; x < box; x++) {
                const double t = (std::hypot(x - box / 2, y - box / 2, z - box / 2) - radius) / edge;
                out.at(x, y, z) = t < 0   ? 1
                                  : t > 1 ? 0
                                          : static_cast<float>(0.5 + 0.5 * std::cos(std::numbers::pi * t));
            }
    return out;
}

Volume sum(const Volume& a, const Volume& b, float scale) {
    Volume out = a;
    for (std::size_t i = 0; i < out.values.size(); i++) out.values[i] += scale * b.values[i];
    return out;
}

double mean_of(const std::vector<double>& values, std::size_t first, std::size_t last) {
    double total = 0;
    for (std::size_t i = first; i < last; i++) total += values[i];
    return total / static_cast<double>(last - first);
}

}  // namespace

TEST_CASE("A map correlates fully with itself, and the resolution is then Nyquist's") {
    ThreadPool pool(1);
    const Volume map = noise(20, 1);
    const ShellCorrelation fsc = shell_correlation(map, map, {}, 0, pool);
    REQUIRE(fsc.unmasked.size() == 11);
    for (const double c : fsc.unmasked) CHECK(c == Approx(1));
    CHECK(fsc.frequency_per_A[10] == Approx(1.0));
    const Resolution resolution = resolution_at(fsc.frequency_per_A, fsc.unmasked, 0.143);
    CHECK(resolution.limited_by_nyquist);
    CHECK(resolution.d_A == Approx(1.0));
}

TEST_CASE("The shells' correlation is that of signal and noise powers") {
    // Two noisy copies of one white map: FSC = 1 / (1 + noise power / signal power) in every shell.
    ThreadPool pool(2);
    const int box = 48;
    const Volume signal = noise(box, 2);
    const ShellCorrelation fsc =
        shell_correlation(sum(signal, noise(box, 3), 0.7f), sum(signal, noise(box, 4), 0.7f), {}, 0, pool);
    CHECK(mean_of(fsc.unmasked, 10, 25) == Approx(1 / 1.49).margin(0.01));
    CHECK(fsc.samples[0] == 0.5);
    double samples = 0;
    for (std::size_t s = 0; s <= 5; s++) samples += fsc.samples[s];
    double lattice_points = 0;
    for (int z = -6; z <= 6; z++)
        for (int y = -6; y <= 6; y++)
            for (int x = -6; x <= 6; x++) lattice_points += x * x + y * y + z * z <= 30;  // radius below 5.5
    CHECK(samples == lattice_points / 2);
}

TEST_CASE("A tight mask makes noise correlate, randomised phases show it and the correction removes it") {
    ThreadPool pool(2);
    const int box = 48;
    const GaussianAtoms atoms = ball_of_atoms(60, 9, 5);
    Volume signal = low_passed(
        [&] {
            Volume m = atoms.map(box);
            m.voxel_A = 0.5;
            return m;
        }(),
        3.0, 2, pool);
    for (float& v : signal.values) v *= 60;
    const Volume mask = ball(box, 10, 1);
    const Volume half1 = sum(signal, noise(box, 6), 0.3f), half2 = sum(signal, noise(box, 7), 0.3f);
    const ShellCorrelation fsc = shell_correlation(half1, half2, mask.view(), 9, pool);
    const auto from = static_cast<std::size_t>(std::lround(fsc.randomised_from_per_A * box * 0.5));
    REQUIRE(from >= 4);
    REQUIRE(from <= 12);
    CHECK(fsc.masked[from - 1] > 0.8);
    CHECK(mean_of(fsc.corrected, from + 4, 25) == Approx(0).margin(0.05));
    for (std::size_t s = from + 2; s < 25; s++)
        CHECK(fsc.corrected[s] == Approx((fsc.masked[s] - fsc.randomised[s]) / (1 - fsc.randomised[s])));
    const Resolution resolution = resolution_at(fsc.frequency_per_A, fsc.corrected, 0.143);
    CHECK_FALSE(resolution.limited_by_nyquist);
    CHECK(resolution.d_A > 1.5);

    // The same curves for any number of threads; others for another seed.
    ThreadPool one(1);
    CHECK(shell_correlation(half1, half2, mask.view(), 9, one).randomised == fsc.randomised);
    CHECK(shell_correlation(half1, half2, mask.view(), 10, one).randomised != fsc.randomised);
}

TEST_CASE("Where true signal is common to a mask's worth of voxels the randomised curve keeps none of it") {
    ThreadPool pool(1);
    const int box = 32;
    const Volume map = noise(box, 8);
    // Unmasked correlation of 0.7 everywhere: phases are randomised from shell 1.
    const Volume half1 = sum(map, noise(box, 11), 0.65f), half2 = sum(map, noise(box, 12), 0.65f);
    const ShellCorrelation fsc = shell_correlation(half1, half2, ball(box, 12, 2).view(), 3, pool);
    CHECK(std::abs(mean_of(fsc.randomised, 6, 17)) < 0.05);
    CHECK(mean_of(fsc.corrected, 6, 17) == Approx(mean_of(fsc.masked, 6, 17)).margin(0.03));
    CHECK(mean_of(fsc.masked, 6, 17) > 0.6);
}

TEST_CASE("The resolution is interpolated where the curve falls, and one low shell does not end it") {
    const std::vector<double> frequency{0, 0.1, 0.2, 0.3, 0.4, 0.5};
    CHECK(resolution_at(frequency, {1, 1, 1, 0.6, 0.2, 0.1}, 0.4).d_A == Approx(1 / 0.35));
    CHECK(resolution_at(frequency, {1, 1, 0.3, 0.8, 0.2, 0.1}, 0.5).d_A == Approx(1 / 0.35));
    CHECK(resolution_at(frequency, {0, 1, 1, 1, 1, 0.9}, 0.5).limited_by_nyquist);
    CHECK(resolution_at(frequency, {1, 0.1, 0.1, 0.1, 0.1, 0.1}, 0.5).d_A == Approx(10));
}

TEST_CASE("Shell powers add up to the map's own") {
    ThreadPool pool(1);
    const Volume map = noise(16, 13);
    const HalfSpectrum spectrum = half_spectrum(map.view());
    double in_space = 0, in_shells = 0;
    for (const float v : map.values) in_space += static_cast<double>(v) * v;
    for_each_coefficient(16, pool, [&](std::size_t i, double) {
        in_shells += 2 * independent_share(static_cast<int>(i % spectrum.columns()), 16) *
                     std::norm(spectrum.values[i]);
    });
    CHECK(in_shells / 4096 == Approx(in_space));
    const std::vector<double> power = shell_power(map.view(), pool);
    REQUIRE(power.size() == 9);
    CHECK(mean_of(power, 3, 9) == Approx(4096).epsilon(0.1));
}
