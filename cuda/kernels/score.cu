#include "kernels/score.hpp"

#include <string>

#include "kernels/pair_spectra.hpp"
#include "kernels/shared_memory.hpp"
#include "runtime/launch.hpp"

// A thread block takes a group of 16 rows and a tile of up to 8 directions. First its 16 warps share out the
// angular orders: S_m and T_m of all pairs of the tile come to lie in shared memory. Then each warp has one
// row: it bounds the scores of its pairs from above where there is a threshold, and transforms those that may
// exceed it.
//
// Counted for 36 rings, 107 orders, total rank 1,450 (1,640 padded), 256 angles, a tile of 8: operands 210 +
// 105 KB from the outer cache, 410 x 12 matrix instructions, 128 transforms of about 7,100 additions and
// multiplications and 9 KB of shared memory each.
namespace tumble::cuda {
namespace {

constexpr int group_rows = DeviceSearch::group_rows, block_directions = DeviceSearch::block_directions;
constexpr int warps = group_rows, score_threads = 32 * warps;
constexpr float infinity = __builtin_inff();

struct ScoreTask {
    const float* rows;        // [group][k][re, im][16]
    const float* directions;  // [block][k][re, im][8]
    const float* power;       // [direction]
    const int* order_begin;   // [order + 1]
    const int* block_list;    // or null
    const float* threshold;   // [row of the window], or null
    float* maxima;            // [row of the window][column]
    std::int64_t first_row, end_row, first_group, groups;
    std::int64_t first_block, direction_count, columns, tiles;
    int orders, inner, tile, stride;
};

/// What a thread block works on.
struct Tile {
    std::int64_t group, block, first_column;
    int first;  // of the block's directions

