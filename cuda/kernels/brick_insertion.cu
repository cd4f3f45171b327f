#include "kernels/brick_insertion.hpp"

#include <algorithm>

#include "kernels/shared_memory.hpp"
#include "runtime/launch.hpp"

namespace tumble::cuda {
namespace {

constexpr int lanes = 32;

/// What a warp keeps in shared memory: the sums of a brick and of the cells around it that its samples reach, and the taps of 32
/// samples. A sample is written and read in fours: z taps, value, place, then x taps, y taps. Its length in words is an odd
/// number of fours, so that eight lanes write to all banks.
template <int width, int components>
struct Workplace {
    static constexpr int side = BrickGrid::side + width - 1, sums = (side * side * side * components + 1) / 2 * 2;
    static constexpr int value_at = width, place_at = width + components, x_at = (place_at + 1 + 3) / 4 * 4, y_at = x_at + width;
    static constexpr int words = (y_at + width + 3) / 4 * 4 + ((y_at + width + 3) / 4 % 2 == 0 ? 4 : 0);
    static constexpr std::size_t bytes = sums * sizeof(unsigned long long) + lanes * words * sizeof(float);
};

/// The sums of one column of a brick, `width` cells high, that goes up with the samples: each lane has the cells of one or two
/// pairs (x, y) of taps. Cells that are left below go to the brick's sums in shared memory, which belong to this warp alone.
template <int width, int components>
class Column {
    using Place = Workplace<width, components>;
    static constexpr int pairs = (width * width + lanes - 1) / lanes;

  public:
    __device__ Column(unsigned long long* sm_sums, int lane, unsigned place) : sm_sums_(sm_sums) {
#pragma unroll
        for (int p = 0; p < pairs; p++) {
            const int pair = lane + p * lanes;
            mine_[p] = pair < width * width;
            x_[p] = mine_[p] ? pair % width : 0;
            y_[p] = mine_[p] ? pair / width : 0;
        }
        go_to(place);
        clear();
    }
    /// To the column and height of the next sample.
    __device__ void move(unsigned place) {
        if (place == place_) return;
        if (place / BrickGrid::side == place_ / BrickGrid::side && place - place_ < width) {
#pragma unroll 1
            for (unsigned step = place_; step < place; step++) leave_lowest();
        } else {
            leave_all();
        }
        go_to(place);
    }
    __device__ void add(const float* sample) {
        float head[Place::x_at];
#pragma unroll
        for (int i = 0; i < Place::x_at / 4; i++) {
            const float4 four = reinterpret_cast<const float4*>(sample)[i];
            head[4 * i] = four.x;
            head[4 * i + 1] = four.y;
            head[4 * i + 2] = four.z;
            head[4 * i + 3] = four.w;
        }
#pragma unroll
        for (int p = 0; p < pairs; p++) {
            const float xy = sample[Place::x_at + x_[p]] * sample[Place::y_at + y_[p]];
#pragma unroll
            for (int c = 0; c < components; c++) {
                const float value = xy * head[Place::value_at + c];
#pragma unroll
                for (int k = 0; k < width; k++) sums_[p][k][c] += static_cast<unsigned long long>(__float2ll_rn(head[k] * value));
            }
        }
    }
    /// Afterwards the column may be another one. Only then can a cell be another lane's than before.
    __device__ void leave_all() {
#pragma unroll
        for (int k = 0; k < width; k++) leave(k, static_cast<unsigned>(k * Place::side * Place::side));
        clear();
        __syncwarp();
    }

  private:
    __device__ void clear() {
#pragma unroll
        for (int p = 0; p < pairs; p++)
#pragma unroll
            for (int k = 0; k < width; k++)
#pragma unroll
                for (int c = 0; c < components; c++) sums_[p][k][c] = 0;
    }
    __device__ void go_to(unsigned place) {
        constexpr unsigned side = BrickGrid::side;
        place_ = place;
        lowest_ = ((place % side) * Place::side + place / side % side) * Place::side + place / (side * side);
    }
    __device__ void leave(int k, unsigned above) {
#pragma unroll
        for (int p = 0; p < pairs; p++) {
            if (!mine_[p]) continue;
            const unsigned cell = lowest_ + above + static_cast<unsigned>(y_[p] * Place::side + x_[p]);
            if constexpr (components == 2) {
                ulonglong2* sum = reinterpret_cast<ulonglong2*>(sm_sums_) + cell;
                const ulonglong2 before = *sum;
                *sum = {before.x + sums_[p][k][0], before.y + sums_[p][k][1]};
            } else {
                sm_sums_[cell] += sums_[p][k][0];
            }
        }
    }
    __device__ void leave_lowest() {
        leave(0, 0);
#pragma unroll
        for (int p = 0; p < pairs; p++)
#pragma unroll
            for (int c = 0; c < components; c++) {
#pragma unroll
                for (int k = 0; k + 1 < width; k++) sums_[p][k][c] = sums_[p][k + 1][c];
                sums_[p][width - 1][c] = 0;
            }
        lowest_ += Place::side * Place::side;
    }

