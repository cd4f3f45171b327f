#pragma once
// Quasi-uniform view directions and orientations.
#include <cstdint>
#include <vector>

#include "tumble/geometry.hpp"

namespace tumble {

/// `count` rotations R_d whose view directions (third row of R_d) cover half the sphere evenly (spherical Fibonacci
/// points, Swinbank & Purser, Q. J. R. Meteorol. Soc. 132, 1769, 2006), the whole grid turned at random by `seed` and
/// `pass` so that the errors of the grid do not accumulate over iterations; seed 0 leaves it unturned.
std::vector<Mat3> half_sphere_directions(std::int64_t count, std::uint64_t seed = 0, std::uint32_t pass = 0);

/// Mean angular distance in radians between neighbours of such a grid, sqrt(2 pi / count).
double direction_spacing(std::int64_t count);

/// Shifts on a square grid of `step` within a disc of `radius` (same unit), nearest to zero first.
std::vector<Vec2> shift_grid(double radius, double step);

}  // namespace tumble
