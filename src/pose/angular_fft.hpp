#pragma once
// Inverse FFT over the in-plane angle, one transform a vector lane. For kernel files only: everything here
// has internal linkage and is compiled with the flags of the file that includes it
// (cmake/TumbleKernels.cmake).
//
// A spectrum of N complex points lies in memory as vectors of `row_width` floats, one a point, real parts
// first: point m at slot(m), imaginary parts imaginary_offset<N> further on. Slots skip one vector after each
// row of the N = first x second factorisation, so that no stride is a power of two.
#include <utility>

#include "pose/lane_vector.hpp"

namespace tumble {
namespace TUMBLE_ISA {
namespace {

/// cos(2 pi k / 32) for any k.
constexpr float cosine32(int k) {
    constexpr float quarter[9] = {1.0f,
                                  0.980785280403230449f,
                                  0.923879532511286756f,
                                  0.831469612302545237f,
                                  0.707106781186547524f,
                                  0.555570233019602225f,
                                  0.382683432365089772f,
                                  0.195090322016128268f,
                                  0.0f};
    k = ((k % 32) + 32) % 32;
    if (k > 16) k = 32 - k;
    return k <= 8 ? quarter[k] : -quarter[16 - k];
}

/// Multiplies (re, im) by exp(2 pi i e / n), n a divisor of 32.
template <int n, int e>
TUMBLE_INLINE void turn(Vector& re, Vector& im) {
    constexpr int k = (32 / n * e) % 32;
    if constexpr (k == 8) {
        const Vector old = re;
        re = -im;
        im = old;
    } else if constexpr (k != 0) {
        constexpr float c = cosine32(k), s = cosine32(k - 8);
        const Vector old = re;
        re = old * c - im * s;
        im = old * s + im * c;
    }
}

TUMBLE_INLINE void dft2(Vector* re, Vector* im) {
    const Vector r = re[0] - re[1], i = im[0] - im[1];
    re[0] = re[0] + re[1], im[0] = im[0] + im[1];
    re[1] = r, im[1] = i;
}

/// Inverse DFT of the four elements 0, q, 2q, 3q, in place and in natural order.
template <int q>
TUMBLE_INLINE void dft4(Vector* re, Vector* im) {
    const Vector ar = re[0] + re[2 * q], ai = im[0] + im[2 * q], br = re[0] - re[2 * q],
                 bi = im[0] - im[2 * q];
    const Vector cr = re[q] + re[3 * q], ci = im[q] + im[3 * q], dr = re[q] - re[3 * q],
                 di = im[q] - im[3 * q];
    re[0] = ar + cr, im[0] = ai + ci;
    re[q] = br - di, im[q] = bi + dr;
    re[2 * q] = ar - cr, im[2 * q] = ai - ci;
    re[3 * q] = br + di, im[3 * q] = bi - dr;
}

template <int n>
TUMBLE_INLINE void dft(Vector* re, Vector* im);

template <int n, int... m>
TUMBLE_INLINE void dft_by_four(Vector* re, Vector* im, std::integer_sequence<int, m...>) {
    constexpr int q = n / 4;
    (dft4<q>(re + m, im + m), ...);
    (turn<n, m>(re[q + m], im[q + m]), ...);
    (turn<n, 2 * m>(re[2 * q + m], im[2 * q + m]), ...);
    (turn<n, 3 * m>(re[3 * q + m], im[3 * q + m]), ...);
    for (int p = 0; p < 4; p++) dft<q>(re + p * q, im + p * q);
}

/// Inverse DFT of n = 2, 4, 8, 16 or 32 elements in place; output j is left at position<n>(j).
template <int n>
TUMBLE_INLINE void dft(Vector* re, Vector* im) {
    if constexpr (n == 2)
        dft2(re, im);
    else if constexpr (n == 4)
        dft4<1>(re, im);
    else
        dft_by_four<n>(re, im, std::make_integer_sequence<int, n / 4>{});
}
template <int n>
constexpr int position(int j) {
    if constexpr (n <= 4)
        return j;
    else
        return (j % 4) * (n / 4) + position<n / 4>(j / 4);
}

/// N = first x second: the factors of the two passes.
template <int N>
constexpr int first_factor = N == 64 ? 8 : 16;
template <int N>
constexpr int second_factor = N / first_factor<N>;

template <int N>
constexpr int slot(int m) {
    return m + m / second_factor<N>;
}
template <int N>
constexpr int imaginary_offset = (N + first_factor<N> + 1) * row_width;
/// Floats of one spectrum.
template <int N>
constexpr int spectrum_floats = 2 * imaginary_offset<N>;

/// Inverse FFT, unnormalised, of `lanes` lanes of `spectrum`; `between` is scratch of the same size.
/// `twiddles` holds cos and sin of 2 pi m2 j1 / N, [m2][j1][2]. Calls sink(j1, re, im) for each j1 with the
/// outputs j1 + first * j2 at position<second>(j2).
template <int N, class Sink>
TUMBLE_INLINE void inverse_fft(const float* spectrum, float* between, const float* twiddles, Sink&& sink) {
    constexpr int first = first_factor<N>, second = second_factor<N>, imaginary = imaginary_offset<N>;
    for (int m2 = 0; m2 < second; m2++) {
        Vector re[first], im[first];
        TUMBLE_UNROLL
        for (int m1 = 0; m1 < first; m1++) {
            const float* z = spectrum + row_width * (m2 + (second + 1) * m1);
            re[m1] = load(z), im[m1] = load(z + imaginary);
        }
        dft<first>(re, im);
        const float* w = twiddles + 2 * first * m2;
        TUMBLE_UNROLL
        for (int j1 = 0; j1 < first; j1++) {
            const int p = position<first>(j1);
            float* t = between + row_width * (m2 + (second + 1) * j1);
            store(t, re[p] * w[2 * j1] - im[p] * w[2 * j1 + 1]);
            store(t + imaginary, re[p] * w[2 * j1 + 1] + im[p] * w[2 * j1]);
        }
    }
    for (int j1 = 0; j1 < first; j1++) {
        Vector re[second], im[second];
        TUMBLE_UNROLL
        for (int m2 = 0; m2 < second; m2++) {
            const float* t = between + row_width * (m2 + (second + 1) * j1);
            re[m2] = load(t), im[m2] = load(t + imaginary);
        }
        dft<second>(re, im);
        sink(j1, re, im);
    }
}

}  // namespace
}  // namespace TUMBLE_ISA
}  // namespace tumble
