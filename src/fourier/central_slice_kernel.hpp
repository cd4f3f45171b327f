#pragma once
// The hot loop of central slices, once for each instruction set; sample_slices picks one.
#include <cstdint>

#include "fourier/central_slice_element.hpp"

namespace tumble {

/// out[2 p], out[2 p + 1] = value at points[2 p], points[2 p + 1] (cycles per pixel) of the slice at
/// `rotation`.
using SampleKernel = void (*)(const float* grid, const GridLayout& layout, const WindowTaps& taps,
                              const float* rotation, const float* points, std::int64_t count, float* out);

namespace portable {
void sample_points(const float*, const GridLayout&, const WindowTaps&, const float*, const float*,
                   std::int64_t, float*);
}
namespace avx2 {
void sample_points(const float*, const GridLayout&, const WindowTaps&, const float*, const float*,
                   std::int64_t, float*);
}
namespace avx512 {
void sample_points(const float*, const GridLayout&, const WindowTaps&, const float*, const float*,
                   std::int64_t, float*);
}

}  // namespace tumble
