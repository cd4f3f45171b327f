#include "kernels/central_slice.hpp"

#include <algorithm>
#include <vector>

#include "fourier/central_slice.hpp"  // padded_side
#include "fourier/central_slice_element.hpp"
#include "runtime/fft_plan.hpp"
#include "runtime/launch.hpp"

namespace tumble::cuda {
namespace {

constexpr int row_threads = 128;     // of the kernels that walk along the rows of a grid
constexpr int sample_threads = 256;  // of the sampling kernel
// Lanes that share a sample: one for each tap along x, whose loads then lie side by side.
constexpr int sample_lanes = WindowTaps::lanes;
constexpr int samples_a_pass = sample_threads / sample_lanes;
constexpr int passes_a_block = 8;
constexpr int sample_blocks_a_multiprocessor = 4;  // so 64 registers a thread: half of the warps that fit hide the loads
constexpr unsigned most_rotation_blocks = 65535;

__device__ inline int wrapped(int i, int n) {
    return i < 0 ? i + n : i < n ? i : i - n;
}

/// The map times the inverse window profile, its origin at element 0 of the padded grid, zeros around it. A block takes rows.
__global__ void __launch_bounds__(row_threads)
    pad_map(const float* __restrict__ map, const float* __restrict__ profile, int box, int padded, float* __restrict__ out) {
    const int before = box / 2, after = box - before;  // voxels below the origin; from the origin on
    const auto voxel = [&](int i) { return i < after ? i + before : i >= padded - before ? i - padded + before : -1; };
    const long long rows = static_cast<long long>(padded) * padded;
    for (long long row = blockIdx.x; row < rows; row += gridDim.x) {
        const int z = voxel(static_cast<int>(row / padded)), y = voxel(static_cast<int>(row % padded));
        const bool inside = z >= 0 && y >= 0;
        const float yz = inside ? profile[z] * profile[y] : 0.0f;
        const float* from = map + (inside ? (static_cast<long long>(z) * box + y) * box : 0);
        for (int i = static_cast<int>(threadIdx.x); i < padded; i += row_threads) {
            const int x = voxel(i);
            out[row * padded + i] = inside && x >= 0 ? from[x] * yz * profile[x] : 0.0f;
        }
    }
}

/// The half spectrum laid out as GridLayout, with margins from the Friedel mates. A block takes rows.
__global__ void __launch_bounds__(row_threads)
    lay_out(const float2* __restrict__ spectrum, const GridLayout layout, float2* __restrict__ out) {
    const int padded = layout.padded, half = padded / 2, columns = half + 1, reach = half + layout.margin;
    const long long rows = static_cast<long long>(layout.rows) * layout.rows;
    for (long long row = blockIdx.x; row < rows; row += gridDim.x) {
        const int z = static_cast<int>(row / layout.rows) - reach, y = static_cast<int>(row % layout.rows) - reach;
        const long long direct = (static_cast<long long>(wrapped(z, padded)) * padded + wrapped(y, padded)) * columns;
        const long long mate = (static_cast<long long>(wrapped(-z, padded)) * padded + wrapped(-y, padded)) * columns;
        for (int i = static_cast<int>(threadIdx.x); i < layout.stride; i += row_threads) {
            const int x = i - layout.margin;
            float2 value = make_float2(0.0f, 0.0f);
            if (x >= 0 && x <= half) {
                value = spectrum[direct + x];
            } else if (x <= half + layout.margin) {
                value = spectrum[mate + (x < 0 ? -x : padded - x)];
                value.y = -value.y;
            }
            out[row * layout.stride + i] = value;
        }
    }
}

/// Eight lanes a sample: lane i weights and sums column i of the window's rows of taps, so that a warp's load covers four rows
/// of taps instead of 32 lone elements. blockIdx.x: range of points, blockIdx.y: rotations.
template <int width>
__global__ void __launch_bounds__(sample_threads, sample_blocks_a_multiprocessor)
    sample_points(const float2* __restrict__ grid, const GridLayout layout, const WindowTaps taps, const float* __restrict__ rotations,
                  long long rotation_count, const float2* __restrict__ points, long long point_count, float* __restrict__ out) {
    constexpr unsigned whole_warp = 0xffffffffu;
    const int lane = static_cast<int>(threadIdx.x) % sample_lanes, slot = static_cast<int>(threadIdx.x) / sample_lanes;
    // Lanes without a tap carry the weight 0 and read what the last tap reads.
    const int column = lane < width ? lane : width - 1;
    const int plane = layout.rows * layout.stride;
    float coefficients[WindowTaps::terms];
#pragma unroll
    for (int i = 0; i < WindowTaps::terms; i++) coefficients[i] = taps.coefficients[i][lane];
    const auto weight = [&](float t) {
        float sum = coefficients[WindowTaps::terms - 1];
#pragma unroll
        for (int i = WindowTaps::terms - 2; i >= 0; i--) sum = fmaf(sum, t, coefficients[i]);
        return sum;
    };
    const long long block_points = static_cast<long long>(samples_a_pass) * passes_a_block;
    for (long long r = blockIdx.y; r < rotation_count; r += gridDim.y) {
        float rotation[6];  // the third row is not needed: the points lie in the plane
#pragma unroll
        for (int i = 0; i < 6; i++) rotation[i] = rotations[9 * r + i];
        for (long long first = blockIdx.x * block_points; first < point_count; first += gridDim.x * block_points)
            for (int pass = 0; pass < passes_a_block; pass++) {
                const long long p = first + pass * samples_a_pass + slot;
                const bool wanted = p < point_count;
                const float2 at = wanted ? points[p] : make_float2(0.0f, 0.0f);
                const bool inside = inside_nyquist(at.x, at.y);
                const GridPoint point = place_point(rotation, inside ? at.x : 0.0f, inside ? at.y : 0.0f, layout.padded, width);
                const float wx = weight(point.tx), wy = weight(point.ty), wz = weight(point.tz);
                const float2* base = grid + grid_index(layout, point.x + column, point.y, point.z);
                float wy_of[width];
#pragma unroll
                for (int j = 0; j < width; j++) wy_of[j] = __shfl_sync(whole_warp, wy, j, sample_lanes);
                float re = 0.0f, im = 0.0f;
#pragma unroll
                for (int k = 0; k < width; k++) {
                    float plane_re = 0.0f, plane_im = 0.0f;
#pragma unroll
                    for (int j = 0; j < width; j++) {
                        const float2 value = base[k * plane + j * layout.stride];
                        plane_re = fmaf(wy_of[j], value.x, plane_re);
                        plane_im = fmaf(wy_of[j], value.y, plane_im);
                    }
                    const float wz_k = __shfl_sync(whole_warp, wz, k, sample_lanes);
                    re = fmaf(wz_k, plane_re, re);
                    im = fmaf(wz_k, plane_im, im);
                }
                re *= wx;
                im *= wx;
                // The lower four lanes sum the real parts, the upper four the imaginary ones.
                const bool upper = lane >= sample_lanes / 2;
                float sum = (upper ? im : re) + __shfl_xor_sync(whole_warp, upper ? re : im, 4);
                sum += __shfl_xor_sync(whole_warp, sum, 2);
                sum += __shfl_xor_sync(whole_warp, sum, 1);
                if (upper && point.conjugate) sum = -sum;
                if (wanted && lane % (sample_lanes / 2) == 0) out[2 * (r * point_count + p) + (upper ? 1 : 0)] = inside ? sum : 0.0f;
            }
    }
}

using SampleKernel = void (*)(const float2*, GridLayout, WindowTaps, const float*, long long, const float2*, long long, float*);

SampleKernel sample_kernel(int width) {
    switch (width) {
        case 2: return sample_points<2>;
        case 3: return sample_points<3>;
        case 4: return sample_points<4>;
        case 5: return sample_points<5>;
        case 6: return sample_points<6>;
        case 7: return sample_points<7>;
        default: return sample_points<8>;
    }
}

LaunchShape one_row_a_block(long long rows) {
    return {dim3(static_cast<unsigned>(std::min(rows, 1LL << 20))), dim3(row_threads), 0};
}

}  // namespace

DeviceTransform padded_transform(Device& device, const float* map_on_host, int box, const GriddingWindow& window, double padding_factor) {
    DeviceTransform out;
    out.box = box;
    out.padded = padded_side(box, padding_factor);
    out.taps = window_taps(window);
    out.layout = grid_layout(out.padded, window.width);
    const std::size_t voxels = static_cast<std::size_t>(box) * static_cast<std::size_t>(box) * static_cast<std::size_t>(box);
    const auto side = static_cast<std::size_t>(out.padded);
    const std::vector<float> profile = inverse_window_profile(window, box, out.padded);
    const auto d_map = to_device(device, std::span(map_on_host, voxels), "the map");
    const auto d_profile = to_device(device, std::span(std::as_const(profile)), "the window's profile");
    DeviceBuffer<float> padded_map(device, side * side * side, "the padded map");
    DeviceBuffer<float2> spectrum(device, side * side * (side / 2 + 1), "the map's transform");
    out.values = DeviceBuffer<float>(device, 2 * static_cast<std::size_t>(grid_size(out.layout)), "the map's transform with margins");

    launch(device, "pad_map", pad_map, one_row_a_block(static_cast<long long>(out.padded) * out.padded), d_map.data(), d_profile.data(),
           box, out.padded, padded_map.data());
    const FftPlan plan(device, FftPlan::Kind::real_to_complex, {out.padded, out.padded, out.padded}, 1);
    plan.forward(padded_map.data(), spectrum.data());
    launch(device, "lay_out", lay_out, one_row_a_block(static_cast<long long>(out.layout.rows) * out.layout.rows), spectrum.data(),
           out.layout, reinterpret_cast<float2*>(out.values.data()));
    device.synchronize("transform of the map");
    return out;
}

void sample_slices(Device& device, const DeviceTransform& transform, const float* rotations, std::int64_t n, const float2* points,
                   std::int64_t point_count, float2* out) {
    if (n <= 0 || point_count <= 0) return;
    constexpr std::int64_t block_points = samples_a_pass * passes_a_block;
    const std::int64_t blocks = std::min<std::int64_t>((point_count + block_points - 1) / block_points, 0x7fffffff);
    const LaunchShape shape{dim3(static_cast<unsigned>(blocks), static_cast<unsigned>(std::min<std::int64_t>(n, most_rotation_blocks))),
                            dim3(sample_threads), 0};
    launch(device, "sample_points", sample_kernel(transform.taps.width), shape, reinterpret_cast<const float2*>(transform.values.data()),
           transform.layout, transform.taps, rotations, n, points, point_count, reinterpret_cast<float*>(out));
}

}  // namespace tumble::cuda
