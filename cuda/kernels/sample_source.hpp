#pragma once
// What is inserted, as the kernels of insertion take it: resident images at poses.
#include <cuda_runtime.h>

namespace tumble::cuda {

/// PoseWeight on the device.
struct Placement {
    long long image;
    float rotation[6];  // the third row is not needed: the points lie in the plane
    float turn_x, turn_y;  // phase of a point in half turns, per cycle and pixel: twice the shift in pixels
    float weight;
    float unused;
};

/// Images at poses, from their points first .. first + count - 1. Samples are numbered pose * count + point.
struct SampleSource {
    const Placement* poses;
    long long pose_count;
    const float2* frequencies;
    const float2* values;
    const float* weights;
    long long first, count, points;
};

}  // namespace tumble::cuda
