#include "kernels/panel_packing.hpp"

#include <algorithm>

#include "kernels/shared_memory.hpp"
#include "runtime/launch.hpp"

// A block packs four items (rows or directions), so that the basis is read once for the four and its results are stored 16
// bytes at a time. In turns of as many rings as its shared memory holds, each warp takes a ring of an item through the angular
// transform, then each thread adds the rings' share to its functions of the basis. The sums go on from turn to turn in the
// order of the rings, so that their bits do not depend on the size of a turn.
//
// Angular transform of N = 32 R samples X_j, X_{j + N/2} = conj(X_j): lane l holds j = l + 32 q. For orders m = p + R s,
//     a_m = sum_l exp(-2 pi i l s / 32) exp(-2 pi i l p / N) B_p(l),   B_p(l) = sum_{q < R} X_{l + 32 q} exp(-2 pi i q p / R).
// B_p needs one half of the circle only: twice the real parts of X for even p, 2 i times the imaginary parts for odd p. The sum
// over l is a radix-2 transform over the lanes. p = 0 .. R/2 is enough, as a_{-m} = (-1)^m conj(a_m) gives the other orders.
namespace tumble::cuda {
namespace {

constexpr int pack_threads = 256;
constexpr int pack_items = 4;  // a block; divides the width of both panels
constexpr int warp = 32;
constexpr unsigned whole_warp = 0xffffffffu;
// Shared memory of a block: three blocks a multiprocessor on sm_90 (227 KiB), two on sm_80 (163 KiB), one on sm_120 (99 KiB).
constexpr std::size_t shared_budget = std::size_t{75} << 10;
/// For three blocks a thread has 80 registers, which the longest transform does not fit, nor the shortest on sm_120.
constexpr int blocks_a_multiprocessor(int angles) {
    return angles == 128 || angles == 256 ? 3 : 2;
}

struct PackTask {
    const float2* samples;       // [image or direction][ring][half angle]
    const std::int64_t* images;  // [item]: which samples; null: the item's number
    const float2* shifts;        // [item], pixels; null: none
    const float2* points;        // [ring][half angle], cycles per pixel
    const float* scale;          // [ring]
    const float* weights;        // [ring], of the power; null: no power is wanted
    const float* basis;          // [ring][k]
    const int* harmonic;         // [k]: slot of the order's harmonic
    std::int64_t items;          // those beyond are zero
    std::int64_t slots;          // items in whole panels
    int panel;                   // items side by side in the operands: 8 or 16
    int rings, inner, turn;      // turn: rings at once
    float* operands;             // [item / panel][k][re, im][panel]
    float* power;                // [item]
};

/// cos(2 pi k / 16); with constant k a constant.
__device__ constexpr float cosine16(int k) {
    const int folded = (k & 15) > 8 ? 16 - (k & 15) : k & 15, first = folded > 4 ? 8 - folded : folded;
    const float value = first == 0   ? 1.0f
                        : first == 1 ? 0.923879532511286756f
                        : first == 2 ? 0.707106781186547524f
                        : first == 3 ? 0.382683432365089772f
                                     : 0.0f;
    return folded > 4 ? -value : value;
}
__device__ constexpr float sine16(int k) {
    return cosine16(k - 4);
}

__device__ inline float2 product(float2 a, float2 b) {
    return make_float2(fmaf(a.x, b.x, -a.y * b.y), fmaf(a.x, b.y, a.y * b.x));
}
/// exp(-2 pi i turns), turns = numerator / denominator with powers of two below.
__device__ inline float2 backward_turn(int numerator, int denominator) {
    float s, c;
    sincospif(-2.0f * static_cast<float>(numerator) / static_cast<float>(denominator), &s, &c);
    return make_float2(c, s);
}
/// exp(2 pi i k.t). Whole turns are taken off each product before it is rounded.
__device__ inline float2 shift_ramp(float2 k, float2 t) {
    const float x = fmaf(k.x, t.x, -rintf(k.x * t.x)), y = fmaf(k.y, t.y, -rintf(k.y * t.y));
    float s, c;
    sincospif(2.0f * (x + y), &s, &c);
    return make_float2(c, s);
}

/// The angular transform of one warp.
template <int N>
class RingTransform {
  public:
    static constexpr int radix = N / warp, held = radix / 2, half = N / 2;

    __device__ explicit RingTransform(int lane) : lane_(lane) {
#pragma unroll
        for (int p = 0; p <= held; p++) between_[p] = backward_turn(lane * p, N);
#pragma unroll
        for (int i = 0; i < 3; i++) {
            const int distance = 16 >> i;
            stage_[i] = lane & distance ? backward_turn(lane % distance, 2 * distance) : make_float2(1.0f, 0.0f);
        }
        output_ = (lane & 1) << 4 | (lane & 2) << 2 | (lane & 4) | (lane & 8) >> 2 | (lane & 16) >> 4;
    }

