#pragma once
// Rounds from the first poses until they are settled, and another start where they explain too little.
#include "reconstruct/run.hpp"

namespace tumble {

/// The poses from which the halves are refined: of the first attempt that explains enough of the signal, or of the best of all.
/// Given poses and a reference have one attempt. Saves after every round.
void settle_poses(Run& run, RunState& state);

}  // namespace tumble
