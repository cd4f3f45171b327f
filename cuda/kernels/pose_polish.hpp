#pragma once
// Scores and continuous refinement of poses on the device: twin of pose/pose_polish.hpp, where the method is described. The
// functions are ordered on the device's stream and do not wait.
#include <cstdint>

#include "resident.hpp"

namespace tumble::cuda {

/// A pose of one image as the kernels take and return it.
struct DeviceCandidate {
    std::int64_t image;
    float rotation[9];         ///< row-major, orthonormal within 1e-3
    float shift_A[2];
    float score, score_rest;   ///< the score is their sum: a float alone would round it to 6e-8 of its size
    std::int32_t moved;        ///< 1 where rotation and shift have been changed, else 0
};

/// What candidates are scored with; the band is [first_point, last_point) of the images' points.
struct DeviceScoring {
    std::int64_t first_point = 0, last_point = 0;
    DeviceBuffer<int> order;     ///< the band's points, neighbours in the plane near each other
    double shift_sigma_A = 0;    ///< 0: no prior
    double smallest_step = 0;    ///< radians; shifts: times the particle radius
    int steps = 0;
};

/// `order` for a band: a window of taps around a point overlaps its neighbours', so the cache serves most of what a block reads.
DeviceBuffer<int> order_of_band(Device& device, const DeviceImages& images, std::int64_t first_point, std::int64_t last_point);

/// As tumble::score_candidates, polish_poses and polish_shifts, for `count` candidates in device memory, whose images exist.
/// Each candidate's result depends on itself alone. polish_poses without steps changes nothing.
void score_candidates(Device& device, const DeviceImages& images, const DeviceTransform& transform, const DeviceScoring& scoring,
                      DeviceCandidate* candidates, std::int64_t count);
void polish_poses(Device& device, const DeviceImages& images, const DeviceTransform& transform, const DeviceScoring& scoring,
                  DeviceCandidate* candidates, std::int64_t count);
void polish_shifts(Device& device, const DeviceImages& images, const DeviceTransform& transform, const DeviceScoring& scoring,
                   DeviceCandidate* candidates, std::int64_t count);

}  // namespace tumble::cuda
