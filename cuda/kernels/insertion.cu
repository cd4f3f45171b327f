#include "kernels/insertion.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "fourier/central_slice.hpp"  // padded_side
#include "kernels/brick_insertion.hpp"
#include "kernels/placement.hpp"
#include "kernels/shared_memory.hpp"
#include "runtime/fft_plan.hpp"
#include "runtime/launch.hpp"

namespace tumble::cuda {
namespace {

constexpr int insert_threads = 256, sum_threads = 256, fold_threads = 128, row_threads = 128;
// Lanes that share a sample, one for each tap along x: what they add lies side by side.
constexpr int sample_lanes = WindowTaps::lanes;
constexpr int samples_a_pass = insert_threads / sample_lanes;
constexpr unsigned most_pose_blocks = 65535;

/// Sum of the magnitudes of an image's weighted samples. A block takes a pose; lane sums and a tree, in a fixed order.
__global__ void __launch_bounds__(sum_threads) sum_magnitudes(const SampleSource in, float* __restrict__ out) {
    float* sm_sums = shared_memory<float>();
    const float* weights = in.weights + in.first;
    for (long long i = blockIdx.x; i < in.pose_count; i += gridDim.x) {
        const float2* image = in.values + in.poses[i].image * in.points + in.first;
        float sum = 0.0f;
        for (long long p = threadIdx.x; p < in.count; p += sum_threads)
            if (weights[p] != 0.0f)  // what is not inserted may be anything, also not a number
                sum += fabsf(weights[p]) * (fabsf(image[p].x) + fabsf(image[p].y));
        sm_sums[threadIdx.x] = sum;
        __syncthreads();
        for (int half = sum_threads / 2; half > 0; half /= 2) {
            if (static_cast<int>(threadIdx.x) < half) sm_sums[threadIdx.x] += sm_sums[threadIdx.x + half];
            __syncthreads();
        }
        if (threadIdx.x == 0) out[i] = sm_sums[0];
        __syncthreads();
    }
}

__device__ inline void add_fixed(unsigned long long* cell, float value) {
    atomicAdd(cell, static_cast<unsigned long long>(__float2ll_rn(value)));
}

/// The plain form, which tests compare with insert_chunks (brick_insertion.cu): a tap is an atomic addition. Blocks and grid as
/// there; blockIdx.x: range of points, blockIdx.y: poses.
template <int width, int components>
__global__ void __launch_bounds__(insert_threads)
    insert_taps(const SampleSource in, const GridLayout layout, const WindowTaps taps, float scale, unsigned long long* __restrict__ grid) {
    constexpr unsigned whole_warp = 0xffffffffu;
    const int lane = static_cast<int>(threadIdx.x) % sample_lanes, slot = static_cast<int>(threadIdx.x) / sample_lanes;
    float coefficients[WindowTaps::terms];
#pragma unroll
    for (int i = 0; i < WindowTaps::terms; i++) coefficients[i] = taps.coefficients[i][lane];
    const auto weight_of_tap = [&](float t) {
        float sum = coefficients[WindowTaps::terms - 1];
#pragma unroll
        for (int i = WindowTaps::terms - 2; i >= 0; i--) sum = fmaf(sum, t, coefficients[i]);
        return sum;
    };
    const long long passes = (in.count + samples_a_pass - 1) / samples_a_pass;
    for (long long i = blockIdx.y; i < in.pose_count; i += gridDim.y) {
        const Placement pose = in.poses[i];
        for (long long pass = blockIdx.x; pass < passes; pass += gridDim.x) {
            const long long p = pass * samples_a_pass + slot;
            const float2 at = p < in.count ? in.frequencies[in.first + p] : make_float2(0.0f, 0.0f);
            const float weight = p < in.count ? weight_of(in, pose, p, at) : 0.0f;
            const bool wanted = weight != 0.0f;
            const float2 value = wanted ? weighted_value<components>(in, pose, p, at, weight) : make_float2(0.0f, 0.0f);
            const PlacedSample sample =
                place_sample(pose.rotation, wanted ? at.x : 0.0f, wanted ? at.y : 0.0f, value.x, value.y, layout.padded, width);
            const float wx = weight_of_tap(sample.point.tx), wy = weight_of_tap(sample.point.ty), wz = weight_of_tap(sample.point.tz);
            const float re = scale * sample.re, im = scale * sample.im;
            const bool adds = wanted && lane < width;
#pragma unroll
            for (int j = 0; j < width; j++) {
                const float xy = wx * __shfl_sync(whole_warp, wy, j, sample_lanes);
#pragma unroll
                for (int k = 0; k < width; k++) {
                    const float wz_k = __shfl_sync(whole_warp, wz, k, sample_lanes);
                    if (!adds) continue;
                    const long long cell = grid_index(layout, sample.point.x + lane, sample.point.y + j, sample.point.z + k);
                    add_fixed(grid + components * cell, wz_k * (xy * re));
                    if (components == 2) add_fixed(grid + components * cell + 1, wz_k * (xy * im));
                }
            }
        }
    }
}

/// The half spectrum [z][y][x], FFT order on z and y: half the sum of all cells and of the Friedel mates' conjugates that wrap
/// onto it, as fold_row in fourier/insertion.cpp; summed as integers.
template <int components>
__global__ void __launch_bounds__(fold_threads)
    fold(const long long* __restrict__ grid, const GridLayout layout, float half_over_scale, float2* __restrict__ out) {
    const int padded = layout.padded, half = padded / 2, columns = half + 1, reach = half + layout.margin;
    const long long rows = static_cast<long long>(padded) * padded;
    for (long long row = blockIdx.x; row < rows; row += gridDim.x) {
        const int z0 = static_cast<int>(row / padded), y0 = static_cast<int>(row % padded);
        const int z = z0 <= half ? z0 : z0 - padded, y = y0 <= half ? y0 : y0 - padded;
        for (int x = static_cast<int>(threadIdx.x); x < columns; x += fold_threads) {
            long long re = 0, im = 0;
            const auto add = [&](int cx, int cy, int cz, bool mate) {
                const long long at = components * grid_index(layout, cx, cy, cz);
                re += grid[at];
                if (components == 2) im += mate ? -grid[at + 1] : grid[at + 1];
            };
            for (int sign = 1; sign >= -1; sign -= 2)
                for (int cz = sign * z - padded; cz <= reach; cz += padded)
                    for (int cy = sign * y - padded; cy <= reach; cy += padded) {
                        if (cz < -reach || cy < -reach) continue;
                        if (sign == 1) {
                            add(x, cy, cz, false);
                        } else {
                            if (x <= layout.margin) add(-x, cy, cz, true);
                            if (half - x <= layout.margin) add(half + (half - x), cy, cz, true);
                        }
                    }
            out[row * columns + x] = make_float2(half_over_scale * __ll2float_rn(re), half_over_scale * __ll2float_rn(im));
        }
    }
}

/// The middle of the padded map times the window's inverse profile, its origin at voxel box / 2.
__global__ void __launch_bounds__(row_threads)
    crop_map(const float* __restrict__ padded_map, const float* __restrict__ profile, int box, int padded, float* __restrict__ out) {
    const long long rows = static_cast<long long>(box) * box;
    const auto at = [&](int i) { return i < box / 2 ? i + padded - box / 2 : i - box / 2; };
    for (long long row = blockIdx.x; row < rows; row += gridDim.x) {
        const int z = static_cast<int>(row / box), y = static_cast<int>(row % box);
        const float* from = padded_map + (static_cast<long long>(at(z)) * padded + at(y)) * padded;
        const float yz = profile[z] * profile[y];
        for (int x = static_cast<int>(threadIdx.x); x < box; x += row_threads) out[row * box + x] = from[at(x)] * (yz * profile[x]);
    }
}

LaunchShape one_row_a_block(long long rows, int threads) {
    return {dim3(static_cast<unsigned>(std::min(rows, 1LL << 20))), dim3(static_cast<unsigned>(threads)), 0};
}

using TapKernel = void (*)(SampleSource, GridLayout, WindowTaps, float, unsigned long long*);
template <int components>
TapKernel tap_kernel(int width) {
    switch (width) {
        case 2: return insert_taps<2, components>;
        case 3: return insert_taps<3, components>;
        case 4: return insert_taps<4, components>;
        case 5: return insert_taps<5, components>;
        case 6: return insert_taps<6, components>;
        case 7: return insert_taps<7, components>;
        default: return insert_taps<8, components>;
    }
}
template <int components>
void insert_by_taps(Device& device, const SampleSource& in, const GridLayout& layout, const WindowTaps& taps, float scale,
                    unsigned long long* grid) {
    const long long passes = (in.count + samples_a_pass - 1) / samples_a_pass;
    launch(device, "insert_taps", tap_kernel<components>(taps.width),
           LaunchShape{dim3(static_cast<unsigned>(std::min<long long>(passes, 1 << 20)),
                            static_cast<unsigned>(std::min<long long>(in.pose_count, most_pose_blocks))),
                       dim3(insert_threads), 0},
           in, layout, taps, scale, grid);
}

/// Poses in batches whose sorted samples fit in memory. Whole numbers are added: the batches change no bit.
template <int components>
void insert_by_bricks(Device& device, const SampleSource& in, const GridLayout& layout, const WindowTaps& taps, float scale,
                      std::int64_t most_samples, unsigned long long* grid) {
    const long long a_batch = std::clamp<long long>(most_samples / in.count, 1, in.pose_count);
    BrickSort sorted(device, layout, taps.width, a_batch * in.count);
    for (long long first = 0; first < in.pose_count; first += a_batch) {
        SampleSource batch = in;
        batch.poses += first;
        batch.pose_count = std::min(a_batch, in.pose_count - first);
        sorted.sort<components>(batch, scale);
        insert_sorted<components>(device, sorted, layout, taps, grid);
    }
}

GridLayout layout_of(int padded, int width) {
    const GridLayout layout = grid_layout(padded, width);
    if (grid_size(layout) > std::numeric_limits<std::int32_t>::max())
        throw bad_input("A grid of side " + std::to_string(padded) + " is too large for insertion.");
    return layout;
}

/// The samples on a grid of `padded`.
template <int components>
FixedPointGrid summed(Device& device, const SampleSource& in, const GriddingWindow& window, int padded, float scale, const InsertionForm& form) {
    const GridLayout layout = layout_of(padded, window.width);
    FixedPointGrid grid(device, components * static_cast<std::size_t>(grid_size(layout)), "the grid of the insertion");
    clear(device, grid);
    if (in.count > 0 && in.pose_count > 0) {
        if (form.by_taps) insert_by_taps<components>(device, in, layout, window_taps(window), scale, grid.data());
        else insert_by_bricks<components>(device, in, layout, window_taps(window), scale, form.samples_a_batch, grid.data());
    }
    return grid;
}

/// Such a grid back in real space, the middle `box` of it.
template <int components>
DeviceBuffer<float> in_real_space(Device& device, FixedPointGrid grid, const GriddingWindow& window, int box, int padded, float scale) {
    const GridLayout layout = layout_of(padded, window.width);
    const auto side = static_cast<std::size_t>(padded);
    DeviceBuffer<float2> spectrum(device, side * side * (side / 2 + 1), "the inserted transform");
    launch(device, "fold", fold<components>, one_row_a_block(static_cast<long long>(padded) * padded, fold_threads),
           reinterpret_cast<const long long*>(grid.data()), layout, 0.5f / scale, spectrum.data());
    grid = {};
    DeviceBuffer<float> padded_map(device, side * side * side, "the inserted map");
    const FftPlan plan(device, FftPlan::Kind::complex_to_real, {padded, padded, padded}, 1);
    plan.inverse(spectrum.data(), padded_map.data());
    const auto d_profile = to_device<float>(device, inverse_window_profile(window, box, padded), "the window's profile");
    const auto b = static_cast<std::size_t>(box);
    DeviceBuffer<float> out(device, b * b * b, "normal equations");
    launch(device, "crop_map", crop_map, one_row_a_block(static_cast<long long>(box) * box, row_threads), padded_map.data(),
           d_profile.data(), box, padded, out.data());
    device.synchronize("insertion");
    return out;
}

std::vector<Placement> placements(const DeviceImages& images, std::span<const backend::PoseWeight> poses) {
    std::vector<Placement> out;
    for (const auto& pose : poses) {
        if (pose.weight == 0) continue;
        Placement p{};
        p.image = pose.image;
        for (int i = 0; i < 6; i++) p.rotation[i] = static_cast<float>(pose.rotation[i]);
        p.turn_x = static_cast<float>(2 * pose.shift_A[0] / images.pixel_size_A);
        p.turn_y = static_cast<float>(2 * pose.shift_A[1] / images.pixel_size_A);
        p.weight = pose.weight;
        out.push_back(p);
    }
    return out;
}

/// Fills in the magnitudes.
void measure(Device& device, const std::vector<Placement>& poses, PlacedImages& out) {
    const SampleSource& in = out.samples;
    if (poses.empty() || in.count == 0) return;
    DeviceBuffer<float> d_sums(device, poses.size(), "sums of the images");
    launch(device, "sum_magnitudes", sum_magnitudes,
           LaunchShape{dim3(static_cast<unsigned>(std::min<std::size_t>(poses.size(), 1 << 20))), dim3(sum_threads), sum_threads * sizeof(float)},
           in, d_sums.data());
    std::vector<float> sums(poses.size()), weights(static_cast<std::size_t>(in.count));
    copy_to_host(device, d_sums.data(), sums.size(), sums.data());
    copy_to_host(device, in.weights + in.first, weights.size(), weights.data());
    device.synchronize("sums of the images");
    double of_points = 0;
    for (const float w : weights) of_points += std::abs(static_cast<double>(w));
    for (std::size_t i = 0; i < poses.size(); i++) {
        out.data.push_back(std::abs(static_cast<double>(poses[i].weight)) * static_cast<double>(sums[i]));
        out.weights.push_back(std::abs(static_cast<double>(poses[i].weight)) * of_points);
    }
}

/// Summed from the smallest, so that their order does not matter.
double sum_of(std::vector<double> magnitudes) {
    double sum = 0;
    for (const double m : magnitudes)
        if (std::isnan(m)) return m;
    std::sort(magnitudes.begin(), magnitudes.end());
    for (const double m : magnitudes) sum += m;
    return sum;
}

}  // namespace

PlacedImages placed(Device& device, const DeviceImages& images, std::span<const backend::PoseWeight> poses, std::int64_t first,
                    std::int64_t last) {
    const std::vector<Placement> placements_of_poses = placements(images, poses);
    PlacedImages out;
    out.box = images.box;
    out.poses = to_device<Placement>(device, placements_of_poses, "poses");
    out.samples = {out.poses.data(),      static_cast<long long>(placements_of_poses.size()), images.frequencies.data(), images.values.data(),
                   images.weights.data(), first, last - first, images.points};
    measure(device, placements_of_poses, out);
    return out;
}

FixedPointScales fixed_point_scales(std::span<const PlacedImages> shares) {
    std::vector<double> data, weights;
    for (const PlacedImages& share : shares) {
        data.insert(data.end(), share.data.begin(), share.data.end());
        weights.insert(weights.end(), share.weights.begin(), share.weights.end());
    }
    // The window is at most 1. Float sums of a few thousand terms and the products are off by far less than a hundredth.
    return {fixed_point_scale(1.01 * sum_of(std::move(data))), fixed_point_scale(1.01 * sum_of(std::move(weights)))};
}

InsertionGrids insertion_grids(int box, const GriddingWindow& window, double padding_factor) {
    if (box < 8) throw bad_input("A map of box " + std::to_string(box) + " was asked for; expected at least 8 voxels.");
    static_cast<void>(window_taps(window));  // refuses a bad window also where nothing is inserted
    return {window, box, padded_side(box, padding_factor), padded_side(2 * box, padding_factor)};
}

FixedPointGrid data_sums(Device& device, const PlacedImages& in, const InsertionGrids& grids, float scale, const InsertionForm& form) {
    return summed<2>(device, in.samples, grids.window, grids.padded, scale, form);
}

FixedPointGrid weight_sums(Device& device, const PlacedImages& in, const InsertionGrids& grids, float scale, const InsertionForm& form) {
    return summed<1>(device, in.samples, grids.window, grids.doubled_padded, scale, form);
}

DeviceBuffer<float> right_side_of(Device& device, FixedPointGrid sums, const InsertionGrids& grids, float scale) {
    return in_real_space<2>(device, std::move(sums), grids.window, grids.box, grids.padded, scale);
}

DeviceBuffer<float> kernel_of(Device& device, FixedPointGrid sums, const InsertionGrids& grids, float scale) {
    return in_real_space<1>(device, std::move(sums), grids.window, 2 * grids.box, grids.doubled_padded, scale);
}

float fixed_point_scale(double bound) {
    if (!std::isfinite(bound)) throw DeviceError(backend::status_input, "insertion: the samples are not finite numbers");
    if (bound <= 0) return 1;
    // A fold adds several cells, but a sample reaches at most two of them (it and its Friedel mate): bits are kept free for that
    // beside the sign.
    const int exponent = 60 - static_cast<int>(std::ceil(std::log2(bound)));
    return std::ldexp(1.0f, std::clamp(exponent, -120, 120));
}

DeviceEquations accumulate(Device& device, const DeviceImages& images, std::span<const backend::PoseWeight> poses, std::int64_t first,
                           std::int64_t last, const GriddingWindow& window, double padding_factor, const InsertionForm& form) {
    const InsertionGrids grids = insertion_grids(images.box, window, padding_factor);
    const PlacedImages in = placed(device, images, poses, first, last);
    const FixedPointScales scales = fixed_point_scales({&in, 1});
    DeviceEquations out;
    out.box = images.box;
    out.right_side = right_side_of(device, data_sums(device, in, grids, scales.data, form), grids, scales.data);
    out.kernel = kernel_of(device, weight_sums(device, in, grids, scales.weights, form), grids, scales.weights);
    return out;
}

}  // namespace tumble::cuda
