#include "fourier/fsc.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "core/random.hpp"
#include "fourier/half_spectrum.hpp"
#include "tumble/error.hpp"

namespace tumble {

namespace {

constexpr double randomise_below = 0.8;  // Chen et al. 2013, section 2.3

std::vector<double> correlation(const ShellSums& sums) {
    std::vector<double> out(sums.cross.size());
    for (std::size_t s = 0; s < out.size(); s++) {
        const double norm = std::sqrt(sums.power_a[s] * sums.power_b[s]);
        out[s] = norm > 0 ? sums.cross[s] / norm : 0;
    }
    return out;
}

HalfSpectrum masked_spectrum(VolumeView map, VolumeView mask) {
    std::vector<float> product(map.size());
    for (std::size_t i = 0; i < product.size(); i++) product[i] = map.data[i] * mask.data[i];
    return half_spectrum({product.data(), map.box});
}

// Where column 0 (and the last of an even box) holds both of a Friedel pair, the lower element decides for
// the pair.
std::size_t friedel_mate(std::size_t element, int box) {
    const auto n = static_cast<std::size_t>(box), columns = n / 2 + 1;
    const std::size_t x = element % columns, y = element / columns % n, z = element / columns / n;
    if (x != 0 && 2 * x != n) return element;
    return ((n - z) % n * n + (n - y) % n) * columns + x;
}

// Amplitudes kept, phases uniform, beyond `first_shell`; counter-based, one stream a coefficient.
Volume with_random_phases(HalfSpectrum spectrum, int first_shell, std::uint64_t seed, std::uint32_t half,
                          ThreadPool& pool) {
    const std::vector<Complexf> original = spectrum.values;
    for_each_coefficient(spectrum.box, pool, [&](std::size_t i, double radius) {
        if (radius < first_shell - 0.5) return;
        const std::size_t mate = friedel_mate(i, spectrum.box), lower = std::min(i, mate);
        const bool paired = mate != i;
        const std::size_t x = i % spectrum.columns();
        if (!paired && (x == 0 || 2 * x == static_cast<std::size_t>(spectrum.box)))
            return;  // its own mate: real
        RandomStream random(seed, static_cast<std::uint32_t>(lower), RandomPurpose::phase_randomisation,
                            half);
        const double phase = 2 * std::numbers::pi * random.uniform();
        spectrum.values[i] = Complexf(std::polar<double>(std::abs(original[i]), i == lower ? phase : -phase));
    });
    return map_of(std::move(spectrum));
}

void require_comparable(const Volume& half1, const Volume& half2, VolumeView mask) {
    if (half1.box != half2.box)
        throw bad_input("Half maps have boxes " + std::to_string(half1.box) + " and " +
                        std::to_string(half2.box) + "; expected the same.");
    if (half1.box < 4)
        throw bad_input("Half maps of box " + std::to_string(half1.box) + " cannot be correlated.");
    if (mask.data != nullptr && mask.box != half1.box)
        throw bad_input("The mask has box " + std::to_string(mask.box) + "; expected that of the maps, " +
                        std::to_string(half1.box) + ".");
}

}  // namespace

ShellCorrelation shell_correlation(const Volume& half1, const Volume& half2, VolumeView mask,
                                   std::uint64_t seed, ThreadPool& pool) {
    require_comparable(half1, half2, mask);
    const HalfSpectrum spectrum1 = half_spectrum(half1.view()), spectrum2 = half_spectrum(half2.view());
    const ShellSums sums = shell_sums(spectrum1, spectrum2);
    ShellCorrelation out;
    const std::size_t shells = sums.samples.size();
    const double extent = half1.box * (half1.voxel_A > 0 ? half1.voxel_A : 1);
    for (std::size_t s = 0; s < shells; s++) out.frequency_per_A.push_back(static_cast<double>(s) / extent);
    out.samples = sums.samples;
    out.unmasked = correlation(sums);
    out.masked = out.corrected = out.unmasked;
    out.randomised.assign(shells, 0);
    if (mask.data == nullptr) return out;

    out.masked =
        correlation(shell_sums(masked_spectrum(half1.view(), mask), masked_spectrum(half2.view(), mask)));
    out.corrected = out.masked;
    std::size_t first = 1;
    while (first < shells && out.unmasked[first] >= randomise_below) first++;
    if (first == shells) first = shells - 1;
    out.randomised_from_per_A = out.frequency_per_A[first];
    const Volume random1 = with_random_phases(spectrum1, static_cast<int>(first), seed, 1, pool);
    const Volume random2 = with_random_phases(spectrum2, static_cast<int>(first), seed, 2, pool);
    out.randomised =
        correlation(shell_sums(masked_spectrum(random1.view(), mask), masked_spectrum(random2.view(), mask)));
    // The mask mixes neighbouring shells: within two of the border the randomised curve still sees true
    // phases.
    for (std::size_t s = first + 2; s < shells; s++) {
        const double random = out.randomised[s];
        out.corrected[s] = random < 1 ? (out.masked[s] - random) / (1 - random) : 0;
    }
    return out;
}

std::size_t strongest_shell(std::span<const double> curve) {
    std::size_t best = 1;
    double highest = -4;
    for (std::size_t s = 2; s + 1 < curve.size(); s++)
        if (const double sum = curve[s - 1] + curve[s] + curve[s + 1]; sum > highest) highest = sum, best = s;
    return best;
}

Resolution resolution_at(const std::vector<double>& frequency_per_A, const std::vector<double>& curve,
                         double threshold) {
    const std::size_t shells = std::min(frequency_per_A.size(), curve.size());
    if (shells < 2)
        throw bad_input("A correlation curve has " + std::to_string(shells) +
                        " shells; expected at least 2.");
    const std::size_t start = strongest_shell(std::span(curve).first(shells));
    if (shells > 2 && curve[start - 1] + curve[start] + curve[start + 1] < 3 * threshold) return {1 / frequency_per_A[1], false};
    for (std::size_t s = start; s < shells; s++) {
        const bool stays = s + 1 == shells || curve[s + 1] < threshold;
        if (!(curve[s] < threshold && stays)) continue;
        double frequency = frequency_per_A[s];
        if (s > 1 && curve[s - 1] > threshold)
            frequency = frequency_per_A[s - 1] + (frequency_per_A[s] - frequency_per_A[s - 1]) *
                                                     (curve[s - 1] - threshold) / (curve[s - 1] - curve[s]);
        return {1 / frequency, false};
    }
    return {1 / frequency_per_A[shells - 1], true};
}

std::vector<double> shell_power(VolumeView map, ThreadPool&) {
    const HalfSpectrum spectrum = half_spectrum(map);
    const ShellSums sums = shell_sums(spectrum, spectrum);
    std::vector<double> out(sums.samples.size());
    for (std::size_t s = 0; s < out.size(); s++)
        out[s] = sums.samples[s] > 0 ? sums.power_a[s] / sums.samples[s] : 0;
    return out;
}

}  // namespace tumble
