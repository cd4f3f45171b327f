#pragma once
// Exhaustive search: the best pairs of every image over all directions, both hemispheres and all its shifts.
#include <limits>
#include <vector>

#include "pose/search_rows.hpp"

namespace tumble {

struct ExhaustiveOptions {
    int count = 1;                                       ///< pairs kept an image
    float cut = std::numeric_limits<float>::infinity();  ///< pairs worse than the best by more are dropped
    std::int64_t batch_rows = 256;  ///< rows scored at once: bounds the memory, not the result
};

/// For each image its best pairs, best first; equal scores go to the lower row, then the lower direction,
/// then the direction before its mirror. `incumbent` (one an image, or none) is a score known to be reached:
/// pairs at or below it are not listed, and most of their transforms are saved; an image's list may then be
/// empty. The exact bound makes the result independent of how much is pruned; same bits for any batch and
/// thread count.
std::vector<std::vector<SearchPair>> exhaustive_search(const AngularBasis& basis,
                                                       const DirectionPanel& directions,
                                                       const SearchRows& rows,
                                                       const ExhaustiveOptions& options,
                                                       std::span<const float> incumbent, ThreadPool& pool);

}  // namespace tumble
