#pragma once
// Polar samples of images and slices, their angular harmonics, and the low-rank radial basis of each angular order.
// Form of the score: performance notes, docs/performance.md; harmonics of real images obey a_{-m} = (-1)^m conj(a_m).
#include <span>
#include <vector>

#include "core/small_vectors.hpp"
#include "core/threads.hpp"

namespace tumble {

/// Rings and angles at which the search samples the frequency plane.
struct PolarGrid {
    std::vector<double> rings;   ///< frequencies in cycles per pixel, increasing
    int angles = 64;             ///< in-plane angles of a full turn: 64, 128, 256 or 512; half are stored (Friedel)
    int half() const { return angles / 2; }
    /// Sample (ring r, angle j) at index r * half() + j: (k cos phi_j, k sin phi_j), phi_j = 2 pi j / angles.
    std::vector<FrequencyPoint> points() const;
};

/// For each angular order m = 0 .. orders()-1 a real orthonormal basis of K_m radial functions, from the geometry alone:
/// leading singular vectors of sqrt(r) J_m(2 pi r rho), rho within the support radius. Deterministic.
struct AngularBasis {
    int rings = 0;
    int angles = 0;
    std::vector<int> rank;                     ///< K_m per order
    std::vector<std::vector<double>> vectors;  ///< per order: [K_m][rings]
    int orders() const { return static_cast<int>(rank.size()); }
    int total_rank() const;
};
/// support_radius_px: radius of the particle with its blur; tolerance: relative rms left out of the basis (its
/// square is the share of the energy, over all orders together).
/// tolerance 0 keeps the identity for every order up to angles/2 (no truncation at all).
AngularBasis angular_basis(const PolarGrid& grid, double support_radius_px, double tolerance);

}  // namespace tumble