    unsigned long long* sm_sums_;
    int x_[pairs], y_[pairs];
    bool mine_[pairs];
    unsigned place_, lowest_;
    unsigned long long sums_[pairs][width][components];
};

/// A lane's sample, its window weights worked out.
template <int width, int components>
__device__ inline void write_taps(const float4* __restrict__ sample, const WindowTaps& taps, float* to) {
    using Place = Workplace<width, components>;
    const float4 a = sample[0], b = sample[1];
    float words[Place::words];
#pragma unroll
    for (int i = 0; i < Place::words; i++) words[i] = 0.0f;
#pragma unroll
    for (int i = 0; i < width; i++) {
        words[Place::x_at + i] = tap_weight(taps, i, a.x);
        words[Place::y_at + i] = tap_weight(taps, i, a.y);
        words[i] = tap_weight(taps, i, a.z);
    }
    words[Place::value_at] = a.w;
    if (components == 2) words[Place::value_at + 1] = b.x;
    words[Place::place_at] = b.y;
#pragma unroll
    for (int i = 0; i < Place::words / 4; i++)
        reinterpret_cast<float4*>(to)[i] = make_float4(words[4 * i], words[4 * i + 1], words[4 * i + 2], words[4 * i + 3]);
}

/// The sums of a brick to the grid. Cells beyond the grid's border are reached by no sample and are 0.
template <int width, int components>
__device__ inline void leave_brick(const unsigned long long* sm_sums, unsigned brick, const BrickGrid& bricks, const GridLayout& layout, int lane,
                                   unsigned long long* __restrict__ grid) {
    constexpr unsigned side = Workplace<width, components>::side, row_sums = side * components;
    const unsigned columns = static_cast<unsigned>(bricks.columns), rows = static_cast<unsigned>(bricks.rows);
    const unsigned x = brick % columns * BrickGrid::side, y = brick / columns % rows * BrickGrid::side, z = brick / columns / rows * BrickGrid::side;
    const unsigned grid_rows = static_cast<unsigned>(layout.rows), grid_row = static_cast<unsigned>(layout.stride) * components;
    unsigned long long* corner = grid + static_cast<long long>(z * grid_rows + y) * grid_row + x * components;
#pragma unroll 2
    for (unsigned i = static_cast<unsigned>(lane); i < side * side * row_sums; i += lanes) {
        const unsigned long long sum = sm_sums[i];
        const unsigned row = i / row_sums;
        if (sum != 0) atomicAdd(corner + ((row / side * grid_rows + row % side) * grid_row + i % row_sums), sum);
    }
}

/// A warp a chunk. The sums are integers, so that neither the order of a chunk's samples nor that of the chunks changes a bit.
template <int width, int components>
__global__ void __launch_bounds__(lanes)
    insert_chunks(const float4* __restrict__ samples, const BrickChunk* __restrict__ chunks, const unsigned* __restrict__ chunk_count,
                  const BrickGrid bricks, const GridLayout layout, const WindowTaps taps, unsigned long long* __restrict__ grid) {
    using Place = Workplace<width, components>;
    unsigned long long* sm_sums = shared_memory<unsigned long long>();
    float* sm_taps = reinterpret_cast<float*>(sm_sums + Place::sums);
    const int lane = static_cast<int>(threadIdx.x);
    const long long all = *chunk_count;
    for (long long i = blockIdx.x; i < all; i += gridDim.x) {
        const BrickChunk chunk = chunks[i];
        for (int cell = lane; cell < Place::sums; cell += lanes) sm_sums[cell] = 0;
        const int count = static_cast<int>(chunk.count);
        const float4* chunk_samples_at = samples + 2 * static_cast<long long>(chunk.first);
        Column<width, components> column(sm_sums, lane, __float_as_uint(chunk_samples_at[1].y));
        for (int begin = 0; begin < count; begin += lanes) {
            if (begin + lane < count) write_taps<width, components>(chunk_samples_at + 2 * (begin + lane), taps, sm_taps + lane * Place::words);
            __syncwarp();
            const int here = min(lanes, count - begin);
            for (int s = 0; s < here; s++) {
                const float* sample = sm_taps + s * Place::words;
                column.move(__float_as_uint(sample[Place::place_at]));
                column.add(sample);
            }
            __syncwarp();
        }
        column.leave_all();
        leave_brick<width, components>(sm_sums, chunk.brick, bricks, layout, lane, grid);
        __syncwarp();
    }
}

template <int width, int components>
void start(Device& device, const BrickSort& sorted, const GridLayout& layout, const WindowTaps& taps, unsigned long long* grid) {
    launch(device, "insert_chunks", insert_chunks<width, components>,
           LaunchShape{dim3(static_cast<unsigned>(std::min<std::int64_t>(sorted.most_chunks(), 1 << 20))), dim3(lanes),
                       Workplace<width, components>::bytes},
           reinterpret_cast<const float4*>(sorted.samples()), sorted.chunks(), sorted.chunk_count(), sorted.bricks(), layout, taps, grid);
}

}  // namespace

template <int components>
void insert_sorted(Device& device, const BrickSort& sorted, const GridLayout& layout, const WindowTaps& taps, unsigned long long* grid) {
    switch (taps.width) {
        case 2: return start<2, components>(device, sorted, layout, taps, grid);
        case 3: return start<3, components>(device, sorted, layout, taps, grid);
        case 4: return start<4, components>(device, sorted, layout, taps, grid);
        case 5: return start<5, components>(device, sorted, layout, taps, grid);
        case 6: return start<6, components>(device, sorted, layout, taps, grid);
        case 7: return start<7, components>(device, sorted, layout, taps, grid);
        default: return start<8, components>(device, sorted, layout, taps, grid);
    }
}
template void insert_sorted<1>(Device&, const BrickSort&, const GridLayout&, const WindowTaps&, unsigned long long*);
template void insert_sorted<2>(Device&, const BrickSort&, const GridLayout&, const WindowTaps&, unsigned long long*);

}  // namespace tumble::cuda
