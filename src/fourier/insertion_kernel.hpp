#pragma once
// The hot loops of insertion, once for each instruction set; insert_samples picks one.
#include <cstdint>

#include "fourier/insertion_element.hpp"

namespace tumble {

/// A group of images whose samples are inserted. Sample s is point s % kept of image s / kept.
struct InsertionBatch {
    const float* rotations = nullptr;  ///< 9 an image
    const float* image_weights = nullptr;
    const float* points = nullptr;              ///< x, y of each kept point
    const float* point_weights = nullptr;       ///< of each kept point
    const std::int32_t* point_index = nullptr;  ///< of each kept point among points_of_image
    const float* values = nullptr;  ///< interleaved, points_of_image an image; null: insert the weights alone
    std::int64_t kept = 0, points_of_image = 0;
};

/// brick[p] = number of the brick (insertion_element.hpp) of point p.
using BrickKernel = void (*)(const GridLayout& layout, int width, BrickCounts counts, const float* rotation,
                             const float* points, std::int64_t count, std::int32_t* brick);
/// Adds samples to the grid (interleaved complex, or real where the batch has no values) in the order listed.
using InsertKernel = void (*)(float* grid, const GridLayout& layout, const WindowTaps& taps,
                              const InsertionBatch& batch, const std::int32_t* order, std::int64_t count);

namespace portable {
void find_bricks(const GridLayout&, int, BrickCounts, const float*, const float*, std::int64_t,
                 std::int32_t*);
void insert_placed(float*, const GridLayout&, const WindowTaps&, const InsertionBatch&, const std::int32_t*,
                   std::int64_t);
}  // namespace portable
namespace avx2 {
void find_bricks(const GridLayout&, int, BrickCounts, const float*, const float*, std::int64_t,
                 std::int32_t*);
void insert_placed(float*, const GridLayout&, const WindowTaps&, const InsertionBatch&, const std::int32_t*,
                   std::int64_t);
}  // namespace avx2
namespace avx512 {
void find_bricks(const GridLayout&, int, BrickCounts, const float*, const float*, std::int64_t,
                 std::int32_t*);
void insert_placed(float*, const GridLayout&, const WindowTaps&, const InsertionBatch&, const std::int32_t*,
                   std::int64_t);
}  // namespace avx512

}  // namespace tumble