    /// Blocks of the grid that run together share their directions: the group changes fastest.
    __device__ Tile(const ScoreTask& task, std::int64_t number) {
        const std::int64_t tiles_a_block = block_directions / task.tile, rest = number / task.groups;
        const std::int64_t place = rest / tiles_a_block;
        group = task.first_group + number % task.groups;
        block = task.block_list ? task.block_list[place] : task.first_block + place;
        first = static_cast<int>(rest % tiles_a_block) * task.tile;
        first_column = 2 * (place * block_directions + first);
    }
};

/// Number of a pair's spectrum in shared memory. In whole tiles the order of the directions is such that the
/// lanes that store together, two rows and four directions of one parity, do so in eight different groups of
/// banks.
__device__ inline int slot(int tile, int row, int direction) {
    if (tile == block_directions) direction = (direction >> 1 | (direction & 1) << 2) ^ (row >> 1 & 1) << 2;
    return row * tile + direction;
}

/// S and T of the tile's pairs, all orders.
__device__ inline void multiply(const ScoreTask& task, const Tile& tile, float* sm_spectra) {
    const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
    const int group = lane / 4, member = lane % 4;
    // Row `group` of the instruction is row 2 group here, and row group + 8 is row 2 group + 1: they are
    // loaded together.
    const float* a = task.rows + tile.group * task.inner * 2 * group_rows + 2 * group;
    const float* b = task.directions + tile.block * task.inner * 2 * block_directions + group;
    const auto load = [&](int k, RowFragment& row, ColumnFragment& column) {
        const float2 re = *reinterpret_cast<const float2*>(a + static_cast<std::int64_t>(k) * 2 * group_rows);
        const float2 im =
            *reinterpret_cast<const float2*>(a + static_cast<std::int64_t>(k) * 2 * group_rows + group_rows);
        row = {{re.x, re.y}, {im.x, im.y}};
        column.re = b[static_cast<std::int64_t>(k) * 2 * block_directions];
        column.im = b[static_cast<std::int64_t>(k) * 2 * block_directions + block_directions];
    };
    for (int m = warp; m < task.orders; m += warps) {
        const ComplexProducts sums =
            products_of_order(task.order_begin[m], task.order_begin[m + 1], member, load);
#pragma unroll
        for (int e = 0; e < 4; e++) {
            const int row = 2 * group + e / 2, direction = 2 * member + e % 2 - tile.first;
            if (direction < 0 || direction >= task.tile) continue;
            float4* spectrum =
                reinterpret_cast<float4*>(sm_spectra + slot(task.tile, row, direction) * task.stride);
            spectrum[m] = harmonics_of(sums, e);
        }
    }
}

__device__ inline float rough_square_root(float x) {
    const float safe = x + 1e-30f;
    return safe * rsqrtf(safe);
}

/// Bit d is set unless neither direction d of the tile nor its mirror can score above `threshold`, by the
/// exact bound s <= |S_0| + 2 sum |S_m|. The margin covers the rounding of the bound and that of the
/// transform, whose error scales with both curves. The sums differ with the tile, but they decide over work
/// only.
template <int N>
__device__ unsigned within_reach(const ScoreTask& task, const float* sm_spectra, int row,
                                 std::int64_t first_direction, float threshold) {
    const int lane = static_cast<int>(threadIdx.x) % 32, direction = lane % task.tile;
    const float4* spectrum =
        reinterpret_cast<const float4*>(sm_spectra + slot(task.tile, row, direction) * task.stride);
    float own = 0.0f, opposite = 0.0f;
    for (int m = lane / task.tile; m < task.orders; m += 32 / task.tile) {
        const float4 s = spectrum[m];
        const float weight = m == 0 || 2 * m == N ? 1.0f : 2.0f;
        own = fmaf(weight, rough_square_root(fmaf(s.x, s.x, s.y * s.y)), own);
        opposite = fmaf(weight, rough_square_root(fmaf(s.z, s.z, s.w * s.w)), opposite);
    }
    for (int distance = task.tile; distance < 32; distance *= 2) {
        own += __shfl_xor_sync(0xffffffffu, own, distance);
        opposite += __shfl_xor_sync(0xffffffffu, opposite, distance);
    }
    const float power = task.power[first_direction + direction], slack = 1e-6f * fabsf(power);
    const bool reached = 2.001f * own + 1e-5f * opposite - power + slack > threshold ||
                         2.001f * opposite + 1e-5f * own - power + slack > threshold;
    return __ballot_sync(0xffffffffu, reached);
}

/// The larger of the lane's values over a transform's lanes: real parts in even lanes, imaginary parts in odd
/// ones.
template <int N>
__device__ inline float largest(const float2 (&z)[AngularFft<N>::radix]) {
    float re = z[0].x, im = z[0].y;
#pragma unroll
    for (int q = 1; q < AngularFft<N>::radix; q++) {
        re = fmaxf(re, z[q].x);
        im = fmaxf(im, z[q].y);
    }
    const bool odd = threadIdx.x & 1;
    const float other = __shfl_xor_sync(0xffffffffu, odd ? re : im, 1);
    float value = fmaxf(odd ? im : re, other);
#pragma unroll
    for (int distance = 2; distance < AngularFft<N>::lanes; distance *= 2)
        value = fmaxf(value, __shfl_xor_sync(0xffffffffu, value, distance));
    return value;
}

/// Maxima of one row of the tile, by one warp.
template <int N>
__device__ void score_row(const ScoreTask& task, const Tile& tile, int row, float* sm_spectra,
                          const float2* sm_twiddles) {
    using Fft = AngularFft<N>;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const std::int64_t at = tile.group * group_rows + row - task.first_row;  // in the window
    const std::int64_t first_direction = tile.block * block_directions + tile.first,
                       left = task.direction_count - first_direction;
    const int count = left < task.tile ? static_cast<int>(left) : task.tile;
    if (count <= 0) return;
    const unsigned all = (1u << count) - 1;
    const float threshold = task.threshold ? task.threshold[at] : -infinity;
    float* out = task.maxima + at * task.columns + tile.first_column;
    unsigned wanted = all;
    if (task.threshold) {
        wanted &= within_reach<N>(task, sm_spectra, row, first_direction, threshold);
        if (lane < 2 * count && !(wanted >> (lane / 2) & 1u)) out[lane] = -infinity;
    }
    const Fft fft(lane);
    while (wanted) {
        unsigned rest = wanted;
        for (int i = 0; i < lane / Fft::lanes; i++) rest &= rest - 1;
        const bool active = rest != 0;
        const int direction = active ? __ffs(static_cast<int>(rest)) - 1 : 0;
        float2 z[Fft::radix] = {};
        fft.inverse(sm_spectra + slot(task.tile, row, direction) * task.stride, task.orders, active,
                    sm_twiddles, z);
        const float best = largest<N>(z), value = 2.0f * best - task.power[first_direction + direction];
        if (active && lane % Fft::lanes < 2) {
            const bool kept = !task.threshold || value > threshold;
            out[2 * direction + lane % Fft::lanes] = kept ? value : -infinity;
        }
        for (int i = 0; i < Fft::transforms; i++) wanted &= wanted - 1;
    }
}

/// True if no row of the group can exceed its threshold, whatever its scores.
__device__ inline bool hopeless(const ScoreTask& task, const Tile& tile) {
    const std::int64_t row = tile.group * group_rows + threadIdx.x % group_rows;
    const bool open =
        row >= task.first_row && row < task.end_row && task.threshold[row - task.first_row] < infinity;
    return !__syncthreads_or(open);
}
__device__ inline void store_minus_infinity(const ScoreTask& task, const Tile& tile) {
    const int place = static_cast<int>(threadIdx.x), row = place / (2 * block_directions),
              column = place % (2 * block_directions);
    const std::int64_t at = tile.group * group_rows + row;
    if (row >= group_rows || column >= 2 * task.tile || at < task.first_row || at >= task.end_row) return;
    if (tile.block * block_directions + tile.first + column / 2 >= task.direction_count) return;
    task.maxima[(at - task.first_row) * task.columns + tile.first_column + column] = -infinity;
}

template <int N>
__global__ void __launch_bounds__(score_threads, 1) score(const ScoreTask task) {
    float* sm_spectra = shared_memory<float>();
    float2* sm_twiddles = reinterpret_cast<float2*>(sm_spectra + group_rows * task.tile * task.stride);
    AngularFft<N>::fill_twiddles(sm_twiddles, static_cast<int>(threadIdx.x), score_threads);
    const int row = static_cast<int>(threadIdx.x) / 32;
    for (std::int64_t number = blockIdx.x; number < task.tiles; number += gridDim.x) {
        const Tile tile(task, number);
        if (task.threshold && hopeless(task, tile)) {
            store_minus_infinity(task, tile);
            continue;
        }
        multiply(task, tile, sm_spectra);
        __syncthreads();
        const std::int64_t at = tile.group * group_rows + row;
        if (at >= task.first_row && at < task.end_row) score_row<N>(task, tile, row, sm_spectra, sm_twiddles);
        __syncthreads();
    }
}

int largest_tile(const DeviceLimits& limits, int angles, int orders) {
    for (int tile = block_directions; tile >= 1; tile /= 2)
        if (spectra_bytes(angles, orders, group_rows * tile) <=
            static_cast<std::size_t>(limits.shared_bytes_a_block))
            return tile;
    throw DeviceError(backend::status_device, "scores of " + std::to_string(orders) +
                                                  " angular orders need " +
                                                  std::to_string(spectra_bytes(angles, orders, group_rows)) +
                                                  " bytes of shared memory, the device offers " +
                                                  std::to_string(limits.shared_bytes_a_block));
}

auto score_kernel(int angles) {
    switch (angles) {
        case 64:
            return score<64>;
        case 128:
            return score<128>;
        case 256:
            return score<256>;
        default:
            return score<512>;
    }
}

}  // namespace

void score_window(Device& device, const DeviceSearch& search, const DeviceRows& rows,
                  const ScoreWindow& window) {
    if (window.rows == 0 || window.blocks == 0) return;
    ScoreTask task{};
    task.rows = rows.operands.data();
    task.directions = search.operands.data();
    task.power = search.power.data();
    task.order_begin = search.order_begin.data();
    task.block_list = window.block_list;
    task.threshold = window.threshold;
    task.maxima = window.maxima;
    task.first_row = window.first_row;
    task.end_row = window.first_row + window.rows;
    task.first_group = task.first_row / group_rows;
    task.groups = (task.end_row + group_rows - 1) / group_rows - task.first_group;
    task.first_block = window.first_block;
    task.direction_count = search.directions;
    task.columns = window.columns;
    task.orders = search.orders;
    task.inner = search.inner;
    task.tile = window.tile > 0 ? window.tile : largest_tile(device.limits(), search.angles, search.orders);
    task.stride = spectrum_stride(search.angles, search.orders);
    task.tiles = task.groups * window.blocks * (block_directions / task.tile);
    // A thread block computes the table of twiddles once for a few tiles.
    const std::int64_t most = std::int64_t{16} * device.limits().multiprocessors;
    const dim3 grid(static_cast<unsigned>(task.tiles < most ? task.tiles : most));
    launch(device, "score", score_kernel(search.angles),
           LaunchShape{grid, dim3(score_threads),
                       spectra_bytes(search.angles, search.orders, group_rows * task.tile)},
           task);
}

}  // namespace tumble::cuda
