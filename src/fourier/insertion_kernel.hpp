#pragma once
// The hot loops of insertion, once for each instruction set; insert_samples picks one.
#include <cstdint>

#include "fourier/insertion_element.hpp"

namespace tumble {

/// Samples of one image that are inserted.
struct ImageSamples {
    const float* rotation = nullptr;  ///< 9
    float image_weight = 0;
    const float* points = nullptr;         ///< x, y of each kept point
    const float* point_weights = nullptr;  ///< of each kept point
    const std::int32_t* index = nullptr;   ///< of each kept point among the image's values
    const float* values = nullptr;         ///< interleaved; null: insert the weights alone
    std::int64_t kept = 0;
};

/// A weighted sample at its place: the grid element of its first tap, its window variables, its value. Sorted
/// by brick, records are read in a stream; what they were made from would be read all over the place.
struct PlacedRecord {
    std::int32_t cell;
    float tx, ty, tz, re, im;
};

/// The fields of an image's records as arrays [kept], for the vectors of the kernel that places them.
struct PlacedImage {
    std::int32_t* cell;
    float *tx, *ty, *tz, *re, *im;
};

/// brick[p] = number of the brick (insertion_element.hpp) of point p.
using BrickKernel = void (*)(const GridLayout& layout, int width, BrickCounts counts, const float* rotation,
                             const float* points, std::int64_t count, std::int32_t* brick);
/// Places the samples of an image, in the order of its points.
using PlaceKernel = void (*)(const GridLayout& layout, int width, const ImageSamples& image,
                             const PlacedImage& out);
/// Adds samples to the grid in the order listed: interleaved complex (components 2), or their real parts (1).
using InsertKernel = void (*)(float* grid, int components, const GridLayout& layout, const WindowTaps& taps,
                              const PlacedRecord* samples, std::int64_t count);

namespace portable {
void find_bricks(const GridLayout&, int, BrickCounts, const float*, const float*, std::int64_t,
                 std::int32_t*);
void place_image(const GridLayout&, int, const ImageSamples&, const PlacedImage&);
void insert_placed(float*, int, const GridLayout&, const WindowTaps&, const PlacedRecord*, std::int64_t);
}  // namespace portable
namespace avx2 {
void find_bricks(const GridLayout&, int, BrickCounts, const float*, const float*, std::int64_t,
                 std::int32_t*);
void place_image(const GridLayout&, int, const ImageSamples&, const PlacedImage&);
void insert_placed(float*, int, const GridLayout&, const WindowTaps&, const PlacedRecord*, std::int64_t);
}  // namespace avx2
namespace avx512 {
void find_bricks(const GridLayout&, int, BrickCounts, const float*, const float*, std::int64_t,
                 std::int32_t*);
void place_image(const GridLayout&, int, const ImageSamples&, const PlacedImage&);
void insert_placed(float*, int, const GridLayout&, const WindowTaps&, const PlacedRecord*, std::int64_t);
}  // namespace avx512

}  // namespace tumble