    /// twice: this lane's samples times 2. Stores the harmonics of orders 0 .. half at their slots.
    __device__ void harmonics(const float2* twice, float2* out) const {
#pragma unroll
        for (int p = 0; p <= held; p++) {
            float2 b = make_float2(0.0f, 0.0f);
#pragma unroll
            for (int q = 0; q < held; q++) {
                const float c = cosine16(16 / radix * q * p), s = sine16(16 / radix * q * p);
                if (p % 2 == 0) {
                    if (c != 0.0f) b.x = fmaf(twice[q].x, c, b.x);
                    if (s != 0.0f) b.y = fmaf(twice[q].x, -s, b.y);
                } else {
                    if (s != 0.0f) b.x = fmaf(twice[q].y, s, b.x);
                    if (c != 0.0f) b.y = fmaf(twice[q].y, c, b.y);
                }
            }
            if (p > 0) b = product(b, between_[p]);
            store(p, across_lanes(b), out);
        }
    }

  private:
    /// Transform over the lanes; lane l receives output output_.
    __device__ float2 across_lanes(float2 value) const {
#pragma unroll
        for (int i = 0; i < 5; i++) {
            const int distance = 16 >> i;
            const float sign = lane_ & distance ? -1.0f : 1.0f;
            const float2 other = make_float2(__shfl_xor_sync(whole_warp, value.x, distance), __shfl_xor_sync(whole_warp, value.y, distance));
            value = make_float2(fmaf(sign, value.x, other.x), fmaf(sign, value.y, other.y));
            if (i < 3)
                value = product(value, stage_[i]);
            else if (i == 3 && (lane_ & 3) == 3)
                value = make_float2(value.y, -value.x);
        }
        return value;
    }
    __device__ void store(int p, float2 value, float2* out) const {
        const int s = output_;
        if (p == 0 && s % 16 == 0) value.y = 0.0f;  // orders 0 and half are real
        if (s < 16)
            out[16 * p + s] = value;
        else if (p == 0 && s == 16)
            out[half] = value;
        else if (p > 0 && p < held)
            out[16 * (radix - p) + 31 - s] = p % 2 ? make_float2(-value.x, value.y) : make_float2(value.x, -value.y);
    }

