#include "kernels/pose_polish.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "fourier/central_slice_element.hpp"
#include "kernels/shared_memory.hpp"
#include "runtime/launch.hpp"

namespace tumble::cuda {
namespace {

constexpr unsigned whole_warp = 0xffffffffu;
constexpr int threads = 256, warps = threads / 32;
constexpr int blocks_a_multiprocessor = 4;  // so 64 registers a thread: half of the warps that fit hide the loads
constexpr int polish_blocks(int width) {  // wide windows want some registers more
    return width <= 5 ? 4 : 3;
}
// Lanes that share a sample: one for each tap along x, whose loads then lie side by side.
constexpr int sample_lanes = WindowTaps::lanes, samples_a_pass = threads / sample_lanes;
// Points go through a block in chunks: their samples are made by groups of lanes, then each thread has one point.
constexpr int chunk = threads;
constexpr int neighbours = 7;  // the slice and its turns by +-0.005 rad about x, y, z
constexpr float cosine_of_difference = 0.9999875f, sine_of_difference = 0.00499997917f, inverse_double_difference = 100.0f;

// What a point adds to: the score alone; with it the gradient [1 + i] and the normal matrix [6 + i (i + 1) / 2 + j], j <= i, of
// the five parameters; with it the two gradients and three second derivatives of the shift.
constexpr int system_sums = 21, shift_sums = 6;
constexpr int gradient_at = 1, normal_at = 6;

// The least damping that the 5 x 5 system is solved with. Scaled to a unit diagonal, its elements carry rounding of about
// 1e-6, which must not make it indefinite; where it matters, the parameters' combination is not determined by the data.
constexpr float least_damping = 1e-5f;
// The limit is 1e3; products of 10 and 0.3 in float come within 1e-6 of it, the next larger is 2.7e3.
constexpr float damping_limit = 1.001e3f;

/// A sum and what rounding has taken from it: 2^-48 of the sum of absolute terms however many terms there are.
struct CarefulSum {
    float value, rest;
};
__device__ inline void add(CarefulSum& sum, float term) {
    const float total = sum.value + term, taken = total - sum.value;
    sum.rest += (sum.value - (total - taken)) + (term - taken);
    sum.value = total;
}
__device__ inline bool greater(const CarefulSum& a, const CarefulSum& b) {
    return (a.value - b.value) + (a.rest - b.rest) > 0.0f;
}

/// What is the same for all candidates.
struct Scene {
    const float2* values;       // [image][point]
    const float2* frequencies;  // [point]
    const float* weights;       // [point]
    const int* order;           // [count]
    long long points;
    int count;
    float box, cycles_a_step;      // 1 / (box pixel): cycles per A between columns of the grid
    float radians_a_unit;          // 2 pi / pixel: of a frequency of 1 cycle per pixel, per A
    float half_precision;          // of the shift's prior: 1 / (2 sigma^2), or 0
    float smallest_step, inverse_radius;
    int steps;
    GridLayout layout;
    WindowTaps taps;
};

/// The shared memory of a block but for the samples, which follow it.
struct alignas(16) Desk {
    CarefulSum of_warps[warps * 32];
    CarefulSum sums[32], trial_sum[1];
    float rotations[neighbours][6];  // first two rows: the points lie in the plane
    float rotation[9], trial_rotation[9], shift[2], trial_shift[2], step;
    CarefulSum score;
    int go_on, accepted, moved;
};

// ---- samples ----

/// Real part (lower four lanes of a group of eight) or imaginary part (upper four) of the transform at point `at` of a slice;
/// sample_point of fourier/central_slice_element.hpp shared out over the lanes.
template <int width>
__device__ inline float sample(const float2* __restrict__ grid, const Scene& scene, const float (&column_taps)[WindowTaps::terms],
                               const float* rotation, float2 at, int lane) {
    const bool inside = inside_nyquist(at.x, at.y);
    const GridPoint point = place_point(rotation, inside ? at.x : 0.0f, inside ? at.y : 0.0f, scene.layout.padded, width);
    const int plane = scene.layout.rows * scene.layout.stride;
    // Lanes without a tap carry the weight 0 and read what the last tap reads.
    const float2* base = grid + grid_index(scene.layout, point.x + (lane < width ? lane : width - 1), point.y, point.z);
    float wx = column_taps[WindowTaps::terms - 1], wz = wx, wy[width];
#pragma unroll
    for (int i = WindowTaps::terms - 2; i >= 0; i--) {
        wx = fmaf(wx, point.tx, column_taps[i]);
        wz = fmaf(wz, point.tz, column_taps[i]);
    }
#pragma unroll
    for (int j = 0; j < width; j++) wy[j] = tap_weight(scene.taps, j, point.ty);
    float re = 0.0f, im = 0.0f;
#pragma unroll 1  // unrolled, the addresses of all rows want a register each
    for (int k = 0; k < width; k++) {
        float plane_re = 0.0f, plane_im = 0.0f;
#pragma unroll
        for (int j = 0; j < width; j++) {
            const float2 value = base[j * scene.layout.stride];
            plane_re = fmaf(wy[j], value.x, plane_re);
            plane_im = fmaf(wy[j], value.y, plane_im);
        }
        const float wz_k = __shfl_sync(whole_warp, wz, k, sample_lanes);
        re = fmaf(wz_k, plane_re, re);
        im = fmaf(wz_k, plane_im, im);
        base += plane;
    }
    re = __fmul_rn(re, wx);
    im = __fmul_rn(im, wx);
    const bool upper = lane >= sample_lanes / 2;
    float sum = (upper ? im : re) + __shfl_xor_sync(whole_warp, upper ? re : im, 4);
    sum += __shfl_xor_sync(whole_warp, sum, 2);
    sum += __shfl_xor_sync(whole_warp, sum, 1);
    if (upper && point.conjugate) sum = -sum;
    return inside ? sum : 0.0f;
}

/// out[slice * stride + i] = slice at point order[first + i], i < count <= chunk, for the first `slices` of desk.rotations.
template <int width, int slices>
__device__ inline void sample_chunk(const float2* __restrict__ grid, const Scene& scene, const Desk& desk, int first, int count,
                                    float2* out, int stride) {
    const int lane = static_cast<int>(threadIdx.x) % sample_lanes, slot = static_cast<int>(threadIdx.x) / sample_lanes;
    float column_taps[WindowTaps::terms];
#pragma unroll
    for (int i = 0; i < WindowTaps::terms; i++) column_taps[i] = scene.taps.coefficients[i][lane];
    for (int begin = 0; begin < count; begin += samples_a_pass) {
        const int i = begin + slot;
        const bool wanted = i < count;
        const float2 at = scene.frequencies[scene.order[first + (wanted ? i : count - 1)]];
#pragma unroll 1
        for (int s = 0; s < slices; s++) {
            const float part = sample<width>(grid, scene, column_taps, desk.rotations[s], at, lane);
            if (wanted && lane % (sample_lanes / 2) == 0)
                reinterpret_cast<float*>(out + s * stride + i)[lane / (sample_lanes / 2)] = part;
        }
    }
}

// ---- sums over the points ----

/// Sums each of the `padded` (1, 8, 32) terms over the warp: lane l returns that of term l / (32 / padded). In every step a
/// lane gives away half of the terms that it holds, so 32 sums take 31 shuffles. Term 0 is added in the same order for any
/// `padded`. A tree of five levels: within 3e-7 of the sum of the absolute terms.
template <int bit = 16, int padded>
__device__ inline float warp_sum(const float (&terms)[padded]) {
    if constexpr (bit == 0) {
        return terms[0];
    } else if constexpr (padded == 1) {
        const float both[1] = {terms[0] + __shfl_xor_sync(whole_warp, terms[0], bit)};
        return warp_sum<bit / 2>(both);
    } else {
        constexpr int half = padded / 2;
        const bool upper = (static_cast<int>(threadIdx.x) & bit) != 0;
        float kept[half];
#pragma unroll
        for (int i = 0; i < half; i++)
            kept[i] = (upper ? terms[half + i] : terms[i]) + __shfl_xor_sync(whole_warp, upper ? terms[i] : terms[half + i], bit);
        return warp_sum<bit / 2>(kept);
    }
}

struct Point {
    float2 image;      // brought to the particle's centre
    float2 slice;
    float2 frequency;  // cycles per pixel
    float weight;
};

/// The image's value times exp(2 pi i k.t). The products of whole column numbers and shift are split into rounded value and
/// remainder, so that the phase is as exact for many cycles as for few.
__device__ inline float2 centred(float2 value, float2 frequency, const Scene& scene, const float* shift) {
    const float column = rintf(frequency.x * scene.box), row = rintf(frequency.y * scene.box);
    const float x = __fmul_rn(shift[0], scene.cycles_a_step), y = __fmul_rn(shift[1], scene.cycles_a_step);
    const float along_x = __fmul_rn(column, x), along_y = __fmul_rn(row, y);
    const float rest = fmaf(column, x, -along_x) + fmaf(row, y, -along_y);
    const float cycles = (along_x - rintf(along_x)) + (along_y - rintf(along_y)) + rest;
    float sine, cosine;
    sincospif(2.0f * cycles, &sine, &cosine);
    return make_float2(fmaf(value.x, cosine, -__fmul_rn(value.y, sine)), fmaf(value.x, sine, __fmul_rn(value.y, cosine)));
}

/// Products are rounded explicitly, so that every kernel gets the same bits for the score.
__device__ inline float score_term(const Point& p) {
    const float2 a = p.slice;
    return __fmul_rn(p.weight, fmaf(a.x, fmaf(2.0f, p.image.x, -a.x), __fmul_rn(a.y, fmaf(2.0f, p.image.y, -a.y))));
}

struct ScoreTerms {
    static constexpr int sums = 1, padded = 1;
    __device__ void operator()(const Point& p, const float2*, const Scene&, float (&terms)[padded]) const { terms[0] = score_term(p); }
};

struct SystemTerms {
    static constexpr int sums = system_sums, padded = 32;
    /// slices: the point's samples of all neighbours, `chunk` apart.
    __device__ void operator()(const Point& p, const float2* slices, const Scene& scene, float (&terms)[padded]) const {
        float2 d[5];
#pragma unroll
        for (int axis = 0; axis < 3; axis++) {
            const float2 forward = slices[(1 + 2 * axis) * chunk], backward = slices[(2 + 2 * axis) * chunk];
            d[axis] = make_float2((forward.x - backward.x) * inverse_double_difference, (forward.y - backward.y) * inverse_double_difference);
        }
        const float kx = p.frequency.x * scene.radians_a_unit, ky = p.frequency.y * scene.radians_a_unit;
        d[3] = make_float2(p.slice.y * kx, -p.slice.x * kx);  // -i k a: derivative of a exp(-i k t)
        d[4] = make_float2(p.slice.y * ky, -p.slice.x * ky);
        const float2 residual = make_float2(p.image.x - p.slice.x, p.image.y - p.slice.y);
        terms[0] = score_term(p);
#pragma unroll
        for (int i = 0; i < 5; i++) {
            const float2 weighted = make_float2(p.weight * d[i].x, p.weight * d[i].y);
            terms[gradient_at + i] = fmaf(weighted.x, residual.x, weighted.y * residual.y);
#pragma unroll
            for (int j = 0; j <= i; j++) terms[normal_at + i * (i + 1) / 2 + j] = fmaf(weighted.x, d[j].x, weighted.y * d[j].y);
        }
    }
};

struct ShiftTerms {
    static constexpr int sums = shift_sums, padded = 8;
    __device__ void operator()(const Point& p, const float2*, const Scene& scene, float (&terms)[padded]) const {
        const float2 a = p.slice;
        const float kx = p.frequency.x * scene.radians_a_unit, ky = p.frequency.y * scene.radians_a_unit;
        const float w = -2.0f * p.weight;
        const float re = w * fmaf(p.image.x, a.x, p.image.y * a.y), im = w * fmaf(p.image.y, a.x, -p.image.x * a.y);
        terms[0] = score_term(p);
        terms[1] = kx * im;
        terms[2] = ky * im;
        terms[3] = kx * kx * re;
        terms[4] = kx * ky * re;
        terms[5] = ky * ky * re;
    }
};

/// Where a block keeps the samples of its slices.
struct Samples {
    float2* data;
    bool whole;    // room for all points of the band (of one slice), else for a chunk of each slice
    bool present;  // the whole band has been sampled
};

/// totals[i] = sum of the terms over the points of the band, at `shift` for the slices of desk.rotations. Points are added in an
/// order that the band alone fixes: 32 of a warp, then chunks, then warps.
template <int width, int slices, class Terms>
__device__ inline void sum_band(const float2* __restrict__ grid, const Scene& scene, Desk& desk, long long image, const float* shift,
                                Samples samples, CarefulSum* totals) {
    const int thread = static_cast<int>(threadIdx.x), lane = thread % 32, warp = thread / 32;
    const float2* values = scene.values + image * scene.points;
    CarefulSum mine{0.0f, 0.0f};
    for (int first = 0; first < scene.count; first += chunk) {
        const int count = min(chunk, scene.count - first);
        float2* here = samples.data + (samples.whole ? first : 0);
        if (!samples.present) {
            sample_chunk<width, slices>(grid, scene, desk, first, count, here, chunk);
            __syncthreads();
        }
        float terms[Terms::padded] = {};
        if (thread < count) {
            const int p = scene.order[first + thread];
            Point point;
            point.frequency = scene.frequencies[p];
            point.weight = scene.weights[p];
            point.image = centred(values[p], point.frequency, scene, shift);
            point.slice = here[thread];
            Terms()(point, here + thread, scene, terms);
        }
        add(mine, warp_sum(terms));
        __syncthreads();
    }
    constexpr int lanes_a_sum = 32 / Terms::padded;
    if (lane % lanes_a_sum == 0) desk.of_warps[warp * 32 + lane / lanes_a_sum] = mine;
    __syncthreads();
    if (thread < Terms::sums) {
        CarefulSum total{0.0f, 0.0f};
        for (int w = 0; w < warps; w++) {
            const CarefulSum part = desk.of_warps[w * 32 + thread];
            add(total, part.value);
            total.rest += part.rest;
        }
        totals[thread] = total;
    }
    __syncthreads();
}

// ---- steps, by one thread ----

__device__ inline void add_prior(CarefulSum& score, const float* shift, float half_precision) {
    add(score, -half_precision * fmaf(shift[0], shift[0], shift[1] * shift[1]));
}

/// Solves the damped normal equations, scaled to a unit diagonal (radians and A differ in size, and float must do). Parameters
/// that no point depends on stay. Returns whether the move is finite.
__device__ inline bool solve_step(const CarefulSum* sums, const float* shift, float half_precision, float damping, float (&move)[5]) {
    float a[5][5], b[5], scale[5];
#pragma unroll
    for (int i = 0; i < 5; i++) {
        b[i] = sums[gradient_at + i].value;
#pragma unroll
        for (int j = 0; j <= i; j++) a[i][j] = sums[normal_at + i * (i + 1) / 2 + j].value;
        if (i >= 3) {  // half the prior's derivatives: the score is 2 x the sums
            a[i][i] += half_precision;
            b[i] -= half_precision * shift[i - 3];
        }
        scale[i] = a[i][i] > 0.0f ? rsqrtf(a[i][i]) : 0.0f;
    }
    damping = fmaxf(damping, least_damping);
    float pivot[5], inverse[5];
#pragma unroll
    for (int j = 0; j < 5; j++) {
        pivot[j] = 1.0f + damping;
#pragma unroll
        for (int k = 0; k < j; k++) pivot[j] -= a[j][k] * a[j][k] * pivot[k];
        inverse[j] = 1.0f / pivot[j];
#pragma unroll
        for (int i = j + 1; i < 5; i++) {
            float v = a[i][j] * scale[i] * scale[j];
#pragma unroll
            for (int k = 0; k < j; k++) v -= a[i][k] * a[j][k] * pivot[k];
            a[i][j] = v * inverse[j];
        }
    }
#pragma unroll
    for (int i = 0; i < 5; i++) {
        move[i] = b[i] * scale[i];
#pragma unroll
        for (int k = 0; k < i; k++) move[i] -= a[i][k] * move[k];
    }
    bool finite = true;
#pragma unroll
    for (int i = 4; i >= 0; i--) {
        move[i] *= inverse[i];
#pragma unroll
        for (int k = i + 1; k < 5; k++) move[i] -= a[k][i] * move[k];
    }
#pragma unroll
    for (int i = 0; i < 5; i++) {
        move[i] *= scale[i];
        finite = finite && fabsf(move[i]) < 3e38f;
    }
    return finite;
}

/// out = (turn by the vector `turn`) r, brought back to a rotation by one step of R (3 - R^T R) / 2, which squares the
/// rounding's deviation.
__device__ inline void turned(const float* r, float x, float y, float z, float* out) {
    const float angle = sqrtf(fmaf(x, x, fmaf(y, y, z * z)));
    float sine = 0.0f, cosine = 1.0f;  // of half the angle: 1 - cos loses no digits
    sincospif(0.5f * angle * 0.318309886f, &sine, &cosine);
    const float f = angle > 0.0f ? sine / angle : 0.0f, s = 2.0f * f * cosine, v = 2.0f * f * f;
    const float turn[9] = {1.0f - v * (y * y + z * z), v * x * y - s * z,         v * x * z + s * y,
                           v * x * y + s * z,         1.0f - v * (x * x + z * z), v * y * z - s * x,
                           v * x * z - s * y,         v * y * z + s * x,         1.0f - v * (x * x + y * y)};
    float p[9];
#pragma unroll
    for (int i = 0; i < 3; i++)
#pragma unroll
        for (int j = 0; j < 3; j++) p[3 * i + j] = fmaf(turn[3 * i], r[j], fmaf(turn[3 * i + 1], r[3 + j], turn[3 * i + 2] * r[6 + j]));
    float g[9];
#pragma unroll
    for (int i = 0; i < 3; i++)
#pragma unroll
        for (int j = 0; j < 3; j++)
            g[3 * i + j] = (i == j ? 1.5f : 0.0f) - 0.5f * fmaf(p[i], p[j], fmaf(p[3 + i], p[3 + j], p[6 + i] * p[6 + j]));
#pragma unroll
    for (int i = 0; i < 3; i++)
#pragma unroll
        for (int j = 0; j < 3; j++) out[3 * i + j] = fmaf(p[3 * i], g[j], fmaf(p[3 * i + 1], g[3 + j], p[3 * i + 2] * g[6 + j]));
}

/// One Newton step of the score's cross term and the prior; a gradient step where the Hessian is not negative definite.
__device__ inline void newton_step(const CarefulSum* sums, const float* shift, float half_precision, float* next) {
    const float precision = 2.0f * half_precision;
    const float gx = sums[1].value - precision * shift[0], gy = sums[2].value - precision * shift[1];
    const float hxx = sums[3].value - precision, hxy = sums[4].value, hyy = sums[5].value - precision;
    const float square = __fmul_rn(hxy, hxy);  // the difference of the products by its remainders: they may nearly be equal
    const float det = fmaf(hxx, hyy, -square) - fmaf(hxy, hxy, -square);
    float dx, dy;
    if (hxx < 0.0f && det > 0.0f) {
        dx = -fmaf(hyy, gx, -(hxy * gy)) / det;
        dy = -fmaf(hxx, gy, -(hxy * gx)) / det;
    } else {
        const float norm = sqrtf(fmaf(gx, gx, gy * gy)) + 1e-30f;
        dx = 0.1f * gx / norm;
        dy = 0.1f * gy / norm;
    }
    const float limit = 0.3f;  // A: below half a fringe of the strongest spacings
    const float shrink = fminf(1.0f, limit / (sqrtf(fmaf(dx, dx, dy * dy)) + 1e-30f));
    next[0] = fmaf(shrink, dx, shift[0]);
    next[1] = fmaf(shrink, dy, shift[1]);
}

// ---- kernels: one block a candidate ----

__device__ inline void take(Desk& desk, const DeviceCandidate& c) {
    const int thread = static_cast<int>(threadIdx.x);
    if (thread < 9) desk.rotation[thread] = c.rotation[thread];
    if (thread < 6) desk.rotations[0][thread] = c.rotation[thread];
    if (thread < 2) desk.shift[thread] = c.shift_A[thread];
    if (thread == 0) desk.moved = 0;
    __syncthreads();
}

/// The next candidate overwrites the desk.
__device__ inline void give_back(const Desk& desk, DeviceCandidate& c) {
    __syncthreads();
    const int thread = static_cast<int>(threadIdx.x);
    if (thread < 9) c.rotation[thread] = desk.rotation[thread];
    if (thread < 2) c.shift_A[thread] = desk.shift[thread];
    if (thread == 0) {
        c.score = desk.score.value;
        c.score_rest = desk.score.rest;
        c.moved = desk.moved;
    }
    __syncthreads();
}

template <int width>
__global__ void __launch_bounds__(threads, blocks_a_multiprocessor)
    score_kernel(const float2* __restrict__ grid, const Scene scene, DeviceCandidate* candidates, long long count) {
    Desk& desk = *shared_memory<Desk>();
    const Samples samples{reinterpret_cast<float2*>(&desk + 1), false, false};
    for (long long c = blockIdx.x; c < count; c += gridDim.x) {
        take(desk, candidates[c]);
        sum_band<width, 1, ScoreTerms>(grid, scene, desk, candidates[c].image, desk.shift, samples, desk.trial_sum);
        if (threadIdx.x == 0) {
            desk.score = desk.trial_sum[0];
            add_prior(desk.score, desk.shift, scene.half_precision);
        }
        give_back(desk, candidates[c]);
    }
}

/// Rows of the accepted rotation and of its turns about the laboratory axes, one thread a rotation.
__device__ inline void lay_out_neighbours(Desk& desk) {
    const int n = static_cast<int>(threadIdx.x);
    if (n < neighbours) {
        const int axis = (n + 5) / 2 % 3, next = (axis + 1) % 3, last = (axis + 2) % 3;  // 1, 2: x; 3, 4: y; 5, 6: z
        const float cosine = n == 0 ? 1.0f : cosine_of_difference;
        const float sine = n == 0 ? 0.0f : n % 2 == 1 ? sine_of_difference : -sine_of_difference;
        for (int column = 0; column < 3; column++) {
            const float along = desk.rotation[3 * axis + column], u = desk.rotation[3 * next + column], v = desk.rotation[3 * last + column];
            if (axis < 2) desk.rotations[n][3 * axis + column] = along;
            if (next < 2) desk.rotations[n][3 * next + column] = fmaf(cosine, u, -sine * v);
            if (last < 2) desk.rotations[n][3 * last + column] = fmaf(sine, u, cosine * v);
        }
    }
    __syncthreads();
}

/// Proposes a pose from the sums in desk.sums.
__device__ inline void propose(Desk& desk, const Scene& scene, float damping) {
    float move[5];
    desk.go_on = solve_step(desk.sums, desk.shift, scene.half_precision, damping, move);
    turned(desk.rotation, move[0], move[1], move[2], desk.trial_rotation);
    for (int i = 0; i < 6; i++) desk.rotations[0][i] = desk.trial_rotation[i];
    desk.trial_shift[0] = desk.shift[0] + move[3];
    desk.trial_shift[1] = desk.shift[1] + move[4];
    desk.step = fmaxf(sqrtf(fmaf(move[0], move[0], fmaf(move[1], move[1], move[2] * move[2]))),
                      sqrtf(fmaf(move[3], move[3], move[4] * move[4])) * scene.inverse_radius);
}

/// Accepts the proposed pose where its score is higher.
__device__ inline void judge(Desk& desk, const Scene& scene) {
    CarefulSum score = desk.trial_sum[0];
    add_prior(score, desk.trial_shift, scene.half_precision);
    desk.accepted = greater(score, desk.score);
    if (!desk.accepted) return;
    desk.score = score;
    desk.moved = 1;
    for (int i = 0; i < 9; i++) desk.rotation[i] = desk.trial_rotation[i];
    for (int i = 0; i < 2; i++) desk.shift[i] = desk.trial_shift[i];
}

template <int width>
__global__ void __launch_bounds__(threads, polish_blocks(width))
    polish_kernel(const float2* __restrict__ grid, const Scene scene, DeviceCandidate* candidates, long long count) {
    Desk& desk = *shared_memory<Desk>();
    const Samples samples{reinterpret_cast<float2*>(&desk + 1), false, false};
    for (long long c = blockIdx.x; c < count; c += gridDim.x) {
        take(desk, candidates[c]);
        const long long image = candidates[c].image;
        float damping = 1e-3f;
        bool fresh = false;
        for (int step = 0; step < scene.steps; step++) {
            if (!fresh) {
                lay_out_neighbours(desk);
                sum_band<width, neighbours, SystemTerms>(grid, scene, desk, image, desk.shift, samples, desk.sums);
            }
            if (threadIdx.x == 0) {
                if (!fresh) {
                    desk.score = desk.sums[0];
                    add_prior(desk.score, desk.shift, scene.half_precision);
                }
                propose(desk, scene, damping);
            }
            __syncthreads();
            if (!desk.go_on) break;
            sum_band<width, 1, ScoreTerms>(grid, scene, desk, image, desk.trial_shift, samples, desk.trial_sum);
            if (threadIdx.x == 0) judge(desk, scene);
            __syncthreads();
            fresh = !desk.accepted;
            damping *= fresh ? 10.0f : 0.3f;
            const bool last = damping > damping_limit || desk.step < scene.smallest_step;
            __syncthreads();  // the next proposal overwrites what has just been read
            if (last) break;
        }
        give_back(desk, candidates[c]);
    }
}

/// hold: the samples of the whole band find room in shared memory, so that they are made only once.
template <int width>
__global__ void __launch_bounds__(threads, blocks_a_multiprocessor)
    shift_kernel(const float2* __restrict__ grid, const Scene scene, int hold, DeviceCandidate* candidates, long long count) {
    Desk& desk = *shared_memory<Desk>();
    for (long long c = blockIdx.x; c < count; c += gridDim.x) {
        take(desk, candidates[c]);
        const long long image = candidates[c].image;
        Samples samples{reinterpret_cast<float2*>(&desk + 1), hold != 0, false};
        // The sums for the next Newton step come with the score of the shift that they start from.
        sum_band<width, 1, ShiftTerms>(grid, scene, desk, image, desk.shift, samples, desk.sums);
        samples.present = samples.whole;
        if (threadIdx.x == 0) {
            desk.score = desk.sums[0];
            add_prior(desk.score, desk.shift, scene.half_precision);
        }
        for (int step = 0; step < scene.steps; step++) {
            if (threadIdx.x == 0) newton_step(desk.sums, desk.shift, scene.half_precision, desk.trial_shift);
            __syncthreads();
            sum_band<width, 1, ShiftTerms>(grid, scene, desk, image, desk.trial_shift, samples, desk.sums);
            if (threadIdx.x == 0) {
                CarefulSum score = desk.sums[0];
                add_prior(score, desk.trial_shift, scene.half_precision);
                desk.accepted = greater(score, desk.score);
                const float x = desk.trial_shift[0] - desk.shift[0], y = desk.trial_shift[1] - desk.shift[1];
                desk.go_on = desk.accepted && sqrtf(fmaf(x, x, y * y)) * scene.inverse_radius >= scene.smallest_step;
                if (desk.accepted) {
                    desk.score = score;
                    desk.moved = 1;
                    desk.shift[0] = desk.trial_shift[0];
                    desk.shift[1] = desk.trial_shift[1];
                }
            }
            __syncthreads();
            if (!desk.go_on) break;
        }
        give_back(desk, candidates[c]);
    }
}

// ---- host ----

/// choose(width constant) for the window's width.
template <class Choose>
auto for_width(int width, Choose choose) {
    switch (width) {
        case 2: return choose(std::integral_constant<int, 2>());
        case 3: return choose(std::integral_constant<int, 3>());
        case 4: return choose(std::integral_constant<int, 4>());
        case 5: return choose(std::integral_constant<int, 5>());
        case 6: return choose(std::integral_constant<int, 6>());
        case 7: return choose(std::integral_constant<int, 7>());
        default: return choose(std::integral_constant<int, 8>());
    }
}

Scene scene_of(const DeviceImages& images, const DeviceTransform& transform, const DeviceScoring& scoring) {
    Scene scene{};
    scene.values = images.values.data();
    scene.frequencies = images.frequencies.data();
    scene.weights = images.weights.data();
    scene.order = scoring.order.data();
    scene.points = images.points;
    scene.count = static_cast<int>(scoring.last_point - scoring.first_point);
    scene.box = static_cast<float>(images.box);
    scene.cycles_a_step = static_cast<float>(1 / (images.box * images.pixel_size_A));
    scene.radians_a_unit = static_cast<float>(2 * std::numbers::pi / images.pixel_size_A);
    scene.half_precision = scoring.shift_sigma_A > 0 ? static_cast<float>(0.5 / (scoring.shift_sigma_A * scoring.shift_sigma_A)) : 0.0f;
    scene.smallest_step = static_cast<float>(scoring.smallest_step);
    scene.inverse_radius = static_cast<float>(1 / images.particle_radius_A);
    scene.steps = scoring.steps;
    scene.layout = transform.layout;
    scene.taps = transform.taps;
    return scene;
}

LaunchShape one_block_each(std::int64_t count, std::int64_t samples) {
    return {dim3(static_cast<unsigned>(std::min<std::int64_t>(count, 0x7fffffff))), dim3(threads),
            sizeof(Desk) + static_cast<std::size_t>(samples) * sizeof(float2)};
}

const float2* grid_of(const DeviceTransform& transform) {
    return reinterpret_cast<const float2*>(transform.values.data());
}

/// Bits of x at even places.
std::uint64_t spread(std::uint32_t x) {
    std::uint64_t out = 0;
    for (unsigned bit = 0; bit < 32; bit++) out |= static_cast<std::uint64_t>(x >> bit & 1) << (2 * bit);
    return out;
}

}  // namespace

DeviceBuffer<int> order_of_band(Device& device, const DeviceImages& images, std::int64_t first_point, std::int64_t last_point) {
    std::vector<float2> points(static_cast<std::size_t>(last_point - first_point));
    copy_to_host(device, images.frequencies.data() + first_point, points.size(), points.data());
    device.synchronize("copy of the band's frequencies");
    // Morton's order (G. M. Morton, IBM report, 1966): the bits of column and row take turns.
    const auto grid_number = [&](float frequency) {
        return static_cast<std::uint32_t>(std::lround(static_cast<double>(frequency) * images.box) + images.box);
    };
    std::vector<std::pair<std::uint64_t, int>> places;
    for (std::size_t i = 0; i < points.size(); i++)
        places.emplace_back(spread(grid_number(points[i].x)) | spread(grid_number(points[i].y)) << 1, static_cast<int>(first_point) + static_cast<int>(i));
    std::sort(places.begin(), places.end());
    std::vector<int> order;
    for (const auto& place : places) order.push_back(place.second);
    DeviceBuffer<int> out = to_device(device, std::span(std::as_const(order)), "the order of the band's points");
    return out;
}

void score_candidates(Device& device, const DeviceImages& images, const DeviceTransform& transform, const DeviceScoring& scoring,
                      DeviceCandidate* candidates, std::int64_t count) {
    if (count <= 0) return;
    const auto kernel = for_width(transform.taps.width, [](auto width) { return score_kernel<width>; });
    launch(device, "score_kernel", kernel, one_block_each(count, chunk), grid_of(transform), scene_of(images, transform, scoring), candidates, count);
}

void polish_poses(Device& device, const DeviceImages& images, const DeviceTransform& transform, const DeviceScoring& scoring,
                  DeviceCandidate* candidates, std::int64_t count) {
    if (count <= 0 || scoring.steps <= 0) return;
    const auto kernel = for_width(transform.taps.width, [](auto width) { return polish_kernel<width>; });
    launch(device, "polish_kernel", kernel, one_block_each(count, neighbours * chunk), grid_of(transform), scene_of(images, transform, scoring), candidates,
           count);
}

void polish_shifts(Device& device, const DeviceImages& images, const DeviceTransform& transform, const DeviceScoring& scoring,
                   DeviceCandidate* candidates, std::int64_t count) {
    if (count <= 0) return;
    const auto kernel = for_width(transform.taps.width, [](auto width) { return shift_kernel<width>; });
    const std::int64_t chunks = (scoring.last_point - scoring.first_point + chunk - 1) / chunk;
    LaunchShape shape = one_block_each(count, std::max<std::int64_t>(chunks, 1) * chunk);
    const bool hold = shape.shared_bytes <= static_cast<std::size_t>(device.limits().shared_bytes_a_block);
    if (!hold) shape = one_block_each(count, chunk);
    launch(device, "shift_kernel", kernel, shape, grid_of(transform), scene_of(images, transform, scoring), hold ? 1 : 0, candidates, count);
}

}  // namespace tumble::cuda
