#include "kernels/curve.hpp"

#include "kernels/pair_spectra.hpp"
#include "kernels/shared_memory.hpp"
#include "runtime/launch.hpp"

// A thread block takes eight pairs: their rows are the first eight rows of the product, their directions its
// columns, and the pairs are its diagonal. A whole tile of the scores would waste fifteen sixteenths more.
namespace tumble::cuda {
namespace {

constexpr int group_rows = DeviceSearch::group_rows, block_directions = DeviceSearch::block_directions;
constexpr int pairs_a_block = 8, warps = 8, curve_threads = 32 * warps;

struct CurveTask {
    const float* rows;        // [group][k][re, im][16]
    const float* directions;  // [block][k][re, im][8]
    const float* power;       // [direction]
    const int* order_begin;   // [order + 1]
    const CurvePair* pairs;
    float* curves;  // [pair][angle]
    std::int64_t count;
    int orders, inner, stride;
};

/// S and T of the pairs from `first` on, all orders. Beyond the last pair it comes again.
__device__ inline void multiply(const CurveTask& task, std::int64_t first, float* sm_spectra) {
    const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
    const int group = lane / 4, member = lane % 4;
    const CurvePair pair = task.pairs[first + group < task.count ? first + group : task.count - 1];
    const float* a = task.rows + pair.row / group_rows * task.inner * 2 * group_rows + pair.row % group_rows;
    const float* b = task.directions + pair.direction / block_directions * task.inner * 2 * block_directions +
                     pair.direction % block_directions;
    const auto load = [&](int k, RowFragment& row, ColumnFragment& column) {
        row.re[0] = a[static_cast<std::int64_t>(k) * 2 * group_rows];
        row.im[0] = a[static_cast<std::int64_t>(k) * 2 * group_rows + group_rows];
        row.re[1] = row.im[1] = 0.0f;
        column.re = b[static_cast<std::int64_t>(k) * 2 * block_directions];
        column.im = b[static_cast<std::int64_t>(k) * 2 * block_directions + block_directions];
    };
    for (int m = warp; m < task.orders; m += warps) {
        const ComplexProducts sums =
            products_of_order(task.order_begin[m], task.order_begin[m + 1], member, load);
        if (member != group / 2) continue;  // not on the diagonal
        float4* spectrum = reinterpret_cast<float4*>(sm_spectra + group * task.stride);
        spectrum[m] = group % 2 == 0 ? harmonics_of(sums, 0) : harmonics_of(sums, 1);
    }
}

template <int N>
__global__ void __launch_bounds__(curve_threads, 2) curve(const CurveTask task) {
    using Fft = AngularFft<N>;
    float* sm_spectra = shared_memory<float>();
    float2* sm_twiddles = reinterpret_cast<float2*>(sm_spectra + pairs_a_block * task.stride);
    Fft::fill_twiddles(sm_twiddles, static_cast<int>(threadIdx.x), curve_threads);
    const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
    const Fft fft(lane);
    for (std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * pairs_a_block; first < task.count;
         first += static_cast<std::int64_t>(gridDim.x) * pairs_a_block) {
        multiply(task, first, sm_spectra);
        __syncthreads();
        for (int place = warp * Fft::transforms; place < pairs_a_block; place += warps * Fft::transforms) {
            const int mine = place + lane / Fft::lanes;
            const bool active = first + mine < task.count;
            float2 z[Fft::radix] = {};
            fft.inverse(sm_spectra + mine * task.stride, task.orders, active, sm_twiddles, z);
            if (!active) continue;
            const CurvePair pair = task.pairs[first + mine];
            const float power = task.power[pair.direction];
            float* out = task.curves + (first + mine) * N;
#pragma unroll
            for (int q = 0; q < Fft::radix; q++) {
                const float2 s = z[Fft::place_of_output(q)];
                out[fft.angle(q)] = 2.0f * (pair.mirror ? s.y : s.x) - power;
            }
        }
        __syncthreads();
    }
}

auto curve_kernel(int angles) {
    switch (angles) {
        case 64:
            return curve<64>;
        case 128:
            return curve<128>;
        case 256:
            return curve<256>;
        default:
            return curve<512>;
    }
}

}  // namespace

void score_curves(Device& device, const DeviceSearch& search, const DeviceRows& rows, const CurvePair* pairs,
                  std::int64_t count, float* curves) {
    if (count == 0) return;
    CurveTask task{};
    task.rows = rows.operands.data();
    task.directions = search.operands.data();
    task.power = search.power.data();
    task.order_begin = search.order_begin.data();
    task.pairs = pairs;
    task.curves = curves;
    task.count = count;
    task.orders = search.orders;
    task.inner = search.inner;
    task.stride = spectrum_stride(search.angles, search.orders);
    LaunchShape shape = one_thread_each(count, pairs_a_block);
    shape.block = dim3(curve_threads);
    shape.shared_bytes = spectra_bytes(search.angles, search.orders, pairs_a_block);
    launch(device, "curve", curve_kernel(search.angles), shape, task);
}

}  // namespace tumble::cuda
