#include "kernels/brick_sort.hpp"

#include <algorithm>

#include "kernels/shared_memory.hpp"
#include "runtime/launch.hpp"

namespace tumble::cuda {
namespace {

constexpr int sample_threads = 256, brick_threads = 128, scan_threads = 1024, warp = 32;
constexpr unsigned whole_warp = 0xffffffffu, no_cell = 0xffffffffu, most_pose_blocks = 65535;
constexpr int cells_a_lane = BrickGrid::cells / warp;
static_assert(cells_a_lane % 4 == 0);

/// First tap (x, y, z), counted from the grid's first cell, as a cell in the order of the bricks; and back.
__device__ inline unsigned cell_of(const BrickGrid& bricks, int x, int y, int z) {
    constexpr int side = BrickGrid::side;
    const int brick = ((z / side) * bricks.rows + y / side) * bricks.columns + x / side;
    const int place = ((x % side) * side + y % side) * side + z % side;
    return static_cast<unsigned>(brick) * BrickGrid::cells + static_cast<unsigned>(place);
}
__device__ inline int3 first_tap(const BrickGrid& bricks, unsigned cell) {
    constexpr int side = BrickGrid::side;
    const int brick = static_cast<int>(cell / BrickGrid::cells), place = static_cast<int>(cell % BrickGrid::cells);
    return make_int3(brick % bricks.columns * side + place / (side * side), brick / bricks.columns % bricks.rows * side + place / side % side,
                     brick / bricks.columns / bricks.rows * side + place % side);
}

/// blockIdx.x: points, blockIdx.y: poses.
__global__ void __launch_bounds__(sample_threads)
    count_cells(const SampleSource in, const GridLayout layout, int width, const BrickGrid bricks, unsigned* __restrict__ cells,
                uint2* __restrict__ places) {
    const int reach = layout.padded / 2 + layout.margin;
    for (long long i = blockIdx.y; i < in.pose_count; i += gridDim.y) {
        const Placement pose = in.poses[i];
        for (long long p = blockIdx.x * static_cast<long long>(sample_threads) + threadIdx.x; p < in.count;
             p += static_cast<long long>(gridDim.x) * sample_threads) {
            const float2 at = in.frequencies[in.first + p];
            uint2 place{no_cell, 0};
            if (weight_of(in, pose, p, at) != 0.0f) {
                const GridPoint point = place_point(pose.rotation, at.x, at.y, layout.padded, width);
                place.x = cell_of(bricks, point.x + layout.margin, point.y + reach, point.z + reach);
                place.y = atomicAdd(cells + place.x, 1u);
            }
            places[i * in.count + p] = place;
        }
    }
}

/// The counts of a brick's cells that a lane looks at.
struct LaneCells {
    unsigned count[cells_a_lane];