    int lane_, output_;
    float2 between_[held + 1];
    float2 stage_[3];
};

__device__ inline float warp_sum(float value) {
#pragma unroll
    for (int distance = 16; distance > 0; distance /= 2) value += __shfl_xor_sync(whole_warp, value, distance);
    return value;
}

/// Harmonics and power of the rings first .. first + count - 1 of the block's items.
template <int N>
__device__ void transform_rings(const PackTask& task, std::int64_t item0, int first, int count, float2* sm_harmonics, float* sm_power) {
    constexpr int half = N / 2, held = RingTransform<N>::held;
    const int lane = static_cast<int>(threadIdx.x) % warp;
    const RingTransform<N> transform(lane);
    for (int work = static_cast<int>(threadIdx.x) / warp; work < pack_items * count; work += pack_threads / warp) {
        const int item = work % pack_items, ring = work / pack_items;
        const std::int64_t number = item0 + item;
        const bool exists = number < task.items;
        const std::int64_t image = exists && task.images ? task.images[number] : number;
        const float2* from = task.samples + (image * task.rings + first + ring) * half;
        float2 x[held];
#pragma unroll
        for (int q = 0; q < held; q++) x[q] = exists ? from[lane + warp * q] : make_float2(0.0f, 0.0f);
        if (task.weights) {
            float power = 0.0f;
#pragma unroll
            for (int q = 0; q < held; q++) power = fmaf(x[q].x, x[q].x, fmaf(x[q].y, x[q].y, power));
            power = warp_sum(power);
            if (lane == 0) sm_power[item * task.turn + ring] = task.weights[first + ring] * power;
        }
        const float scale = 2.0f * task.scale[first + ring];
        const float2 shift = exists && task.shifts ? task.shifts[number] : make_float2(0.0f, 0.0f);
#pragma unroll
        for (int q = 0; q < held; q++) {
            x[q] = make_float2(scale * x[q].x, scale * x[q].y);
            if (task.shifts) x[q] = product(x[q], shift_ramp(task.points[(first + ring) * half + lane + warp * q], shift));
        }
        transform.harmonics(x, sm_harmonics + (item * task.turn + ring) * (half + 1));
    }
}

/// Adds the share of `count` rings from `first` on to the operands of the block's items.
template <int N>
__device__ void project(const PackTask& task, std::int64_t item0, int first, int count, const float2* sm_harmonics) {
    constexpr int slots = N / 2 + 1;
    const std::int64_t panel = item0 / task.panel;
    const int place = static_cast<int>(item0 % task.panel);
    for (int k = static_cast<int>(threadIdx.x); k < task.inner; k += pack_threads) {
        float* out = task.operands + (panel * task.inner + k) * 2 * task.panel + place;
        float4 re = make_float4(0.0f, 0.0f, 0.0f, 0.0f), im = re;
        if (first > 0) {
            re = *reinterpret_cast<const float4*>(out);
            im = *reinterpret_cast<const float4*>(out + task.panel);
        }
        const float* basis = task.basis + static_cast<std::int64_t>(first) * task.inner + k;
        const float2* harmonic = sm_harmonics + task.harmonic[k];
        const int stride = task.turn * slots;
#pragma unroll 2
        for (int r = 0; r < count; r++, basis += task.inner) {
            const float u = *basis;
            const float2* h = harmonic + r * slots;
            re.x = fmaf(u, h[0].x, re.x), im.x = fmaf(u, h[0].y, im.x);
            re.y = fmaf(u, h[stride].x, re.y), im.y = fmaf(u, h[stride].y, im.y);
            re.z = fmaf(u, h[2 * stride].x, re.z), im.z = fmaf(u, h[2 * stride].y, im.z);
            re.w = fmaf(u, h[3 * stride].x, re.w), im.w = fmaf(u, h[3 * stride].y, im.w);
        }
        *reinterpret_cast<float4*>(out) = re;
        *reinterpret_cast<float4*>(out + task.panel) = im;
    }
}

template <int N>
__global__ void __launch_bounds__(pack_threads, blocks_a_multiprocessor(N)) pack(const PackTask task) {
    constexpr int slots = N / 2 + 1;
    float2* sm_harmonics = shared_memory<float2>();                                           // [item][ring][slot]
    float* sm_power = reinterpret_cast<float*>(sm_harmonics + pack_items * task.turn * slots);  // [item][ring]
    for (std::int64_t item0 = static_cast<std::int64_t>(blockIdx.x) * pack_items; item0 < task.slots;
         item0 += static_cast<std::int64_t>(gridDim.x) * pack_items) {
        float power = 0.0f;
        for (int first = 0; first < task.rings; first += task.turn) {
            const int count = task.rings - first < task.turn ? task.rings - first : task.turn;
            transform_rings<N>(task, item0, first, count, sm_harmonics, sm_power);
            __syncthreads();
            if (task.weights && threadIdx.x < pack_items)
                for (int r = 0; r < count; r++) power += sm_power[static_cast<int>(threadIdx.x) * task.turn + r];
            project<N>(task, item0, first, count, sm_harmonics);
            __syncthreads();
        }
        if (task.weights && threadIdx.x < pack_items) task.power[item0 + threadIdx.x] = power;
    }
}

using PackKernel = void (*)(PackTask);

PackKernel pack_kernel(int angles) {
    switch (angles) {
        case 64: return pack<64>;
        case 128: return pack<128>;
        case 256: return pack<256>;
        default: return pack<512>;
    }
}

/// What a task has of the search, and its launch.
PackTask task_of(const DeviceSearch& search) {
    PackTask task{};
    task.points = search.points.data();
    task.basis = search.basis.data();
    task.harmonic = search.harmonic.data();
    task.rings = search.rings;
    task.inner = search.inner;
    return task;
}
void start(Device& device, int angles, PackTask task) {
    task.slots = (task.items + task.panel - 1) / task.panel * task.panel;
    if (task.slots == 0) return;
    const std::size_t ring_bytes = pack_items * (static_cast<std::size_t>(angles / 2 + 1) * sizeof(float2) + sizeof(float));
    const std::size_t most = std::min(shared_budget, static_cast<std::size_t>(device.limits().shared_bytes_a_block)) / ring_bytes;
    const int rings_that_fit = std::max(1, static_cast<int>(most));
    const int turns = (task.rings + rings_that_fit - 1) / rings_that_fit;
    task.turn = (task.rings + turns - 1) / turns;
    const std::int64_t blocks = std::min<std::int64_t>(task.slots / pack_items, 0x7fffffff);
    launch(device, "pack", pack_kernel(angles),
           LaunchShape{dim3(static_cast<unsigned>(blocks)), dim3(pack_threads), static_cast<std::size_t>(task.turn) * ring_bytes}, task);
}

}  // namespace

int harmonic_slot(int angles, int order) {
    const int radix = angles / warp;
    return order == angles / 2 ? order : order % radix * 16 + order / radix;
}

void pack_directions(Device& device, DeviceSearch& search, const float2* slices, std::int64_t first, std::int64_t count) {
    PackTask task = task_of(search);
    task.samples = slices;
    task.scale = search.direction_scale.data();
    task.weights = search.ring_weights.data();
    task.items = count;
    task.panel = DeviceSearch::block_directions;
    task.operands = search.operands.data() + 2 * first * search.inner;
    task.power = search.power.data() + first;
    start(device, search.angles, task);
}

DeviceRows pack_rows(Device& device, const DeviceSearch& search, const std::int64_t* images, const float2* shifts_px, std::int64_t count) {
    constexpr int group = DeviceSearch::group_rows;
    DeviceRows out;
    out.rows = count;
    const std::size_t groups = static_cast<std::size_t>((count + group - 1) / group);
    out.operands = DeviceBuffer<float>(device, groups * group * 2 * static_cast<std::size_t>(search.inner), "operands of the rows");
    PackTask task = task_of(search);
    task.samples = search.samples.data();
    task.images = images;
    task.shifts = shifts_px;
    task.scale = search.row_scale.data();
    task.items = count;
    task.panel = group;
    task.operands = out.operands.data();
    start(device, search.angles, task);
    return out;
}

}  // namespace tumble::cuda
