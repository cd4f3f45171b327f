#pragma once
// Polar Fourier samples of images on the device: twin of pose/polar_images.hpp.
#include <span>

#include "core/small_vectors.hpp"
#include "resident.hpp"

namespace tumble::cuda {

/// Samples [image][point] of the transforms of the images' real-space arrays, origin-centred, by gridding. `points` in cycles
/// per pixel, |k| <= 0.5. An image's samples have the same bits however many images there are. Waits for the device.
DeviceBuffer<float2> polar_samples(Device& device, const DeviceImages& images, std::span<const FrequencyPoint> points);

}  // namespace tumble::cuda
