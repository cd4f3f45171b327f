#pragma once
// What the preparation of an image reads beside the image: weights of pixels and places of frequencies. Both sides of the seam
// (image_preparation.cpp, cuda/kernels/image_preparation.cu) read the same tables.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/small_vectors.hpp"

namespace tumble {

/// Width of the mask's cosine edge.
inline constexpr double mask_edge_A = 1.5;

/// From pixel (width/2, height/2) to pixel (x, y), in pixels.
double distance_from_origin(std::int64_t x, std::int64_t y, std::int64_t width, std::int64_t height);

/// A weight a pixel, row by row, and the sum of their squares before they are rounded to float.
struct PixelWeights {
    std::vector<float> values;
    double power = 0;
};
/// 1 inside of the radius, 0 beyond the edge; of box x box pixels.
PixelWeights particle_mask(int box, double mask_radius_A, double pixel_size_A);
/// 0 inside of the mask and on its edge, 1 outside.
PixelWeights noise_window(std::int64_t height, std::int64_t width, double mask_radius_A, double pixel_size_A);
/// Whether enough of the image lies outside of the mask for its noise to be measured there.
bool measures_noise(const PixelWeights& window);

/// Shell of each frequency of the half spectrum [height][width / 2 + 1], of width 1 / min(height, width); -1: the origin, and
/// what lies beyond the last shell.
std::vector<int> noise_shells(std::int64_t height, std::int64_t width);

/// PreparedImages::points, and where the transform [box][box / 2 + 1] of a real image has them.
struct HalfPlane {
    std::vector<FrequencyPoint> points;
    std::vector<int> shell;
    std::vector<std::size_t> index;
    std::vector<float> re_sign;  ///< moves the origin to pixel box/2
    std::vector<float> im_sign;  ///< the same, and conjugates what lies in the other half (Friedel)
};
HalfPlane half_plane(int box);

}  // namespace tumble
