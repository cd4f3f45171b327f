#pragma once
// A first map from nothing: the ideal structure that the images fit best, or, without any structure, a random ball of atoms
// that the images turn into one.
#include <cstdint>
#include <span>
#include <string>

#include "backend/backend.hpp"
#include "reconstruct/centring.hpp"
#include "reconstruct/motif_ranking.hpp"
#include "reconstruct/working_bands.hpp"
#include "tumble/progress.hpp"

namespace tumble {

struct FirstModelOptions {
    WorkingBands bands;
    double neighbour_A = 0;  ///< distance of neighbouring atoms (lattice-free start)
    double shift_sigma_A = usual_centring_sigma_A;
    std::uint64_t seed = 1;
};

struct FirstModel {
    Volume map;             ///< on the box of the images, each shell scaled to the power of their signal
    double score = 0;       ///< mean of the images that it was tried on, log-likelihood units; held out
    double explained = 0;   ///< that score over what a perfect model would have
    std::string structure;  ///< in words, for the log
};

/// True where the images fit the motif of `fit` better after multiplication by -1. Every place of its centre is tried with either
/// sign: with the wrong one a motif that is centred on a hole fits best.
bool motif_wants_inversion(const ResidentImages& images, const MotifFit& fit, const FirstModelOptions& options, Backend& backend);

/// Every motif of `fits` (best first) at several places of the particle's centre, each scored by one search of 100 images: the
/// motif never saw them, so the score is held out by itself.
FirstModel best_motif_model(const ResidentImages& images, std::span<const MotifFit> fits, const FirstModelOptions& options,
                            Backend& backend, Progress& progress);

/// From a relaxed random ball of atoms: rounds of search, posterior weights and maps on 200 images, each fold's map replaced by
/// its strongest peaks before the next search. Three things keep it from the traps of a start without a structure:
/// peaks are no closer than 0.85 of the neighbour distance, which forbids the stripes of half that spacing in which an
/// incomplete lattice ends; the atoms grow from a nucleus of 0.55 of the radius to the whole, because a large ball
/// crystallises as several grains and a small one as one; and in the first rounds the weights are balanced so that all view
/// directions are equally populated, because images that may choose among symmetry mates crowd where others already are.
FirstModel lattice_free_model(const ResidentImages& images, const FirstModelOptions& options, Backend& backend, Progress& progress);

/// Atoms of a random ball with the density of a close-packed solid, relaxed so that few are closer than 0.95 neighbour
/// distances. The same seed gives the same ball.
std::vector<Vec3> glass_ball(double radius_A, double neighbour_A, std::uint64_t seed);

}  // namespace tumble
