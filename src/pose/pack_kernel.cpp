// Polar images to coefficients in the radial basis, sixteen at a time: shift ramp, angular harmonics,
// projection.
#include "pose/angular_fft.hpp"
#include "pose/score_kernel.hpp"

namespace tumble {
namespace TUMBLE_ISA {
namespace {

constexpr int largest_half = 256;

/// Cosine and sine of 2 pi x for |x| <= 1/2 turn, to 2e-7: Taylor series of the half angle, then doubling.
TUMBLE_INLINE void sin_cos_turns(float x, float& cosine, float& sine) {
    const float h = 3.14159265358979f * x, q = h * h;
    const float s =
        h *
        (1 + q * (-1.0f / 6 + q * (1.0f / 120 + q * (-1.0f / 5040 + q * (1.0f / 362880 - q / 39916800)))));
    const float c =
        1 + q * (-0.5f + q * (1.0f / 24 + q * (-1.0f / 720 +
                                               q * (1.0f / 40320 + q * (-1.0f / 3628800 + q / 479001600)))));
    cosine = 1 - 2 * s * s;
    sine = 2 * s * c;
}

/// Fills lane `lane` of a full turn from the half circle of one ring, times scale * exp(2 pi i k.t).
template <int N>
void fill_ring(const PackTask& task, int ring, int lane, float* full) {
    constexpr int half = N / 2, imaginary = imaginary_offset<N>;
    float re[largest_half], im[largest_half];
    const float scale = task.scale[ring];
    if (!task.samples[lane]) {
        for (int j = 0; j < half; j++) re[j] = im[j] = 0;
    } else {
        const float* x = reinterpret_cast<const float*>(task.samples[lane] + ring * half);
        const double kx = task.ring[ring] * task.shift_x[lane], ky = task.ring[ring] * task.shift_y[lane];
        constexpr double round =
            6755399441055744.0;  // 1.5 * 2^52: adding and subtracting it rounds to an integer
        for (int j = 0; j < half; j++) {
            const double turns = kx * task.cosine[j] + ky * task.sine[j];
            float c, s;
            sin_cos_turns(static_cast<float>(turns - ((turns + round) - round)), c, s);
            const float xr = scale * x[2 * j], xi = scale * x[2 * j + 1];
            re[j] = xr * c - xi * s;
            im[j] = xr * s + xi * c;
        }
    }
    for (int j = 0; j < half; j++) {
        float* here = full + row_width * slot<N>(j) + lane;
        float* opposite = full + row_width * slot<N>(j + half) + lane;
        here[0] = opposite[0] = re[j];
        here[imaginary] = im[j];
        opposite[imaginary] = -im[j];
    }
}

/// Harmonics a_m = sum_j X_j exp(-2 pi i m j / N) of one ring, m < orders, to harmonics[m][ring][re, im][16].
template <int N>
void transform_ring(const PackTask& task, int ring, const float* full, float* between, float* harmonics) {
    constexpr int first = first_factor<N>, second = second_factor<N>;
    for (int row = 0; row < row_width; row += lanes)
        inverse_fft<N>(
            full + row, between + row, task.twiddles, [&](int j1, const Vector* re, const Vector* im) {
                TUMBLE_UNROLL
                for (int j2 = 0; j2 < second; j2++) {
                    const int j = j1 + first * j2, m = j == 0 ? 0 : N - j, p = position<second>(j2);
                    if (m >= task.orders) continue;
                    float* out =
                        harmonics + (static_cast<std::int64_t>(m) * task.rings + ring) * 2 * row_width + row;
                    store(out, re[p]);
                    // Exactly real for a real image: order 0 and the highest.
                    store(out + row_width, m == 0 || m == N / 2 ? Vector{} : im[p]);
                }
            });
}

/// out[k] = sum over rings of U[k][ring] * harmonics[ring] for `count` functions k.
template <int count>
TUMBLE_INLINE void project_functions(const float* vectors, const float* harmonics, int rings, float* out) {
    Vector re[count], im[count];
    TUMBLE_UNROLL
    for (int k = 0; k < count; k++) re[k] = im[k] = Vector{};
    for (int r = 0; r < rings; r++) {
        const Vector hr = load(harmonics + 2 * row_width * r),
                     hi = load(harmonics + 2 * row_width * r + row_width);
        TUMBLE_UNROLL
        for (int k = 0; k < count; k++) {
            const float u = vectors[k * rings + r];
            re[k] += hr * u;
            im[k] += hi * u;
        }
    }
    TUMBLE_UNROLL
    for (int k = 0; k < count; k++) {
        store(out + 2 * row_width * k, re[k]);
        store(out + 2 * row_width * k + row_width, im[k]);
    }
}

template <int N>
void pack_group_of(const PackTask& task) {
    float* full = task.scratch;
    float* between = full + spectrum_floats<N>;
    float* harmonics = between + spectrum_floats<N>;
    for (int ring = 0; ring < task.rings; ring++) {
        for (int lane = 0; lane < group_rows; lane++) fill_ring<N>(task, ring, lane, full);
        transform_ring<N>(task, ring, full, between, harmonics);
    }
    const float* vectors = task.vectors;
    float* out = task.out;
    for (int m = 0; m < task.orders; m++) {
        const float* order = harmonics + static_cast<std::int64_t>(m) * task.rings * 2 * row_width;
        constexpr int step = 6;
        for (int row = 0; row < row_width; row += lanes) {
            int k = 0;
            for (; k + step <= task.rank[m]; k += step)
                project_functions<step>(vectors + k * task.rings, order + row, task.rings,
                                        out + k * 2 * row_width + row);
            for (; k < task.rank[m]; k++)
                project_functions<1>(vectors + k * task.rings, order + row, task.rings,
                                     out + k * 2 * row_width + row);
        }
        vectors += task.rank[m] * task.rings;
        out += task.rank[m] * 2 * row_width;
    }
}

}  // namespace

void pack_group(const PackTask& task) {
    switch (task.angles) {
        case 64:
            return pack_group_of<64>(task);
        case 128:
            return pack_group_of<128>(task);
        case 256:
            return pack_group_of<256>(task);
        case 512:
            return pack_group_of<512>(task);
    }
}

}  // namespace TUMBLE_ISA
}  // namespace tumble
