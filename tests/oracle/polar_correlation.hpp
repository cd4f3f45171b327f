#pragma once
// The score of one pair by its definition: a plain double sum over the polar samples for every in-plane
// angle.
#include <cmath>
#include <complex>
#include <span>
#include <vector>

#include "pose/polar_transform.hpp"

namespace tumble::oracle {

/// L(phi_j) = sum over the half plane of w ( 2 Re(X conj(A_j)) - |A_j|^2 ), where A_j is the slice turned by
/// phi_j, seen from behind (turned by half a turn about y) if `mirror`.
inline std::vector<double> pair_curve(const PolarGrid& grid, std::span<const float> weights,
                                      std::span<const Complexf> image, std::span<const Complexf> slice,
                                      bool mirror) {
    const int n = grid.angles, half = grid.half();
    std::vector<double> out(static_cast<std::size_t>(n), 0.0);
    for (std::size_t r = 0; r < grid.rings.size(); r++) {
        const auto full_turn = [&](std::span<const Complexf> samples, int j) {
            j = ((j % n) + n) % n;
            const std::complex<double> v(
                samples[r * static_cast<std::size_t>(half) + static_cast<std::size_t>(j % half)]);
            return j < half ? v : std::conj(v);
        };
        for (int shift = 0; shift < n; shift++)
            for (int j = 0; j < half; j++) {
                // Turned by phi: A(theta) = B(theta - phi). From behind, x changes its sign: theta becomes pi
                // - theta.
                const auto a = full_turn(slice, mirror ? half - (j - shift) : j - shift);
                const auto x = full_turn(image, j);
                out[static_cast<std::size_t>(shift)] +=
                    static_cast<double>(weights[r]) * (2 * (x * std::conj(a)).real() - std::norm(a));
            }
    }
    return out;
}

}  // namespace tumble::oracle
