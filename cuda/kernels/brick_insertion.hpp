#pragma once
// Insertion of sorted samples, brick by brick.
#include "fourier/window_taps.hpp"
#include "kernels/brick_sort.hpp"

namespace tumble::cuda {

/// Adds the samples of a sort, rounded to whole numbers tap by tap, to a grid of 64-bit integers [cell][component]. Asynchronous.
template <int components>
void insert_sorted(Device& device, const BrickSort& sorted, const GridLayout& layout, const WindowTaps& taps, unsigned long long* grid);

}  // namespace tumble::cuda
