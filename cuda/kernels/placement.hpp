#pragma once
// The value of a sample that is inserted, for kernels.
#include <cuda_runtime.h>

#include "fourier/insertion_element.hpp"
#include "kernels/sample_source.hpp"

namespace tumble::cuda {

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
