#pragma once
// Insertion on the device: twin of fourier/insertion.hpp and pose/image_equations.hpp, where the formulas are.
#include <span>

#include "backend/operations.hpp"
#include "fourier/gridding_window.hpp"
#include "resident.hpp"

namespace tumble::cuda {

/// How samples get onto the grid. Both forms make the same bits, whatever the batches.
struct InsertionForm {
    bool by_taps = false;                    ///< a global addition a tap, which tests compare with: twenty to forty times as many
    std::int64_t samples_a_batch = 1 << 23;  ///< sorted at a time; 40 bytes each
};

/// Normal equations of resident images at poses, from their points first .. last - 1. The samples are summed in 64-bit fixed
/// point, so that neither the order of the images nor that of the threads changes a bit. Waits for the device. Throws
/// tumble::Error for a window, a padding factor or a size that the CPU refuses.
DeviceEquations accumulate(Device& device, const DeviceImages& images, std::span<const backend::PoseWeight> poses, std::int64_t first,
                           std::int64_t last, const GriddingWindow& window, double padding_factor, const InsertionForm& form = {});

/// Power of two by which values are multiplied before they are summed as 64-bit integers, if the magnitudes of all of them sum
/// to at most `bound`: no sum overflows, and a value is rounded by at most bound / 2^60.
float fixed_point_scale(double bound);

}  // namespace tumble::cuda
