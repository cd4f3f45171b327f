#pragma once
// Rounds from the first poses until they are settled, and another start where they explain too little.
#include "reconstruct/run.hpp"

namespace tumble {

/// One step towards the poses from which the halves are refined: the first poses, or a round, or, where an attempt has explained
/// too little, the first poses of the next. False, with nothing done, once the poses are settled: they are then those of the first
/// attempt that explained enough, or of the best of all. Given poses and a reference have one attempt. Saves after each.
bool settle_step(Run& run, RunState& state);

}  // namespace tumble
