#pragma once
// Rounds of expectation maximisation in which each fold's map is replaced by its atoms before images are scored, and every
// image is offered the symmetry mates of its present pose. Only atomicity is assumed.
//
// A particle cut from a lattice looks nearly the same under dozens of operations. Images that start in random mates give the
// symmetrised particle; where its atoms deviate from the symmetry by chance, the mates' scores differ, and each round makes
// the difference larger, until one orientation of the particle has won for all images (docs/stages/search.md).
#include <cstdint>
#include <span>
#include <vector>

#include "backend/backend.hpp"
#include "pose/symmetry_mates.hpp"
#include "reconstruct/map_estimate.hpp"
#include "reconstruct/posterior_poses.hpp"
#include "reconstruct/search_panels.hpp"
#include "tumble/progress.hpp"

namespace tumble {

struct RoundOptions {
    double low_per_A = 0.25, high_per_A = 0.9;
    double temperature = 1;       ///< of the weights exp(score / temperature): above 1 while the map is noisy
    double turn_sigma_rad = 0;    ///< of the turn from image to image about each axis; 0: images are weighed one by one
    bool search = false;          ///< also search all orientations afresh against the fold's atoms
    SearchScope search_scope;
    int folds = 4;
    double shift_sigma_A = 0.36;
    double min_distance_A = 2.0;
    std::size_t most_atoms = 5000;  ///< that the particle may have
    std::uint64_t seed = 1;
    std::uint32_t pass = 0;
};

struct RoundResult {
    std::vector<PosteriorPoses> images;
    double mean_score = 0;     ///< of the best poses, held out: each against a model made without its fold
    std::size_t atoms = 0;     ///< of the map from all images, before the round
    std::vector<NearSymmetry> symmetries;  ///< used for proposals, identity first, one a rotation
    double moved = 0;          ///< share of the images that the model predicts whose best pose turned by more than 5 deg
    double strayed = 0;        ///< share whose best pose is no mate of the former one
    Volume map;                ///< from all images, before the round
};

/// One round: fold maps from the present posteriors, their atoms (once most images have one pose only, refined against the
/// images: peaks of a map lie some 10 pm beside the atoms, the same way for all images of a region of views, which may then
/// prefer a wrong mate together), candidates (present poses, their symmetry mates, poses
/// from a fresh search and their mates), best shifts, new shares, and a polish of the poses that carry weight. An image's
/// own pose is never dropped from its candidates.
RoundResult atomic_round(const ResidentImages& images, const std::vector<PosteriorPoses>& present, const RoundOptions& options,
                         Backend& backend, Progress& progress);

}  // namespace tumble
