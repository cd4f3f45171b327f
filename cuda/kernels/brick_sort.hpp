#pragma once
// Samples sorted by the cell of their first tap, the cells grouped in bricks: what insertion adds up brick by brick.
#include <cstdint>

#include "kernels/placement.hpp"
#include "runtime/device_buffer.hpp"

namespace tumble::cuda {

/// Bricks of brick_side^3 cells. Cells of a brick follow one another along z, so that samples of one column stand together,
/// from its lower end to its upper.
struct BrickGrid {
    static constexpr int side = 8, cells = side * side * side;
    int columns, rows;  ///< bricks along x; along y and along z

    long long count() const { return static_cast<long long>(rows) * rows * columns; }
};
BrickGrid brick_grid(const GridLayout& layout);

/// A sample in its brick, at a place x * side^2 + y * side + z. 32 bytes, which is what the memory moves.
struct alignas(16) SortedSample {
    float tx, ty, tz, re;  ///< window variables; value times the scale, conjugated where the Friedel mate stands for it
    float im;
    unsigned place;
    unsigned unused[2];
};

/// Consecutive samples of one brick, at most chunk_samples.
struct BrickChunk {
    unsigned brick, first, count;
};
constexpr unsigned chunk_samples = 512;

/// Sorts the samples of a batch of poses. Memory is made once, for batches of up to `most` samples.
///
/// A counting sort: every sample takes a number in its cell, sums of the cells' counts say where each cell begins, and every
/// sample is written to its place. The numbers come from atomic counters, so that the order within a cell is any; what is made
/// of the samples, sums of integers, does not depend on it.
class BrickSort {
  public:
    BrickSort(Device& device, const GridLayout& layout, int width, std::int64_t most);

    /// components: 2 (samples) or 1 (their weights). Asynchronous; the samples in `in` must be at most `most`.
    template <int components>
    void sort(const SampleSource& in, float scale);

    const BrickGrid& bricks() const { return bricks_; }
    const SortedSample* samples() const { return samples_.data(); }
    const BrickChunk* chunks() const { return chunks_.data(); }
    const unsigned* chunk_count() const { return chunk_count_.data(); }
    /// At least as many as there are chunks, known without asking the device.
    std::int64_t most_chunks() const { return static_cast<std::int64_t>(chunks_.size()); }

  private:
    Device& device_;
    GridLayout layout_;
    int width_;
    BrickGrid bricks_;
    DeviceBuffer<unsigned> cells_;       ///< [brick][cell]: how many samples, then where they begin
    DeviceBuffer<unsigned> in_bricks_;   ///< [brick]: how many samples
    DeviceBuffer<uint2> starts_;         ///< [brick]: first sample, first chunk
    DeviceBuffer<uint2> places_;         ///< [sample]: cell, number in it
    DeviceBuffer<SortedSample> samples_;
    DeviceBuffer<BrickChunk> chunks_;
    DeviceBuffer<unsigned> chunk_count_;
};

}  // namespace tumble::cuda
