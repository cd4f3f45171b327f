#pragma once
// Posterior weights under which all view directions are equally populated.
#include <vector>

#include "reconstruct/posterior_poses.hpp"

namespace tumble {

/// Multiplies the shares by one factor a bin of view directions (60 bins of the half sphere, opposite views are one) so that
/// the bins hold equal sums, each image's shares still adding up to 1: iterative proportional fitting (Sinkhorn, Ann. Math.
/// Stat. 35, 876, 1964). Factors stay within 1/30 .. 30: a direction that no image can take is left empty.
void balance_views(std::vector<PosteriorPoses>& posteriors);

}  // namespace tumble
