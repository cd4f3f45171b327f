#pragma once
// Chooses the copy of the scoring and packing kernels for an instruction set.
#include <vector>

#include "core/cpu_features.hpp"
#include "pose/score_kernel.hpp"

namespace tumble {

struct PoseKernels {
    void (*score_range)(ScoreTask&);
    void (*score_curve)(const CurveTask&);
    void (*pack_group)(const PackTask&);
};

/// Throws bad_input if this build or this processor has no such copy.
PoseKernels pose_kernels(InstructionSet set);

/// Factors cos, sin of 2 pi m2 j1 / angles between the two passes of the transform, [m2][j1][2].
std::vector<float> angular_twiddles(int angles);

}  // namespace tumble
