// The scoring tile: four real products an angular order, the inverse FFT over the in-plane angle, the running
// maximum.
#include "pose/score_kernel.hpp"

#include "pose/angular_fft.hpp"

namespace tumble {
namespace TUMBLE_ISA {
namespace {

// Registers: 4 products x `tile` directions accumulate at once.
#if defined(TUMBLE_ISA_avx512)
constexpr int tile = 6;
#else
constexpr int tile = 3;
#endif
constexpr int order_row = 2 * row_width, order_column = 2 * block_directions;
constexpr float minus_infinity = -__builtin_inff();

/// Upper bounds of 6 directions and their mirrors, [direction][mirror][16].
using Bounds = float[2 * block_directions * row_width];

/// S_m and T_m of `tile` directions in `lanes` rows, written as Z_m = S_m + i T_m and Z_{-m} = conj(S_m) + i
/// conj(T_m).
template <int N, bool with_bounds>
TUMBLE_INLINE void multiply_order(const float* a, const float* b, int rank, int m, float* spectra,
                                  float* bounds) {
    Vector p1[tile], p2[tile], p3[tile], p4[tile];
    TUMBLE_UNROLL
    for (int d = 0; d < tile; d++) p1[d] = p2[d] = p3[d] = p4[d] = Vector{};
    for (int k = 0; k < rank; k++, a += order_row, b += order_column) {
        // The stream of directions comes from the outer caches; without this the loop runs at half its rate.
        __builtin_prefetch(b + 1536);
        const Vector ar = load(a), ai = load(a + row_width);
        TUMBLE_UNROLL
        for (int d = 0; d < tile; d++) {
            const float br = b[d], bi = b[block_directions + d];
            p1[d] += ar * br;
            p2[d] += ai * bi;
            p3[d] += ar * bi;
            p4[d] += ai * br;
        }
    }
    constexpr int imaginary = imaginary_offset<N>;
    const bool self_conjugate = m == 0 || m == N / 2;
    const int plus = row_width * slot<N>(m), minus = row_width * slot<N>(N - m);
    TUMBLE_UNROLL
    for (int d = 0; d < tile; d++) {
        const Vector sr = p1[d] + p2[d], si = p4[d] - p3[d], tr = p1[d] - p2[d], ti = p3[d] + p4[d];
        float* z = spectra + d * spectrum_floats<N>;
        store(z + plus, sr - ti);
        store(z + plus + imaginary, si + tr);
        if (!self_conjugate) {
            store(z + minus, sr + ti);
            store(z + minus + imaginary, tr - si);
        }
        if constexpr (with_bounds) {
            const float weight = self_conjugate ? 1.0f : 2.0f;
            float* u = bounds + 2 * d * row_width;
            store(u, load(u) + weight * rough_square_root(sr * sr + si * si));
            store(u + row_width, load(u + row_width) + weight * rough_square_root(tr * tr + ti * ti));
        }
    }
}

/// The spectra of one group of rows and one block of directions, and their bounds |S_0| + 2 sum |S_m|.
template <int N, bool with_bounds>
void multiply_block(const ScoreTask& task, const float* b, float* spectra, float* bounds) {
    if constexpr (with_bounds)
        for (int i = 0; i < 2 * block_directions * row_width; i++) bounds[i] = 0;
    const float* a = task.rows;
    for (int m = 0; m < task.orders; m++) {
        for (int row = 0; row < row_width; row += lanes)
            for (int d = 0; d < block_directions; d += tile)
                multiply_order<N, with_bounds>(a + row, b + d, task.rank[m], m,
                                               spectra + d * spectrum_floats<N> + row,
                                               bounds + 2 * d * row_width + row);
        a += task.rank[m] * order_row;
        b += task.rank[m] * order_column;
    }
}

/// Largest value over the angles of the curves of a direction (out[0..15]) and its mirror (out[16..31]).
template <int N>
void transform_maximum(const float* spectrum, float* between, const float* twiddles, float* out) {
    constexpr int second = second_factor<N>;
    for (int row = 0; row < row_width; row += lanes) {
        Vector best_re = broadcast(minus_infinity), best_im = best_re;
        inverse_fft<N>(spectrum + row, between + row, twiddles, [&](int, const Vector* re, const Vector* im) {
            TUMBLE_UNROLL
            for (int j = 0; j < second; j++) {
                best_re = maximum(best_re, re[j]);
                best_im = maximum(best_im, im[j]);
            }
        });
        store(out + row, best_re);
        store(out + row_width + row, best_im);
    }
}

/// True if no row's score against the direction or its mirror can exceed its threshold. The margin covers the
/// rounding of the bound (relative 5e-4 with the square root) and of the transform, whose error scales with
/// both curves.
TUMBLE_INLINE bool out_of_reach(const float* bounds, float power, const float* threshold) {
    const float slack = 1e-6f * __builtin_fabsf(power);
    for (int row = 0; row < row_width; row += lanes) {
        const Vector own = load(bounds + row), opposite = load(bounds + row_width + row),
                     limit = load(threshold + row);
        if (any_greater(2.001f * own + 1e-5f * opposite - power + slack, limit)) return false;
        if (any_greater(2.001f * opposite + 1e-5f * own - power + slack, limit)) return false;
    }
    return true;
}

/// Raises the threshold of the lane that scored `value`, and of the lanes of the same owner to just below it:
/// there an equal score may still win.
void raise_thresholds(float value, int lane, const int* owner, float* threshold) {
    threshold[lane] = value;
    if (!owner) return;
    const float below = value - 2e-7f * __builtin_fabsf(value);
    for (int other = 0; other < row_width; other++)
        if (owner[other] == owner[lane] && threshold[other] < below) threshold[other] = below;
}

/// From the maxima of s to those of L = 2 s - Q; with thresholds, what does not exceed its row's becomes
/// -infinity.
TUMBLE_INLINE void finish(const ScoreTask& task, float power, float* maxima) {
    for (int i = 0; i < 2 * row_width; i++) maxima[i] = 2 * maxima[i] - power;
    if (!task.threshold) return;
    for (int h = 0; h < 2; h++)
        for (int lane = 0; lane < row_width; lane++) {
            float& value = maxima[h * row_width + lane];
            if (!(value > task.threshold[lane]))
                value = minus_infinity;
            else if (task.raise)
                raise_thresholds(value, lane, task.owner, task.threshold);
        }
}

/// Decides whether the bounds are worth their cost: after 4 blocks in which less than a tenth was skipped
/// they rest for 28.
struct BoundSwitch {
    int age = 0, skipped = 0, seen = 0;
    bool on() const { return age < 4; }
    void count(int skips, int directions) {
        if (on()) skipped += skips, seen += directions;
        age++;
        if (age == 4 && 10 * skipped >= seen) age = skipped = seen = 0;
        if (age == 32) age = skipped = seen = 0;
    }
};

template <int N>
void score_range_of(ScoreTask& task) {
    std::int64_t stride = 0;
    for (int m = 0; m < task.orders; m++) stride += task.rank[m] * order_column;
    float* between = task.scratch + block_directions * spectrum_floats<N>;
    Bounds bounds;
    BoundSwitch bound_switch;
    task.transformed = 0;
    for (std::int64_t first = 0; first < task.count; first += block_directions) {
        const float* b = task.directions + first / block_directions * stride;
        const bool bounded = task.threshold && bound_switch.on();
        if (task.products) {
            if (bounded)
                multiply_block<N, true>(task, b, task.scratch, bounds);
            else
                multiply_block<N, false>(task, b, task.scratch, nullptr);
        }
        if (!task.transforms) continue;
        const int count =
            static_cast<int>(task.count - first < block_directions ? task.count - first : block_directions);
        int skips = 0;
        for (int d = 0; d < count; d++) {
            float* maxima = task.maxima + (first + d) * 2 * row_width;
            const float power = task.power[first + d];
            if (bounded && out_of_reach(bounds + 2 * d * row_width, power, task.threshold)) {
                for (int i = 0; i < 2 * row_width; i++) maxima[i] = minus_infinity;
                skips++;
                continue;
            }
            transform_maximum<N>(task.scratch + d * spectrum_floats<N>, between, task.twiddles, maxima);
            finish(task, power, maxima);
        }
        task.transformed += count - skips;
        bound_switch.count(skips, count);
    }
}

template <int N>
void score_curve_of(const CurveTask& task) {
    float* between = task.pair.scratch + block_directions * spectrum_floats<N>;
    multiply_block<N, false>(task.pair, task.pair.directions, task.pair.scratch, nullptr);
    const float* spectrum = task.pair.scratch + task.direction * spectrum_floats<N>;
    const int row = task.lane / lanes * lanes, lane = task.lane % lanes;
    inverse_fft<N>(spectrum + row, between + row, task.pair.twiddles,
                   [&](int j1, const Vector* re, const Vector* im) {
                       for (int j2 = 0; j2 < second_factor<N>; j2++) {
                           const int p = position<second_factor<N>>(j2);
                           task.curve[j1 + first_factor<N> * j2] = task.mirror ? im[p][lane] : re[p][lane];
                       }
                   });
}

}  // namespace

void score_range(ScoreTask& task) {
    switch (task.angles) {
        case 64:
            return score_range_of<64>(task);
        case 128:
            return score_range_of<128>(task);
        case 256:
            return score_range_of<256>(task);
        case 512:
            return score_range_of<512>(task);
    }
}

void score_curve(const CurveTask& task) {
    switch (task.pair.angles) {
        case 64:
            return score_curve_of<64>(task);
        case 128:
            return score_curve_of<128>(task);
        case 256:
            return score_curve_of<256>(task);
        case 512:
            return score_curve_of<512>(task);
    }
}

}  // namespace TUMBLE_ISA
}  // namespace tumble
