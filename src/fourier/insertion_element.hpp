#pragma once
// One sample to be inserted, placed on the grid: shared by the CPU kernels and the CUDA side.
#include "fourier/central_slice_element.hpp"

namespace tumble {

/// A weighted sample at its place; where the Friedel mate stands for it the value is already conjugated.
struct PlacedSample {
    GridPoint point;
    float re, im;
};

/// Cells of the grid are grouped in bricks of brick_rows x brick_rows rows (at least the widest window, so
/// that samples of two bricks with one between them never touch the same cell), cut into pieces of
/// brick_columns that stay in the near caches.
constexpr int brick_rows = 8, brick_columns = 32;
static_assert(brick_rows >= WindowTaps::lanes);

/// Bricks along y or z, and pieces along x.
struct BrickCounts {
    int axis = 0, pieces = 0;
};
static inline BrickCounts brick_counts(const GridLayout& layout) {
    return {(layout.rows + brick_rows - 1) / brick_rows, (layout.stride + brick_columns - 1) / brick_columns};
}

/// Number of the piece of a brick that a point's first tap lies in: (z, y, x), x fastest.
TUMBLE_HD static inline int brick_of(const GridPoint& point, const GridLayout& layout, BrickCounts counts) {
    const int reach = layout.padded / 2 + layout.margin;
    return ((point.z + reach) / brick_rows * counts.axis + (point.y + reach) / brick_rows) * counts.pieces +
           (point.x + layout.margin) / brick_columns;
}

/// Places value (re, im), already weighted, at the plane point (x, y) of the slice at orientation `m`.
TUMBLE_HD static inline PlacedSample place_sample(const float* m, float x, float y, float re, float im,
                                                  int padded, int width) {
    PlacedSample sample;
    sample.point = place_point(m, x, y, padded, width);
    sample.re = re;
    sample.im = sample.point.conjugate ? -im : im;
    return sample;
}

}  // namespace tumble
