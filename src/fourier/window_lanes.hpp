#pragma once
// Vectors of the gridding kernels: GCC and Clang vector types, lowered to whatever the instruction set has.
// For kernel files only; everything has internal linkage. The types have an alignment of 4 so that they may
// be loaded from any element of a grid; as template arguments they would lose it.
#include "fourier/window_taps.hpp"

namespace tumble {

typedef float Lanes4 __attribute__((vector_size(16), aligned(4), may_alias));
typedef float Lanes8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef float Lanes16 __attribute__((vector_size(64), aligned(4), may_alias));

/// Weights of one point: on x as a vector, each lane twice for interleaved complex rows; on y and z to be
/// broadcast.
struct PointWeights {
    Lanes8 x;
    float y[WindowTaps::lanes], z[WindowTaps::lanes];
};

static inline void point_weights(const WindowTaps& taps, float tx, float ty, float tz, PointWeights& out) {
    const Lanes8* coefficients = reinterpret_cast<const Lanes8*>(taps.coefficients);
    Lanes8 x = coefficients[WindowTaps::terms - 1], y = x, z = x;
    for (int i = WindowTaps::terms - 2; i >= 0; i--) {
        x = x * tx + coefficients[i];
        y = y * ty + coefficients[i];
        z = z * tz + coefficients[i];
    }
    out.x = x;
    *reinterpret_cast<Lanes8*>(out.y) = y;
    *reinterpret_cast<Lanes8*>(out.z) = z;
}

// Lanes of others, named after what they hold of a = a0, a1, ... and b.
#if __has_builtin(__builtin_shufflevector)
/// a0, a0, a1, a1, ...
static inline void each_twice(const Lanes8& a, Lanes16& out) {
    out = __builtin_shufflevector(a, a, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
}
/// Sum of the two halves.
static inline void folded(const Lanes16& a, Lanes8& out) {
    out = __builtin_shufflevector(a, a, 0, 1, 2, 3, 4, 5, 6, 7) + __builtin_shufflevector(a, a, 8, 9, 10, 11, 12, 13, 14, 15);
}
static inline void first_four(const Lanes8& a, Lanes4& out) {
    out = __builtin_shufflevector(a, a, 0, 1, 2, 3);
}
/// a0, b0, a1, b1, ...: all of them; of the first four lanes; of lanes 4 and 5.
static inline void interleaved(const Lanes8& a, const Lanes8& b, Lanes16& out) {
    out = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
}
static inline void interleaved_first_four(const Lanes8& a, const Lanes8& b, Lanes8& out) {
    out = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
static inline void interleaved_next_two(const Lanes8& a, const Lanes8& b, Lanes4& out) {
    out = __builtin_shufflevector(a, b, 4, 12, 5, 13);
}
#else  // GCC 11
static inline void each_twice(const Lanes8& a, Lanes16& out) {
    for (int i = 0; i < 16; i++) out[i] = a[i / 2];
}
static inline void folded(const Lanes16& a, Lanes8& out) {
    for (int i = 0; i < 8; i++) out[i] = a[i] + a[8 + i];
}
static inline void first_four(const Lanes8& a, Lanes4& out) {
    for (int i = 0; i < 4; i++) out[i] = a[i];
}
static inline void interleaved(const Lanes8& a, const Lanes8& b, Lanes16& out) {
    for (int i = 0; i < 8; i++) out[2 * i] = a[i], out[2 * i + 1] = b[i];
}
static inline void interleaved_first_four(const Lanes8& a, const Lanes8& b, Lanes8& out) {
    for (int i = 0; i < 4; i++) out[2 * i] = a[i], out[2 * i + 1] = b[i];
}
static inline void interleaved_next_two(const Lanes8& a, const Lanes8& b, Lanes4& out) {
    for (int i = 0; i < 2; i++) out[2 * i] = a[4 + i], out[2 * i + 1] = b[4 + i];
}
#endif

/// Sums of the even and of the odd lanes.
static inline void even_odd_sums(const Lanes16& a, float& even, float& odd) {
    Lanes8 eight;
    folded(a, eight);
    even = (eight[0] + eight[4]) + (eight[2] + eight[6]);
    odd = (eight[1] + eight[5]) + (eight[3] + eight[7]);
}

}  // namespace tumble
