#pragma once
// Central slices on the device: twin of fourier/central_slice.hpp, where the formulas and the source are.
#include <cstdint>

#include "fourier/gridding_window.hpp"
#include "resident.hpp"

namespace tumble::cuda {

/// Transforms a map of box^3 floats in host memory (x fastest); the map may be changed at return. The transform stays on
/// the device. Throws tumble::Error for a window or a padding factor that the CPU's padded_transform refuses.
DeviceTransform padded_transform(Device& device, const float* map_on_host, int box, const GriddingWindow& window, double padding_factor);

/// out[rotation][point] = F_map(R^T (x, y, 0)) as tumble::sample_slices; zero outside the Nyquist disc. All arrays are in
/// device memory; rotations: [n][9], row-major; points: cycles per pixel. Ordered on the device's stream, does not wait. Each
/// value depends on its own rotation and point only.
void sample_slices(Device& device, const DeviceTransform& transform, const float* rotations, std::int64_t n, const float2* points,
                   std::int64_t point_count, float2* out);

}  // namespace tumble::cuda
