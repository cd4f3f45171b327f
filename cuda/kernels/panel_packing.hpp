#pragma once
// Polar samples to the operands of the scores on the device: twin of pose/packing.cpp, where the normalisation is explained.
// Shift ramp, angular harmonics, projection onto the radial basis.
#include <cstdint>

#include "resident.hpp"

namespace tumble::cuda {

/// Where the packing kernel keeps the harmonic of an order, 0 .. angles / 2, among the angles / 2 + 1 of a ring.
int harmonic_slot(int angles, int order);

/// Packs directions first .. first + count - 1 of the search (operands and power) from their polar slices, [count][ring][half
/// angle] in device memory. `first` is a multiple of DeviceSearch::block_directions, and so is `count` but for the last
/// directions. A direction has the same bits in any chunk. Ordered on the stream, does not wait.
void pack_directions(Device& device, DeviceSearch& search, const float2* slices, std::int64_t first, std::int64_t count);

/// Packs row r = image images[r] of the search moved by exp(+2 pi i k.shifts_px[r]). Both arrays are in device memory.
/// A row has the same bits beside any others. Ordered on the stream, does not wait.
DeviceRows pack_rows(Device& device, const DeviceSearch& search, const std::int64_t* images, const float2* shifts_px, std::int64_t count);

}  // namespace tumble::cuda
