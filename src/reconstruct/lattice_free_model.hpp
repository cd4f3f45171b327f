#pragma once
// A first map without any structure: a random ball of atoms that the images turn into one.
#include <cstdint>
#include <vector>

#include "reconstruct/first_model.hpp"
#include "tumble/progress.hpp"

namespace tumble {

/// From a relaxed random ball of atoms: rounds of search, posterior weights and maps on 200 images, each fold's map replaced by
/// its strongest peaks before the next search. Four things keep it from the traps of a start without a structure:
/// peaks are no closer than 0.85 of the neighbour distance, which forbids the stripes of half that spacing in which an
/// incomplete lattice ends; the atoms grow from a nucleus of 0.55 of the radius to the whole, because a large ball
/// crystallises as several grains and a small one as one; three nuclei compete, of which the one that explains most after
/// seven rounds goes on; and in the first rounds the weights are balanced so that all view directions are equally populated,
/// because images that may choose among symmetry mates crowd where others already are.
FirstModel lattice_free_model(const ResidentImages& images, const FirstModelOptions& options, Backend& backend, Progress& progress);

/// Atoms of a random ball with the density of a close-packed solid, relaxed so that few are closer than 0.95 neighbour
/// distances. The same seed gives the same ball.
std::vector<Vec3> glass_ball(double radius_A, double neighbour_A, std::uint64_t seed);

}  // namespace tumble
