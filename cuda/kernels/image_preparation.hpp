#pragma once
// From the raw stack to masked, transformed images on the device: twin of pose/image_preparation.hpp. Pixels are read on the
// host's side in batches, so a stack need not fit the device's memory.
#include <span>
#include <vector>

#include "pose/image_preparation.hpp"
#include "resident.hpp"

namespace tumble::cuda {

/// image_means: `at_once` images on the device at a time. The choice of pixels inside is the host's, sums carry 48 bits; values up
/// to 1e30. Waits for the device.
std::vector<ImageMeans> image_means(Device& device, StackView stack, double from_px, std::int64_t at_once);

/// transform_images: images with the frequencies `points`, without weights, and the sums of their powers (float32 an image, double
/// over images, in their order). values, real_space: copies for the host, or null. An image's bits do not depend on the others.
/// Waits for the device.
struct Transformed {
    DeviceImages images;
    PowerSums sums;
};
Transformed transform_images(Device& device, StackView stack, const SettledPreparation& settled, float2* values, float* real_space);

/// Changes the sign of every value and pixel.
void negate(Device& device, DeviceImages& images);

}  // namespace tumble::cuda
