#include "kernels/projected_overlap.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "kernels/shared_memory.hpp"
#include "runtime/launch.hpp"

namespace tumble::cuda {
namespace {

constexpr int lanes = 32;
constexpr int pair_threads = 128;
constexpr int warps = pair_threads / lanes;
constexpr int sums_a_pair = 10;  // of OverlapSums
constexpr std::int64_t batch_pairs = 1 << 18;

/// A block a pair: its threads take the views in turn, and their sums are added in a tree of fixed shape. views: beam and weight;
/// table: T, T1, T3.
__global__ void __launch_bounds__(pair_threads)
    overlaps(const float4* __restrict__ apart, long long pairs, const float4* __restrict__ views, long long view_count,
             const float4* __restrict__ table, float limit, float per_step, float* __restrict__ out) {
    float* places = shared_memory<float>();  // [warp][sum]
    for (long long pair = blockIdx.x; pair < pairs; pair += gridDim.x) {
        const float4 d = apart[pair];
        float sums[sums_a_pair] = {};
        for (long long i = threadIdx.x; i < view_count; i += pair_threads) {
            const float4 b = views[i];
            const float u = fmaf(d.x, b.x, fmaf(d.y, b.y, d.z * b.z));
            const float x = fmaf(-u, b.x, d.x), y = fmaf(-u, b.y, d.y), z = fmaf(-u, b.z, d.z);
            const float s = fmaf(x, x, fmaf(y, y, z * z));
            if (!(s < limit)) continue;  // nor what is not a number
            const float place = s * per_step, whole = floorf(place), part = place - whole;
            const float4 low = table[static_cast<int>(whole)], high = table[static_cast<int>(whole) + 1];
            const float t1 = b.w * fmaf(part, high.y - low.y, low.y), t3 = b.w * fmaf(part, high.z - low.z, low.z);
            sums[0] = fmaf(b.w, fmaf(part, high.x - low.x, low.x), sums[0]);
            sums[1] = fmaf(t1, x, sums[1]);
            sums[2] = fmaf(t1, y, sums[2]);
            sums[3] = fmaf(t1, z, sums[3]);
            sums[4] -= fmaf(t1, fmaf(-b.x, b.x, 1.0f), t3 * x * x);
            sums[5] -= fmaf(-t1, b.x * b.y, t3 * x * y);
            sums[6] -= fmaf(-t1, b.x * b.z, t3 * x * z);
            sums[7] -= fmaf(t1, fmaf(-b.y, b.y, 1.0f), t3 * y * y);
            sums[8] -= fmaf(-t1, b.y * b.z, t3 * y * z);
            sums[9] -= fmaf(t1, fmaf(-b.z, b.z, 1.0f), t3 * z * z);
        }
#pragma unroll
        for (int q = 0; q < sums_a_pair; q++) {
#pragma unroll
            for (int step = lanes / 2; step > 0; step /= 2) sums[q] += __shfl_xor_sync(0xffffffffu, sums[q], step);
            if (threadIdx.x % lanes == 0) places[threadIdx.x / lanes * sums_a_pair + q] = sums[q];
        }
        __syncthreads();
        if (threadIdx.x < sums_a_pair) {
            float total = 0.0f;
            for (int warp = 0; warp < warps; warp++) total += places[warp * sums_a_pair + static_cast<int>(threadIdx.x)];
            out[pair * sums_a_pair + threadIdx.x] = total;
        }
        __syncthreads();
    }
}

/// `of` numbers of each item as floats, the rest zero.
std::vector<float4> as_floats(const double* values, std::int64_t count, int of) {
    std::vector<float4> out;
    for (std::int64_t i = 0; i < count; i++) {
        const double* v = values + i * of;
        out.push_back(make_float4(static_cast<float>(v[0]), static_cast<float>(v[1]), static_cast<float>(v[2]),
                                  of == 4 ? static_cast<float>(v[3]) : 0.0f));
    }
    return out;
}

}  // namespace

void overlap_sums(Device& device, const backend::OverlapArguments& a) {
    const auto views = to_device<float4>(device, as_floats(a.views, a.view_count, 4), "views");
    const auto table = to_device<float4>(device, as_floats(a.table, a.table_count, 3), "table of overlaps");
    const auto most = static_cast<std::size_t>(std::min(a.pair_count, batch_pairs));
    DeviceBuffer<float> sums(device, most * sums_a_pair, "overlaps of the pairs");
    std::vector<float> found;
    for (std::int64_t first = 0; first < a.pair_count; first += batch_pairs) {
        const std::int64_t count = std::min(batch_pairs, a.pair_count - first);
        const auto apart = to_device<float4>(device, as_floats(a.apart_A + 3 * first, count, 3), "pairs of atoms");
        launch(device, "overlaps", overlaps,
               LaunchShape{dim3(static_cast<unsigned>(count)), dim3(pair_threads), warps * sums_a_pair * sizeof(float)}, apart.data(), count,
               views.data(), a.view_count, table.data(), static_cast<float>(a.limit), static_cast<float>(a.per_step), sums.data());
        found.resize(static_cast<std::size_t>(count) * sums_a_pair);
        copy_to_host(device, sums.data(), found.size(), found.data());
        device.synchronize("overlaps of the pairs");
        std::copy(found.begin(), found.end(), a.sums + first * sums_a_pair);
    }
}

}  // namespace tumble::cuda
