#pragma once
// Insertion on the device: twin of fourier/insertion.hpp and pose/image_equations.hpp, where the formulas are.
#include <span>

#include "backend/operations.hpp"
#include "fourier/gridding_window.hpp"
#include "resident.hpp"

namespace tumble::cuda {

/// Normal equations of resident images at poses, from their points first .. last - 1. The samples are summed in 64-bit fixed
/// point, so that neither the order of the images nor that of the threads changes a bit. Waits for the device. Throws
/// tumble::Error for a window or a padding factor that the CPU refuses.
DeviceEquations accumulate(Device& device, const DeviceImages& images, std::span<const backend::PoseWeight> poses, std::int64_t first,
                           std::int64_t last, const GriddingWindow& window, double padding_factor);

/// Power of two by which values are multiplied before they are summed as 64-bit integers, if the magnitudes of all of them sum
/// to at most `bound`: no sum overflows, and a value is rounded by at most bound / 2^60.
float fixed_point_scale(double bound);

}  // namespace tumble::cuda
