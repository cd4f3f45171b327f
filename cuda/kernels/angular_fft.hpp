#pragma once
// Inverse FFT over the in-plane angle of a direction's and its mirror's curve at once: twin of
// pose/angular_fft.hpp.
//
// N = parts x radix^2, 64 = 8^2, 128 = 2 x 8^2, 256 = 16^2, 512 = 2 x 16^2. A part is a group of `radix`
// lanes. It computes the outputs of its own residue modulo `parts`, by two passes of radix-point transforms
// in registers; between them the lanes exchange their values through the shared memory that held the
// spectrum. So a transform of 256 points takes 16 lanes and four barriers of the warp, and a warp does two at
// once.
#include <cuda_runtime.h>

#include <utility>

namespace tumble::cuda {

/// cos(2 pi k / 16) for any k.
constexpr float cosine16(int k) {
    constexpr float quarter[5] = {1.0f, 0.923879532511286756f, 0.707106781186547524f, 0.382683432365089772f,
                                  0.0f};
    k = ((k % 16) + 16) % 16;
    if (k > 8) k = 16 - k;
    return k <= 4 ? quarter[k] : -quarter[8 - k];
}

/// z exp(2 pi i e / n), n a divisor of 16.
template <int n, int e>
__device__ inline float2 turned(float2 z) {
    constexpr int k = (16 / n * e) % 16;
    if constexpr (k == 0) return z;
    if constexpr (k == 4) return make_float2(-z.y, z.x);
    constexpr float c = cosine16(k), s = cosine16(k - 4);
    return make_float2(fmaf(z.x, c, -z.y * s), fmaf(z.x, s, z.y * c));
}
__device__ inline float2 product(float2 a, float2 b) {
    return make_float2(fmaf(a.x, b.x, -a.y * b.y), fmaf(a.x, b.y, a.y * b.x));
}

/// Inverse DFT of the four elements 0, q, 2q, 3q, in place and in natural order.
template <int q>
__device__ inline void dft4(float2* z) {
    const float2 a = make_float2(z[0].x + z[2 * q].x, z[0].y + z[2 * q].y),
                 b = make_float2(z[0].x - z[2 * q].x, z[0].y - z[2 * q].y);
    const float2 c = make_float2(z[q].x + z[3 * q].x, z[q].y + z[3 * q].y),
                 d = make_float2(z[q].x - z[3 * q].x, z[q].y - z[3 * q].y);
    z[0] = make_float2(a.x + c.x, a.y + c.y);
    z[q] = make_float2(b.x - d.y, b.y + d.x);
    z[2 * q] = make_float2(a.x - c.x, a.y - c.y);
    z[3 * q] = make_float2(b.x + d.y, b.y - d.x);
}

template <int n>
__device__ inline void dft(float2* z);

template <int n, int... m>
__device__ inline void dft_by_four(float2* z, std::integer_sequence<int, m...>) {
    constexpr int q = n / 4;
    (dft4<q>(z + m), ...);
    ((z[q + m] = turned<n, m>(z[q + m])), ...);
    ((z[2 * q + m] = turned<n, 2 * m>(z[2 * q + m])), ...);
    ((z[3 * q + m] = turned<n, 3 * m>(z[3 * q + m])), ...);
#pragma unroll
    for (int p = 0; p < 4; p++) dft<q>(z + p * q);
}

/// Inverse DFT of n = 2, 4, 8 or 16 elements in place; output j is left at position<n>(j).
template <int n>
__device__ inline void dft(float2* z) {
    if constexpr (n == 2) {
        const float2 difference = make_float2(z[0].x - z[1].x, z[0].y - z[1].y);
        z[0] = make_float2(z[0].x + z[1].x, z[0].y + z[1].y);
        z[1] = difference;
    } else if constexpr (n == 4) {
        dft4<1>(z);
    } else {
        dft_by_four<n>(z, std::make_integer_sequence<int, n / 4>{});
    }
}
template <int n>
constexpr int position(int j) {
    if constexpr (n <= 4)
        return j;
    else
        return (j % 4) * (n / 4) + position<n / 4>(j / 4);
}

template <int N>
class AngularFft {
  public:
    static constexpr int radix = N <= 128 ? 8 : 16, parts = N / (radix * radix);
    static constexpr int lanes = parts * radix;    ///< of one transform
    static constexpr int transforms = 32 / lanes;  ///< that a warp does at once
    static constexpr int twiddles = parts * radix * radix;
    static constexpr int area = radix * (radix + 1);  ///< where a part exchanges one component
    /// Floats that the row of a spectrum needs at least: the areas, and room to begin them at a bank of their
    /// own.
    static constexpr int least_row = parts * area + 28;

