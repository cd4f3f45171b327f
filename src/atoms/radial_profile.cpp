#include "atoms/radial_profile.hpp"

#include <cmath>
#include <numbers>

namespace tumble {
namespace {

constexpr double step_A2 = 0.004;
constexpr int parts_of_shell =
    4;  // quadrature over frequency: the integrand is smooth over a quarter of a shell

}  // namespace

RadialProfile::RadialProfile(std::span<const double> shell_amplitude, int box, double voxel_A,
                             double largest_A)
    : shells_(shell_amplitude.begin(), shell_amplitude.end()), box_(box), voxel_A_(voxel_A) {
    constexpr double pi = std::numbers::pi;
    const double voxels = static_cast<double>(box) * box * box;
    table_.assign(static_cast<std::size_t>(largest_A * largest_A / step_A2) + 3, Value{0, 0, 0, 0});
    for (std::size_t part = 0; part + parts_of_shell < parts_of_shell * shells_.size(); part++) {
        // Midpoint of a quarter of a shell: f by linear interpolation, 4 pi s^2 ds Fourier cells.
        const double s = (static_cast<double>(part) + 0.5) / parts_of_shell;
        const auto shell = static_cast<std::size_t>(s);
        const double up = s - static_cast<double>(shell);
        const double f = (1 - up) * shells_[shell] + up * shells_[shell + 1];
        const double weight = f * 4 * pi * s * s / parts_of_shell / voxels;
        const double k = s / (box * voxel_A), turn = 2 * pi * k, spread = -0.5 * turn * turn;
        for (std::size_t i = 0; i < table_.size(); i++) {
            const double x = turn * std::sqrt(static_cast<double>(i) * step_A2);
            const double value = x < 1e-3 ? 1 - x * x / 6 : std::sin(x) / x;
            const double slope = x < 0.02 ? -1.0 / 3 + x * x / 30 : (std::cos(x) - value) / (x * x);
            table_[i].value += weight * value;
            table_[i].slope += weight * turn * turn * slope;
            table_[i].spread_value += weight * spread * value;
            table_[i].spread_slope += weight * spread * turn * turn * slope;
        }
    }
}

RadialProfile::Value RadialProfile::at(double s) const {
    const double place = s / step_A2;
    const auto i = static_cast<std::size_t>(place);
    const double up = place - static_cast<double>(i), down = 1 - up;
    const Value &a = table_[i], &b = table_[i + 1];
    return {down * a.value + up * b.value, down * a.slope + up * b.slope,
            down * a.spread_value + up * b.spread_value, down * a.spread_slope + up * b.spread_slope};
}

AtomProfile RadialProfile::summary() const {
    // A Gaussian has P'/r = -P / sigma^2 at its centre.
    const Value centre = table_.front();
    const double ratio = -centre.value / centre.slope;
    return {shells_, ratio > 0 ? std::sqrt(ratio) : 0, centre.value};
}

std::vector<double> RadialProfile::spread_shells() const {
    std::vector<double> spread = shells_;
    for (std::size_t s = 0; s < spread.size(); s++) {
        const double turn = 2 * std::numbers::pi * static_cast<double>(s) / (box_ * voxel_A_);
        spread[s] *= -0.5 * turn * turn;
    }
    return spread;
}

}  // namespace tumble
