#pragma once
// The last step: from settled poses to everything that a reconstruction reports.
#include "reconstruct/run.hpp"

namespace tumble {

/// The whole result but for the times of the stages; maps on a box of `stack_box` voxels, the images' own.
ReconstructResult finished_result(Run& run, const RunState& state, int stack_box);

}  // namespace tumble
