#include "fourier/gridding_window.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "fourier/window_taps.hpp"
#include "tumble/error.hpp"

namespace tumble {
namespace {

/// Modified Bessel function of order 0 by its power series, whose terms are all positive (Abramowitz & Stegun 9.6.12). The
/// standard library's calls lgamma, which writes a variable of the process that all threads share.
double bessel_i0(double x) {
    double sum = 1, term = 1;
    for (int k = 1; term > 1e-17 * sum; k++) {
        term *= 0.25 * x * x / (static_cast<double>(k) * k);
        sum += term;
    }
    return sum;
}

}  // namespace

double GriddingWindow::beta() const {
    const double reach = width / padding * (padding - 0.5);
    // Beatty's value zeroes the alias at the map's corner; 2.5 % more is where the mean square alias over a
    // ball that fills the box is least, for widths 4 to 6.
    return 1.025 * std::numbers::pi * std::sqrt(std::max(reach * reach - 0.8, 0.1));
}

double GriddingWindow::value(double distance) const {
    const double u = 2 * distance / width;
    if (std::abs(u) > 1) return 0;
    return bessel_i0(beta() * std::sqrt(std::max(0.0, 1 - u * u))) / bessel_i0(beta());
}

double GriddingWindow::transform(double position) const {
    const double b = beta(), a = std::numbers::pi * width * position, square = b * b - a * a;
    const double root = std::sqrt(std::abs(square));
    const double shape = root < 1e-9 ? 1 : square > 0 ? std::sinh(root) / root : std::sin(root) / root;
    return width * shape / bessel_i0(b);
}

WindowTaps window_taps(const GriddingWindow& window) {
    if (window.width < 2 || window.width > WindowTaps::lanes)
        throw bad_input("The gridding window's width is " + std::to_string(window.width) +
                        "; expected 2 to 8.");
    constexpr int n = WindowTaps::terms;
    WindowTaps taps;
    taps.width = window.width;
    for (int tap = 0; tap < window.width; tap++) {
        // Chebyshev interpolation at the n nodes, then rewritten in powers of t by the recurrence of T_k.
        std::vector<double> power(n), previous(n), current(n), next(n);
        previous[0] = 1;
        current[1] = 1;
        for (int k = 0; k < n; k++) {
            double sum = 0;
            for (int node = 0; node < n; node++) {
                const double angle = std::numbers::pi * (node + 0.5) / n, t = std::cos(angle);
                // The centre of the interval of tap j lies at distance j - (width - 1) / 2.
                sum += window.value(0.5 * t + tap - 0.5 * (window.width - 1)) * std::cos(k * angle);
            }
            const double coefficient = sum * (k == 0 ? 1.0 : 2.0) / n;
            for (int i = 0; i < n; i++)
                power[static_cast<std::size_t>(i)] += coefficient * previous[static_cast<std::size_t>(i)];
            for (std::size_t i = 0; i < n; i++) next[i] = (i > 0 ? 2 * current[i - 1] : 0) - previous[i];
            std::swap(previous, current);
            std::swap(current, next);
        }
        for (int i = 0; i < n; i++)
            taps.coefficients[i][tap] = static_cast<float>(power[static_cast<std::size_t>(i)]);
    }
    return taps;
}

std::vector<float> inverse_window_profile(const GriddingWindow& window, int box, int padded) {
    std::vector<float> profile(static_cast<std::size_t>(box));
    for (int x = 0; x < box; x++)
        profile[static_cast<std::size_t>(x)] =
            static_cast<float>(1 / window.transform(static_cast<double>(x - box / 2) / padded));
    return profile;
}

}  // namespace tumble
