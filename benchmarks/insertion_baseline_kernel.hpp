#pragma once
// The baseline of the insertion: samples scattered into the grid in the order of the image, data and weights
// together.
#include <cstdint>
#include <vector>

namespace tumble {

/// Half volume of side^3 with x >= 0, interleaved complex data and real weights; rows of `stride` cells begin
/// at x = -4.
struct ScatterGrid {
    int side = 0, stride = 0;
    float* data = nullptr;
    float* weight = nullptr;
};

/// A window of four taps, tabulated: entry i holds the weights at fraction i / steps of a cell.
constexpr int scatter_table_steps = 4096;

/// Adds the samples of one image at orientation `rotation` (row-major). points: x, y in cycles per pixel;
/// values: interleaved; table: 4 (scatter_table_steps + 1).
using ScatterKernel = void (*)(const ScatterGrid& grid, const float* table, const float* rotation,
                               const float* points, std::int64_t count, const float* values);
namespace portable {
void scatter_in_order(const ScatterGrid&, const float*, const float*, const float*, std::int64_t,
                      const float*);
}
namespace avx2 {
void scatter_in_order(const ScatterGrid&, const float*, const float*, const float*, std::int64_t,
                      const float*);
}
namespace avx512 {
void scatter_in_order(const ScatterGrid&, const float*, const float*, const float*, std::int64_t,
                      const float*);
}

}  // namespace tumble
