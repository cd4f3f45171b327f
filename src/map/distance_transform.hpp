#pragma once
// Exact Euclidean distance transform (Felzenszwalb & Huttenlocher, Theory of Computing 8, 415, 2012): lower
// envelopes of parabolas, axis by axis.
#include <vector>

#include "core/threads.hpp"

namespace tumble {

/// Squared distance, in voxels, from each voxel of box^3 to the nearest one that is inside (0 there);
/// infinite if none is.
std::vector<float> squared_distances(const std::vector<bool>& inside, int box, ThreadPool& pool);

}  // namespace tumble
