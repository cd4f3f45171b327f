#pragma once
// The gridding window as polynomials, one a tap, for the hot loops: plain data that a device can take as it
// is.
#include <vector>

#include "core/host_device.hpp"
#include "fourier/gridding_window.hpp"

namespace tumble {

/// A point at grid coordinate u reaches the taps start .. start + width - 1, start = ceil(u - width / 2);
/// with t = 2 (start - u + width / 2) - 1 in [-1, 1] the weight of tap j is sum_i coefficients[i][j] t^i
/// (within 2e-7). Lanes beyond `width` are zero, so that all may be evaluated at once.
struct WindowTaps {
    static constexpr int lanes = 8, terms = 8;
    int width = 0;
    float coefficients[terms][lanes] = {};
};

/// Throws for widths outside 2..8.
WindowTaps window_taps(const GriddingWindow& window);

/// 1 / window.transform((x - box / 2) / padded) for x = 0 .. box - 1: what a map is multiplied by on each
/// axis.
std::vector<float> inverse_window_profile(const GriddingWindow& window, int box, int padded);

}  // namespace tumble
