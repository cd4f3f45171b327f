#pragma once
// Sums of plane waves over atoms on a Cartesian grid of frequencies, and their adjoint: the two hot loops of
// the atomic model. exp(-2 pi i k.p) is a product of one factor an axis, so both are small matrix products
// over tables of factors: exact at every position, no interpolation.
#include <cstdint>

namespace tumble {

constexpr int phase_rows = 4;    ///< rows of frequencies that a kernel takes at once
constexpr int phase_lanes = 16;  ///< columns (or atoms) are padded to a multiple of this

/// Rows of sum_a c_a(row) e_a(column). c: [atom][phase_rows], e: [atom][columns], out: [phase_rows][columns],
/// each as real and imaginary parts apart; `columns` is a multiple of phase_lanes. Overwrites out. Any
/// thread.
void sum_waves(const float* c_re, const float* c_im, const float* e_re, const float* e_im, std::int64_t atoms,
               int columns, float* out_re, float* out_im);

/// Real sums over a grid W of rows x columns for 16 atoms at once, with u = exp(+2 pi i k.p) = ey(row)
/// ex(column): the parts that a gradient over height and position needs.
struct WaveMoments {
    float value[phase_lanes];  ///< Re sum u W
    float x[phase_lanes];      ///< Im sum column_value u W
    float y[phase_lanes];      ///< Im sum row_value u W
};
struct WaveGrid {
    int rows = 0;               ///< multiple of phase_rows
    int columns = 0;            ///< any
    const float* re = nullptr;  ///< [rows / phase_rows][columns][phase_rows]
    const float* im = nullptr;
    const float* column_value = nullptr;  ///< [columns]
    const float* row_value = nullptr;     ///< [rows]
};
/// ex: [columns][16 atoms], ey: [rows][16 atoms]. Any thread.
void moment_waves(const WaveGrid& grid, const float* ex_re, const float* ex_im, const float* ey_re,
                  const float* ey_im, WaveMoments& out);

}  // namespace tumble
