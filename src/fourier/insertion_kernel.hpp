#pragma once
// The hot loop of insertion, once for each instruction set; insert_samples picks one.
#include <cstdint>

#include "fourier/insertion_element.hpp"

namespace tumble {

/// Adds placed samples to the grid, in order. `order` lists indices into `samples`.
using InsertKernel = void (*)(float* grid, const GridLayout& layout, const WindowTaps& taps, int components,
                              const PlacedSample* samples, const std::int32_t* order, std::int64_t count);

namespace portable {
void insert_placed(float*, const GridLayout&, const WindowTaps&, int, const PlacedSample*,
                   const std::int32_t*, std::int64_t);
}
namespace avx2 {
void insert_placed(float*, const GridLayout&, const WindowTaps&, int, const PlacedSample*,
                   const std::int32_t*, std::int64_t);
}
namespace avx512 {
void insert_placed(float*, const GridLayout&, const WindowTaps&, int, const PlacedSample*,
                   const std::int32_t*, std::int64_t);
}

}  // namespace tumble
