#include "pose/curve_peak.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include "fourier/fft.hpp"
#include "tumble/error.hpp"

namespace tumble {
namespace {

struct Derivatives {
    double value, first, second;
};

/// The series c_0 + 2 Re sum c_m exp(i m x) (the highest order once) and its derivatives.
Derivatives series_at(const std::vector<Complexf>& c, double x) {
    Derivatives out{0, 0, 0};
    const std::complex<double> step = std::polar(1.0, x);
    std::complex<double> turn = 1;
    for (std::size_t m = 0; m < c.size(); m++, turn *= step) {
        const double weight = m == 0 || m + 1 == c.size() ? 1 : 2, order = static_cast<double>(m);
        const std::complex<double> term = weight * std::complex<double>(c[m]) * turn;
        out.value += term.real();
        out.first -= order * term.imag();
        out.second -= order * order * term.real();
    }
    return out;
}

}  // namespace

CurvePeak curve_peak(std::span<const float> curve) {
    const int n = static_cast<int>(curve.size());
    if (n < 4 || n % 2 != 0)
        throw bad_input("score curve: found " + std::to_string(n) +
                        " angles, expected an even number from 4 on");
    std::vector<Complexf> harmonics(static_cast<std::size_t>(n / 2 + 1));
    Fft2D(1, n).forward(curve.data(), harmonics.data());
    for (auto& h : harmonics) h /= static_cast<float>(n);
    const double turn = 2 * std::numbers::pi, step = turn / n;
    const auto best = std::max_element(curve.begin(), curve.end()) - curve.begin();
    const double start = step * static_cast<double>(best);
    double x = start;
    for (int iteration = 0; iteration < 5; iteration++) {
        const auto at = series_at(harmonics, x);
        // Not concave, or a step beyond the neighbouring samples: the highest sample is the safer answer.
        if (!(at.second < 0)) break;
        x = std::clamp(x - at.first / at.second, start - step, start + step);
    }
    const double sample = series_at(harmonics, start).value, refined = series_at(harmonics, x).value;
    if (!(refined >= sample)) return {start, sample};
    return {x - turn * std::floor(x / turn), refined};
}

}  // namespace tumble
