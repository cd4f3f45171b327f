#include "atoms/phase_sums_kernel.hpp"

namespace tumble::TUMBLE_ISA {
namespace {

// Sixteen floats; unaligned, so that tables need no special allocation.
typedef float Lanes __attribute__((vector_size(64), aligned(4), may_alias));

const Lanes& lanes_at(const float* p) {
    return *reinterpret_cast<const Lanes*>(p);
}
Lanes& lanes_at(float* p) {
    return *reinterpret_cast<Lanes*>(p);
}

}  // namespace

void sum_waves(const float* c_re, const float* c_im, const float* e_re, const float* e_im, std::int64_t atoms,
               int columns, float* out_re, float* out_im) {
    for (int column = 0; column < columns; column += phase_lanes) {
        Lanes re[phase_rows] = {}, im[phase_rows] = {};
        for (std::int64_t a = 0; a < atoms; a++) {
            const Lanes er = lanes_at(e_re + a * columns + column),
                        ei = lanes_at(e_im + a * columns + column);
            for (int row = 0; row < phase_rows; row++) {
                const float cr = c_re[a * phase_rows + row], ci = c_im[a * phase_rows + row];
                re[row] += cr * er;
                re[row] -= ci * ei;
                im[row] += cr * ei;
                im[row] += ci * er;
            }
        }
        for (int row = 0; row < phase_rows; row++) {
            lanes_at(out_re + row * columns + column) = re[row];
            lanes_at(out_im + row * columns + column) = im[row];
        }
    }
}

void moment_waves(const WaveGrid& grid, const float* ex_re, const float* ex_im, const float* ey_re,
                  const float* ey_im, WaveMoments& out) {
    Lanes value = {}, x = {}, y = {};
    for (int first = 0; first < grid.rows; first += phase_rows) {
        Lanes re[phase_rows] = {}, im[phase_rows] = {}, x_re[phase_rows] = {}, x_im[phase_rows] = {};
        const float* w_re = grid.re + static_cast<std::int64_t>(first) * grid.columns;
        const float* w_im = grid.im + static_cast<std::int64_t>(first) * grid.columns;
        for (int column = 0; column < grid.columns; column++) {
            const Lanes er = lanes_at(ex_re + column * phase_lanes),
                        ei = lanes_at(ex_im + column * phase_lanes);
            const Lanes xr = er * grid.column_value[column], xi = ei * grid.column_value[column];
            for (int row = 0; row < phase_rows; row++) {
                const float wr = w_re[column * phase_rows + row], wi = w_im[column * phase_rows + row];
                re[row] += wr * er;
                re[row] -= wi * ei;
                im[row] += wr * ei;
                im[row] += wi * er;
                x_re[row] += wr * xr;
                x_re[row] -= wi * xi;
                x_im[row] += wr * xi;
                x_im[row] += wi * xr;
            }
        }
        for (int row = 0; row < phase_rows; row++) {
            const Lanes er = lanes_at(ey_re + (first + row) * phase_lanes);
            const Lanes ei = lanes_at(ey_im + (first + row) * phase_lanes);
            value += er * re[row] - ei * im[row];
            x += er * x_im[row] + ei * x_re[row];
            y += grid.row_value[first + row] * (er * im[row] + ei * re[row]);
        }
    }
    lanes_at(out.value) = value;
    lanes_at(out.x) = x;
    lanes_at(out.y) = y;
}

}  // namespace tumble::TUMBLE_ISA
