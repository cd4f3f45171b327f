#pragma once
// Insertion on the device: twin of fourier/insertion.hpp and pose/image_equations.hpp, where the formulas are.
#include <span>
#include <vector>

#include "backend/operations.hpp"
#include "fourier/gridding_window.hpp"
#include "kernels/sample_source.hpp"
#include "resident.hpp"

namespace tumble::cuda {

/// How samples get onto the grid. Both forms make the same bits, whatever the batches.
struct InsertionForm {
    bool by_taps = false;                    ///< a global addition a tap, which tests compare with: twenty to forty times as many
    std::int64_t samples_a_batch = 1 << 23;  ///< sorted at a time; 40 bytes each
};

/// Images of a device at poses, ready to be inserted; borrows the images.
struct PlacedImages {
    DeviceBuffer<Placement> poses;
    SampleSource samples{};
    int box = 0;
    std::vector<double> data, weights;  ///< [pose]: summed magnitudes of a component of the samples, and of their weights
};
PlacedImages placed(Device& device, const DeviceImages& images, std::span<const backend::PoseWeight> poses, std::int64_t first, std::int64_t last);

/// What turns magnitudes into whole numbers. Shares of images whose sums are to be added need the same.
struct FixedPointScales {
    float data = 1, weights = 1;
};
/// Of all shares together: the same for any division of the poses among them.
FixedPointScales fixed_point_scales(std::span<const PlacedImages> shares);

/// The two grids that are summed on: of the data, whose real and imaginary parts alternate, and of the weights.
struct InsertionGrids {
    GriddingWindow window;
    int box = 0, padded = 0, doubled_padded = 0;
};
/// Throws tumble::Error for a window, a padding factor or a size that the CPU refuses.
InsertionGrids insertion_grids(int box, const GriddingWindow& window, double padding_factor);

/// Sums of the samples in 64-bit fixed point: whole numbers, so that sums of shares may be added.
using FixedPointGrid = DeviceBuffer<unsigned long long>;
FixedPointGrid data_sums(Device& device, const PlacedImages& in, const InsertionGrids& grids, float scale, const InsertionForm& form);
FixedPointGrid weight_sums(Device& device, const PlacedImages& in, const InsertionGrids& grids, float scale, const InsertionForm& form);
/// The sums folded and transformed to real space: the right side (box^3) and the kernel ((2 box)^3). Wait for the device.
DeviceBuffer<float> right_side_of(Device& device, FixedPointGrid sums, const InsertionGrids& grids, float scale);
DeviceBuffer<float> kernel_of(Device& device, FixedPointGrid sums, const InsertionGrids& grids, float scale);

/// Normal equations of resident images at poses, from their points first .. last - 1. The samples are summed in 64-bit fixed
/// point, so that neither the order of the images nor that of the threads changes a bit. Waits for the device. Throws
/// tumble::Error for a window, a padding factor or a size that the CPU refuses.
DeviceEquations accumulate(Device& device, const DeviceImages& images, std::span<const backend::PoseWeight> poses, std::int64_t first,
                           std::int64_t last, const GriddingWindow& window, double padding_factor, const InsertionForm& form = {});

/// Power of two by which values are multiplied before they are summed as 64-bit integers, if the magnitudes of all of them sum
/// to at most `bound`: no sum overflows, and a value is rounded by at most bound / 2^60.
float fixed_point_scale(double bound);

}  // namespace tumble::cuda