    __device__ LaneCells(const unsigned* cells, long long brick, int lane) {
        const uint4* from = reinterpret_cast<const uint4*>(cells + brick * BrickGrid::cells) + lane * (cells_a_lane / 4);
#pragma unroll
        for (int i = 0; i < cells_a_lane / 4; i++) {
            const uint4 four = from[i];
            count[4 * i] = four.x;
            count[4 * i + 1] = four.y;
            count[4 * i + 2] = four.z;
            count[4 * i + 3] = four.w;
        }
    }
    __device__ unsigned sum() const {
        unsigned all = 0;
#pragma unroll
        for (int i = 0; i < cells_a_lane; i++) all += count[i];
        return all;
    }
};

/// A warp a brick.
__global__ void __launch_bounds__(brick_threads)
    count_bricks(const unsigned* __restrict__ cells, long long bricks, unsigned* __restrict__ in_bricks) {
    const int lane = static_cast<int>(threadIdx.x) % warp;
    for (long long b = blockIdx.x * (brick_threads / warp) + threadIdx.x / warp; b < bricks; b += static_cast<long long>(gridDim.x) * (brick_threads / warp)) {
        const unsigned all = __reduce_add_sync(whole_warp, LaneCells(cells, b, lane).sum());
        if (lane == 0) in_bricks[b] = all;
    }
}

__device__ inline unsigned chunks_of(unsigned samples) {
    return (samples + chunk_samples - 1) / chunk_samples;
}

/// First sample and first chunk of each brick, by one block: a thread sums a range of bricks, the ranges' sums are scanned.
__global__ void __launch_bounds__(scan_threads)
    begin_bricks(const unsigned* __restrict__ in_bricks, long long bricks, uint2* __restrict__ starts, unsigned* __restrict__ chunk_count) {
    uint2* sm_sums = shared_memory<uint2>();
    const int t = static_cast<int>(threadIdx.x);
    const long long a_thread = (bricks + scan_threads - 1) / scan_threads, begin = t * a_thread,
                    end = begin + a_thread < bricks ? begin + a_thread : bricks;
    uint2 own{0, 0};
    for (long long b = begin; b < end; b++) {
        own.x += in_bricks[b];
        own.y += chunks_of(in_bricks[b]);
    }
    sm_sums[t] = own;
    __syncthreads();
    for (int step = 1; step < scan_threads; step *= 2) {
        const uint2 before = t >= step ? sm_sums[t - step] : make_uint2(0, 0);
        __syncthreads();
        sm_sums[t].x += before.x;
        sm_sums[t].y += before.y;
        __syncthreads();
    }
    uint2 at{sm_sums[t].x - own.x, sm_sums[t].y - own.y};
    for (long long b = begin; b < end; b++) {
        starts[b] = at;
        at.x += in_bricks[b];
        at.y += chunks_of(in_bricks[b]);
    }
    if (t == scan_threads - 1) *chunk_count = sm_sums[t].y;
}

/// Turns counts of cells into where they begin, and lists the chunks. A warp a brick.
__global__ void __launch_bounds__(brick_threads)
    begin_cells(const uint2* __restrict__ starts, const unsigned* __restrict__ in_bricks, long long bricks, unsigned* __restrict__ cells,
                BrickChunk* __restrict__ chunks) {
    const int lane = static_cast<int>(threadIdx.x) % warp;
    for (long long b = blockIdx.x * (brick_threads / warp) + threadIdx.x / warp; b < bricks; b += static_cast<long long>(gridDim.x) * (brick_threads / warp)) {
        const unsigned samples = in_bricks[b];
        if (samples == 0) continue;  // nobody asks where its cells begin
        const uint2 start = starts[b];
        const LaneCells mine(cells, b, lane);
        unsigned end = mine.sum();
        const unsigned own = end;
#pragma unroll
        for (int step = 1; step < warp; step *= 2) {
            const unsigned before = __shfl_up_sync(whole_warp, end, static_cast<unsigned>(step));
            if (lane >= step) end += before;
        }
        unsigned at = start.x + end - own;
        uint4* to = reinterpret_cast<uint4*>(cells + b * BrickGrid::cells) + lane * (cells_a_lane / 4);
#pragma unroll
        for (int i = 0; i < cells_a_lane / 4; i++) {
            uint4 four;
            four.x = at;
            four.y = four.x + mine.count[4 * i];
            four.z = four.y + mine.count[4 * i + 1];
            four.w = four.z + mine.count[4 * i + 2];
            at = four.w + mine.count[4 * i + 3];
            to[i] = four;
        }
        for (unsigned c = static_cast<unsigned>(lane); c < chunks_of(samples); c += warp) {
            const unsigned first = c * chunk_samples, rest = samples - first;
            chunks[start.y + c] = {static_cast<unsigned>(b), start.x + first, rest < chunk_samples ? rest : chunk_samples};
        }
    }
}

/// Writes every sample to its place.
template <int components>
__global__ void __launch_bounds__(sample_threads)
    place_samples(const SampleSource in, const GridLayout layout, int width, const BrickGrid bricks, const unsigned* __restrict__ cells,
                  const uint2* __restrict__ places, float scale, float4* __restrict__ out) {
    const int reach = layout.padded / 2 + layout.margin;
    for (long long i = blockIdx.y; i < in.pose_count; i += gridDim.y) {
        const Placement pose = in.poses[i];
        for (long long p = blockIdx.x * static_cast<long long>(sample_threads) + threadIdx.x; p < in.count;
             p += static_cast<long long>(gridDim.x) * sample_threads) {
            const uint2 place = places[i * in.count + p];
            if (place.x == no_cell) continue;
            const float2 at = in.frequencies[in.first + p];
            const float2 value = weighted_value<components>(in, pose, p, at, weight_of(in, pose, p, at));
            const PlacedSample sample = place_sample(pose.rotation, at.x, at.y, value.x, value.y, layout.padded, width);
            // The first tap is the one that was counted, should this kernel be compiled to another last bit.
            const int3 tap = first_tap(bricks, place.x);
            const auto moved = [](float t, int steps) { return fmaf(2.0f, static_cast<float>(steps), t); };
            float4* to = out + 2 * static_cast<long long>(cells[place.x] + place.y);
            to[0] = make_float4(moved(sample.point.tx, tap.x - layout.margin - sample.point.x), moved(sample.point.ty, tap.y - reach - sample.point.y),
                                moved(sample.point.tz, tap.z - reach - sample.point.z), scale * sample.re);
            to[1] = make_float4(scale * sample.im, __uint_as_float(place.x % BrickGrid::cells), 0.0f, 0.0f);
        }
    }
}

std::int64_t most_chunks_of(std::int64_t samples, std::int64_t bricks) {
    return samples / chunk_samples + std::min(samples, bricks);
}

}  // namespace

BrickGrid brick_grid(const GridLayout& layout) {
    return {(layout.stride + BrickGrid::side - 1) / BrickGrid::side, (layout.rows + BrickGrid::side - 1) / BrickGrid::side};
}

BrickSort::BrickSort(Device& device, const GridLayout& layout, int width, std::int64_t most)
    : device_(device),
      layout_(layout),
      width_(width),
      bricks_(brick_grid(layout)),
      cells_(device, static_cast<std::size_t>(bricks_.count() * BrickGrid::cells), "the cells of sorted samples"),
      in_bricks_(device, static_cast<std::size_t>(bricks_.count()), "the bricks of sorted samples"),
      starts_(device, static_cast<std::size_t>(bricks_.count()), "the bricks of sorted samples"),
      places_(device, static_cast<std::size_t>(most), "the places of sorted samples"),
      samples_(device, static_cast<std::size_t>(most), "sorted samples"),
      chunks_(device, static_cast<std::size_t>(most_chunks_of(most, bricks_.count())), "chunks of sorted samples"),
      chunk_count_(device, 1, "chunks of sorted samples") {}

template <int components>
void BrickSort::sort(const SampleSource& in, float scale) {
    const LaunchShape a_sample_a_thread{
        dim3(static_cast<unsigned>(std::min<long long>((in.count + sample_threads - 1) / sample_threads, 1 << 20)),
             static_cast<unsigned>(std::min<long long>(in.pose_count, most_pose_blocks))),
        dim3(sample_threads), 0};
    const long long bricks = bricks_.count();
    const LaunchShape a_brick_a_warp = one_thread_each(bricks * warp, brick_threads);
    clear(device_, cells_);
    launch(device_, "count_cells", count_cells, a_sample_a_thread, in, layout_, width_, bricks_, cells_.data(), places_.data());
    launch(device_, "count_bricks", count_bricks, a_brick_a_warp, cells_.data(), bricks, in_bricks_.data());
    launch(device_, "begin_bricks", begin_bricks, LaunchShape{dim3(1), dim3(scan_threads), scan_threads * sizeof(uint2)}, in_bricks_.data(), bricks,
           starts_.data(), chunk_count_.data());
    launch(device_, "begin_cells", begin_cells, a_brick_a_warp, starts_.data(), in_bricks_.data(), bricks, cells_.data(), chunks_.data());
    launch(device_, "place_samples", place_samples<components>, a_sample_a_thread, in, layout_, width_, bricks_, cells_.data(), places_.data(), scale,
           reinterpret_cast<float4*>(samples_.data()));
}
template void BrickSort::sort<1>(const SampleSource&, float);
template void BrickSort::sort<2>(const SampleSource&, float);

}  // namespace tumble::cuda