    /// Fills the table that inverse() takes, with all threads of a block: exp(2 pi i p j / radix^2) at p
    /// radix + j, then, with two parts, exp(2 pi i m / N) at radix^2 + m.
    __device__ static void fill_twiddles(float2* table, int thread, int threads) {
        for (int i = thread; i < twiddles; i += threads) {
            const int m = i < radix * radix ? (i / radix) * (i % radix) : i - radix * radix;
            const float turns =
                static_cast<float>(m) / static_cast<float>(i < radix * radix ? radix * radix : N);
            sincospif(2.0f * turns, &table[i].y, &table[i].x);
        }
    }

    __device__ explicit AngularFft(int lane) : lane_(lane), j_(lane % radix), part_(lane / radix % parts) {}

    /// Which angle output q of this lane is.
    __device__ int angle(int q) const { return parts * (j_ + radix * q) + part_; }
    __device__ static constexpr int place_of_output(int q) { return position<radix>(q); }

    /// The transform of the spectrum at `row`, (S_m, T_m) for m < orders as (re, im, re, im); the row is
    /// overwritten. All lanes of the warp; those that are not `active` only keep up. Real parts of z are the
    /// direction's curve, imaginary parts the mirror's: output q is at place_of_output(q).
    __device__ void inverse(float* row, int orders, bool active, const float2* table,
                            float2 (&z)[radix]) const {
        if (active) load(reinterpret_cast<const float4*>(row), orders, table, z);
        dft<radix>(z);
#pragma unroll
        for (int p = 1; p < radix; p++)
            z[position<radix>(p)] = product(z[position<radix>(p)], table[p * radix + j_]);
        __syncwarp();  // the spectrum has been read
        float* mine = row + bank_offset(row);
        float re[radix];
        store(mine, active, [&](int p) { return z[position<radix>(p)].x; });
        __syncwarp();
#pragma unroll
        for (int k = 0; k < radix; k++) re[k] = active ? mine[j_ * (radix + 1) + k] : 0.0f;
        __syncwarp();
        store(mine, active, [&](int p) { return z[position<radix>(p)].y; });
        __syncwarp();
#pragma unroll
        for (int k = 0; k < radix; k++) z[k] = make_float2(re[k], active ? mine[j_ * (radix + 1) + k] : 0.0f);
        dft<radix>(z);
    }

  private:
    /// Z_m = S_m + i T_m for m <= N / 2 and Z_{-m} = conj(S_m) + i conj(T_m).
    __device__ static float2 harmonic(const float4* spectrum, int orders, int i) {
        const bool minus = 2 * i > N;
        const int m = minus ? N - i : i;
        if (m >= orders) return make_float2(0.0f, 0.0f);
        const float4 s = spectrum[m];
        return minus ? make_float2(s.x + s.w, s.z - s.y) : make_float2(s.x - s.w, s.y + s.z);
    }
    /// Input of the first pass. With two parts: sums of the harmonics half a turn apart for even angles, and
    /// their differences, turned, for odd ones.
    __device__ void load(const float4* spectrum, int orders, const float2* table, float2 (&z)[radix]) const {
#pragma unroll
        for (int k = 0; k < radix; k++) {
            const int i = j_ + radix * k;
            z[k] = harmonic(spectrum, orders, i);
            if constexpr (parts == 2) {
                const float2 other = harmonic(spectrum, orders, i + N / 2);
                if (part_ == 0)
                    z[k] = make_float2(z[k].x + other.x, z[k].y + other.y);
                else
                    z[k] = product(make_float2(z[k].x - other.x, z[k].y - other.y), table[radix * radix + i]);
            }
        }
    }
    /// Floats from the row's begin to the lane's area: areas of different lane groups begin `radix` banks
    /// apart, and so no two lanes of the warp meet in a bank. The row itself begins at any multiple of 4
    /// banks.
    __device__ int bank_offset(const float* row) const {
        const int bank = static_cast<int>((reinterpret_cast<unsigned long long>(row) / sizeof(float)) % 32);
        const int group = lane_ / radix;
        return ((radix * (group - part_) - bank) & 31) + part_ * area;
    }
    template <class Value>
    __device__ void store(float* mine, bool active, Value&& value) const {
        if (!active) return;
#pragma unroll
        for (int p = 0; p < radix; p++) mine[p * (radix + 1) + j_] = value(p);
    }

    int lane_, j_, part_;
};

}  // namespace tumble::cuda
