#include "pose/legacy_correlation.hpp"

#include <cmath>
#include <complex>
#include <numbers>
#include <string>

#include "core/cpu_features.hpp"
#include "pose/legacy_kernel.hpp"
#include "tumble/error.hpp"

namespace tumble {

RingHarmonics ring_harmonics(const PolarGrid& grid, std::span<const float> factor,
                             std::span<const Complexf> samples, ThreadPool& pool) {
    const int half = grid.half(), orders = half + 1;
    const auto rings = static_cast<std::int64_t>(grid.rings.size());
    if (rings == 0 || factor.size() != grid.rings.size() ||
        samples.size() % static_cast<std::size_t>(rings * half) != 0)
        throw bad_input("ring harmonics: found " + std::to_string(samples.size()) + " samples and " +
                        std::to_string(factor.size()) + " ring factors for " + std::to_string(rings) +
                        " rings");
    RingHarmonics out{
        static_cast<int>(rings), grid.angles, static_cast<std::int64_t>(samples.size()) / (rings * half), {}};
    out.values.resize(static_cast<std::size_t>(out.items * rings * orders));
    std::vector<std::complex<double>> turn;
    for (int j = 0; j < grid.angles; j++)
        turn.push_back(std::polar(1.0, -2 * std::numbers::pi * j / grid.angles));
    pool.each(out.items * rings, [&](std::int64_t ring, int) {
        const Complexf* x = samples.data() + ring * half;
        const double scale =
            static_cast<double>(factor[static_cast<std::size_t>(ring % rings)]) / grid.angles;
        for (int m = 0; m < orders; m++) {
            // The other half circle is the conjugate of this one: even orders keep real parts, odd ones
            // imaginary.
            std::complex<double> sum = 0;
            for (int j = 0; j < half; j++) {
                const auto w = turn[static_cast<std::size_t>(m * j % grid.angles)];
                sum += m % 2 == 0 ? w * static_cast<double>(x[j].real())
                                  : w * std::complex<double>(0, static_cast<double>(x[j].imag()));
            }
            out.values[static_cast<std::size_t>(ring * orders + m)] = Complexf(2 * scale * sum);
        }
    });
    return out;
}

RingHarmonics mirrored(const RingHarmonics& references) {
    RingHarmonics out = references;
    for (auto& value : out.values) value = std::conj(value);
    return out;
}

LegacyCorrelation::LegacyCorrelation(int angles)
    : plan_(1, angles),
      sums_(static_cast<std::size_t>(angles / 2 + 1)),
      curve_(static_cast<std::size_t>(angles)) {}

std::span<const float> LegacyCorrelation::curve(const RingHarmonics& images, std::int64_t image,
                                                const RingHarmonics& references, std::int64_t reference) {
    const auto* a = reinterpret_cast<const float*>(images.item(image));
    const auto* b = reinterpret_cast<const float*>(references.item(reference));
    auto* sums = reinterpret_cast<float*>(sums_.data());
#if defined(__x86_64__)
    switch (detected_instruction_set()) {
        case InstructionSet::avx512:
            avx512::multiply_rings(a, b, images.rings, images.orders(), sums);
            break;
        case InstructionSet::avx2:
            avx2::multiply_rings(a, b, images.rings, images.orders(), sums);
            break;
        case InstructionSet::portable:
            portable::multiply_rings(a, b, images.rings, images.orders(), sums);
            break;
    }
#else
    portable::multiply_rings(a, b, images.rings, images.orders(), sums);
#endif
    // The half-plane sum is half the sum over the full turn, which is `angles` times the sum over all orders.
    for (auto& sum : sums_) sum *= 0.5f * static_cast<float>(images.angles);
    plan_.inverse(sums_.data(), curve_.data());
    return curve_;
}

}  // namespace tumble
