#include "insertion_baseline_kernel.hpp"

#include <math.h>

namespace tumble::TUMBLE_ISA {
namespace {

typedef float Lanes4 __attribute__((vector_size(16), aligned(4), may_alias));
typedef float Lanes8 __attribute__((vector_size(32), aligned(4), may_alias));

inline int wrapped(int i, int side) {
    if (i < 0) return i + side;
    return i >= side ? i - side : i;
}

}  // namespace

void scatter_in_order(const ScatterGrid& grid, const float* table, const float* rotation, const float* points,
                      std::int64_t count, const float* values) {
    const float side = static_cast<float>(grid.side);
    for (std::int64_t p = 0; p < count; p++) {
        const float u = side * points[2 * p], v = side * points[2 * p + 1];
        float at[3], re = values[2 * p], im = values[2 * p + 1];
        for (int i = 0; i < 3; i++) at[i] = rotation[i] * u + rotation[3 + i] * v;
        if (at[0] < 0) {
            for (float& a : at) a = -a;
            im = -im;
        }
        int first[3];
        const float* taps[3];
        for (int i = 0; i < 3; i++) {
            const float below = floorf(at[i]);
            first[i] = static_cast<int>(below) - 1;
            taps[i] = table + 4 * static_cast<int>((at[i] - below) * scatter_table_steps + 0.5f);
        }
        const Lanes4 x = *reinterpret_cast<const Lanes4*>(taps[0]);
#if __has_builtin(__builtin_shufflevector)
        const Lanes8 twice = __builtin_shufflevector(x, x, 0, 0, 1, 1, 2, 2, 3, 3);
#else  // GCC 11
        const Lanes8 twice{x[0], x[0], x[1], x[1], x[2], x[2], x[3], x[3]};
#endif
        const Lanes8 value = twice * Lanes8{re, im, re, im, re, im, re, im};
        for (int k = 0; k < 4; k++) {
            const std::int64_t plane =
                static_cast<std::int64_t>(wrapped(first[2] + k, grid.side)) * grid.side;
            for (int j = 0; j < 4; j++) {
                const std::int64_t cell =
                    (plane + wrapped(first[1] + j, grid.side)) * grid.stride + first[0] + 4;
                const float weight = taps[2][k] * taps[1][j];
                *reinterpret_cast<Lanes8*>(grid.data + 2 * cell) += value * weight;
                *reinterpret_cast<Lanes4*>(grid.weight + cell) += x * weight;
            }
        }
    }
}

}  // namespace tumble::TUMBLE_ISA
