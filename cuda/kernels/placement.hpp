#pragma once
// What is inserted, as the kernels of insertion take it: resident images at poses, and the value of one of their samples.
#include <cuda_runtime.h>

#include "fourier/insertion_element.hpp"

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

/// Weight of a sample; 0 where it is not inserted. `at`: its point in the plane.
__device__ inline float weight_of(const SampleSource& in, const Placement& pose, long long point, float2 at) {
    const float weight = pose.weight * in.weights[in.first + point];
    return inside_nyquist(at.x, at.y) ? weight : 0.0f;
}

/// The sample times its weight, moved to the particle's centre (components 2), or the weight alone (1).
template <int components>
__device__ inline float2 weighted_value(const SampleSource& in, const Placement& pose, long long point, float2 at, float weight) {
    if (components == 1) return make_float2(weight, 0.0f);
    const float2 value = in.values[pose.image * in.points + in.first + point];
    float sine, cosine;
    sincospif(fmaf(at.x, pose.turn_x, at.y * pose.turn_y), &sine, &cosine);
    return make_float2(weight * fmaf(value.x, cosine, -value.y * sine), weight * fmaf(value.x, sine, value.y * cosine));
}

}  // namespace tumble::cuda
