#pragma once
// Vectors of the gridding kernels: GCC and Clang vector types, lowered to whatever the instruction set has.
// For kernel files only; everything has internal linkage.
#include "fourier/window_taps.hpp"

namespace tumble {

typedef float Lanes8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef float Lanes16 __attribute__((vector_size(64), aligned(4), may_alias));

/// All tap weights at window variable t.
static inline void tap_weights(const WindowTaps& taps, float t, Lanes8* weights) {
    Lanes8 sum = *reinterpret_cast<const Lanes8*>(taps.coefficients[WindowTaps::terms - 1]);
    for (int i = WindowTaps::terms - 2; i >= 0; i--)
        sum = sum * t + *reinterpret_cast<const Lanes8*>(taps.coefficients[i]);
    *weights = sum;
}

}  // namespace tumble
