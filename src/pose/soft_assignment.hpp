#pragma once
// Soft assignment: tempered posterior weights of candidate poses.
#include <span>
#include <vector>

#include "pose/search_rows.hpp"

namespace tumble {

/// exp((L - max L) / temperature), normalised to sum 1. -infinity gets weight 0. Scores are log-likelihoods,
/// so temperature 1 is the posterior under even priors. Empty if `scores` is; all zero if none is finite.
std::vector<double> posterior_weights(std::span<const float> scores, double temperature);

struct WeightedPair {
    SearchPair pair;
    double weight = 0;
};

struct SoftOptions {
    double temperature = 1;
    double smallest_weight = 2e-8;  ///< relative to the best pair; below it a pair is left out
    int count = 64;                 ///< at most so many pairs an image
    std::int64_t batch_rows = 256;
};

/// For each image its pairs that carry weight, best first, weights summing to 1 over the pairs kept. A pair
/// stands for the best of its in-plane angles.
std::vector<std::vector<WeightedPair>> soft_assignment(const AngularBasis& basis,
                                                       const DirectionPanel& directions,
                                                       const SearchRows& rows, const SoftOptions& options,
                                                       ThreadPool& pool);

}  // namespace tumble
