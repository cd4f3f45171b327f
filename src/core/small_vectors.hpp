#pragma once
// Single-precision points and matrices for batches that a device can take as they are.
#include <complex>

#include "tumble/geometry.hpp"

namespace tumble {

using Complexf = std::complex<float>;

/// A point of the image's frequency plane, cycles per pixel: x along columns, y along rows.
struct FrequencyPoint {
    float x, y;
};

/// 3 x 3 matrix, row-major.
struct Mat3f {
    float m[9];
};
inline Mat3f to_float(const Mat3& a) {
    Mat3f out;
    for (int i = 0; i < 9; i++) out.m[i] = static_cast<float>(a.m[static_cast<std::size_t>(i)]);
    return out;
}

}  // namespace tumble
