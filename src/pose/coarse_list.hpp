#pragma once
// The views that the global search looks at more closely: each at the best of the shifts that are tried, with their prior.
#include <span>
#include <vector>

#include "pose/search_rows.hpp"

namespace tumble {

struct CoarseOptions {
    std::span<const float> prior;  ///< [row of the panel], added to its scores
    float cut = 0;                 ///< views worse than the image's best by more are dropped
    int count = 1;                 ///< views kept an image
};

/// For each image its best views, best first, each with the row of its highest score with prior (the first of equal ones); equal
/// scores go to the lower direction, then the direction before its mirror. Same bits for any thread count.
std::vector<std::vector<SearchPair>> coarse_lists(const AngularBasis& basis, const DirectionPanel& directions, const SearchRows& rows,
                                                  const CoarseOptions& options, ThreadPool& pool);

}  // namespace tumble
