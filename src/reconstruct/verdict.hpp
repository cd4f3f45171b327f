#pragma once
// Is the result believed? Only held-out predictions count: atom count, rms and FSC are good for an unaligned lattice ball too.
#include <span>
#include <vector>

#include "backend/backend.hpp"
#include "reconstruct/final_result.hpp"
#include "tumble/reconstruct.hpp"

namespace tumble {

/// Score of every image against the atoms of the half that it does not belong to, each at its own pose; 0 for all where a
/// half has no atoms.
std::vector<double> held_out_scores(const FinalStageInput& input, const HalfAtoms (&halves)[2], Backend& backend);

/// How much better the images are predicted by atoms that never saw them than by an alternative made from the same atoms:
/// mean difference of the score per image and its standard error. The atoms are those of the other half, drawn towards the
/// alternative as far as makes up for their having been fitted to half the images only (see verdict.cpp).
struct Advantage {
    bool tried = false;
    double mean = 0, error = 0;
    bool clear() const { return mean > 3 * error; }
};
struct PredictionTest {
    Advantage over_symmetrised;  ///< the particle averaged over its near symmetries
    Advantage over_lattice;      ///< the same atoms on the sites of the best-fitting lattice
};
PredictionTest test_predictions(const FinalStageInput& input, const HalfAtoms (&halves)[2], Backend& backend);

/// Images whose held-out score falls far below the others' (more than six robust standard deviations below the median) or
/// shows nothing of the particle (at or below zero).
std::vector<char> bad_images(std::span<const double> scores);

/// What the rounds of the search ended with; the defaults stand for a run without rounds.
struct SearchEnd {
    double moving = 0;     ///< share of the images whose pose still changed in the last round
    double explained = 1;  ///< share of the images' signal that the model explained, held out
};
Verdict judge(const ReconstructResult& result, const PredictionTest& test, const SearchEnd& end);

}  // namespace tumble
