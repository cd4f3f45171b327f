#pragma once
// Degrees at the outer boundaries, radians inside.
#include <numbers>

namespace tumble {
constexpr double radians(double angle_deg) { return angle_deg * (std::numbers::pi / 180); }
constexpr double degrees(double angle_rad) { return angle_rad * (180 / std::numbers::pi); }
}  // namespace tumble
