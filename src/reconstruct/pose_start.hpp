#pragma once
// The first poses of a run: given ones, those of a reference map, or from nothing.
#include "reconstruct/run.hpp"

namespace tumble {

/// Fills state.poses (and start, contrast_inverted, neighbour_A, shift_sigma_A with them) and saves it as a run with no rounds
/// done. Throws Error(unsupported) where the images show no particle.
void start_poses(Run& run, RunState& state);

}  // namespace tumble
