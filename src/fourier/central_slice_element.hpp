#pragma once
// Where a Fourier sample lies on the padded grid, and its value there: element functions that the CPU kernels
// and the CUDA side share. `static`, so that each copy of a kernel keeps its own (cmake/TumbleKernels.cmake).
#include <math.h>

#include "core/host_device.hpp"
#include "fourier/window_taps.hpp"

namespace tumble {

/// Layout of a Hermitian grid that keeps kx >= 0: side `padded` (even), a margin on every side that the
/// window reaches into, so that no tap needs wrapping. Point (x, y, z), -margin <= x <= padded/2 + margin and
/// |y|, |z| <= padded/2 + margin, is element origin + (z * rows + y) * stride + x.
struct GridLayout {
    int padded = 0, margin = 0, stride = 0, rows = 0;
    long long origin = 0;
};

/// Element of point (x, y, z).
TUMBLE_HD static inline long long grid_index(const GridLayout& grid, int x, int y, int z) {
    return grid.origin + (static_cast<long long>(z) * grid.rows + y) * grid.stride + x;
}
/// Elements of the whole grid.
static inline long long grid_size(const GridLayout& grid) {
    return static_cast<long long>(grid.rows) * grid.rows * grid.stride;
}

/// Layout for a window of `width` taps; rows are long enough for loads of WindowTaps::lanes elements at any
/// tap.
static inline GridLayout grid_layout(int padded, int width) {
    GridLayout grid;
    grid.padded = padded;
    grid.margin = width / 2 + 1;
    grid.stride = padded / 2 + 1 + 2 * grid.margin + WindowTaps::lanes;
    grid.rows = padded + 1 + 2 * grid.margin;
    grid.origin = (static_cast<long long>(padded / 2 + grid.margin) * grid.rows + padded / 2 + grid.margin) *
                      grid.stride +
                  grid.margin;
    return grid;
}

/// A sample on the grid: first tap of each axis, window variables, and whether the Friedel mate stands for
/// it.
struct GridPoint {
    int x, y, z;
    float tx, ty, tz;
    bool conjugate;
};

/// Whether a point of the image plane lies in the Nyquist disc; points on its border do, whatever their
/// rounding.
TUMBLE_HD static inline bool inside_nyquist(float x, float y) {
    return fmaf(x, x, y * y) <= 0.25f * (1 + 1e-5f);
}

/// Places the plane point (x, y) of a slice at orientation `m` (row-major): k = R^T (x, y, 0), kx made >= 0.
TUMBLE_HD static inline GridPoint place_point(const float* m, float x, float y, int padded, int width) {
    const float scale = static_cast<float>(padded), half = 0.5f * static_cast<float>(width);
    float u = scale * fmaf(m[0], x, m[3] * y), v = scale * fmaf(m[1], x, m[4] * y),
          w = scale * fmaf(m[2], x, m[5] * y);
    GridPoint point;
    point.conjugate = u < 0;
    if (point.conjugate) {
        u = -u;
        v = -v;
        w = -w;
    }
    const float su = ceilf(u - half), sv = ceilf(v - half), sw = ceilf(w - half);
    point.x = static_cast<int>(su);
    point.y = static_cast<int>(sv);
    point.z = static_cast<int>(sw);
    point.tx = fmaf(2.0f, su - u + half, -1.0f);
    point.ty = fmaf(2.0f, sv - v + half, -1.0f);
    point.tz = fmaf(2.0f, sw - w + half, -1.0f);
    return point;
}

/// Weight of one tap (window_taps.hpp).
TUMBLE_HD static inline float tap_weight(const WindowTaps& taps, int tap, float t) {
    float sum = taps.coefficients[WindowTaps::terms - 1][tap];
    for (int i = WindowTaps::terms - 2; i >= 0; i--) sum = fmaf(sum, t, taps.coefficients[i][tap]);
    return sum;
}

/// Value of the transform at a placed point. grid: interleaved complex, laid out as `layout`; out: real,
/// imaginary part.
TUMBLE_HD static inline void sample_point(const float* grid, const GridLayout& layout, const WindowTaps& taps,
                                          const GridPoint& point, float* out) {
    float wx[WindowTaps::lanes], wy[WindowTaps::lanes];
    for (int i = 0; i < taps.width; i++) {
        wx[i] = tap_weight(taps, i, point.tx);
        wy[i] = tap_weight(taps, i, point.ty);
    }
    float re = 0, im = 0;
    for (int k = 0; k < taps.width; k++) {
        const float wz = tap_weight(taps, k, point.tz);
        for (int j = 0; j < taps.width; j++) {
            const long long row = grid_index(layout, point.x, point.y + j, point.z + k);
            float row_re = 0, row_im = 0;
            for (int i = 0; i < taps.width; i++) {
                row_re = fmaf(wx[i], grid[2 * (row + i)], row_re);
                row_im = fmaf(wx[i], grid[2 * (row + i) + 1], row_im);
            }
            re = fmaf(wz * wy[j], row_re, re);
            im = fmaf(wz * wy[j], row_im, im);
        }
    }
    out[0] = re;
    out[1] = point.conjugate ? -im : im;
}

}  // namespace tumble
