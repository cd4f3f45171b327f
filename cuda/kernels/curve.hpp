#pragma once
// Whole curves of listed pairs over the in-plane angle, on the device.
#include <cstdint>

#include "resident.hpp"

namespace tumble::cuda {

struct CurvePair {
    std::int64_t row, direction;
    int mirror;
};

/// curves[pair][angle] = L(phi_angle); `pairs` and `curves` are in device memory. The largest value of a
/// curve has the bits of the pair's maximum (score_window): products, transform and their order are the same
/// code. Ordered on the stream, does not wait.
void score_curves(Device& device, const DeviceSearch& search, const DeviceRows& rows, const CurvePair* pairs,
                  std::int64_t count, float* curves);

}  // namespace tumble::cuda
