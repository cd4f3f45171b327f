#pragma once
// The maximum of a score curve between its samples.
#include <span>

namespace tumble {

struct CurvePeak {
    double angle_rad = 0;  ///< in [0, 2 pi)
    double value = 0;
};

/// Highest point of the trigonometric polynomial through the samples curve[j] at 2 pi j / n, found by
/// Newton's method from the highest sample. Exact where the curve has no orders above n/2, which the angles
/// are chosen for. n even, at least 4. Any thread.
CurvePeak curve_peak(std::span<const float> curve);

}  // namespace tumble
