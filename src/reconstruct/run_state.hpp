#pragma once
// What a run has settled so far: all that a later step depends on besides images and options.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reconstruct/centring.hpp"
#include "reconstruct/posterior_poses.hpp"
#include "tumble/reconstruct.hpp"

namespace tumble {

/// Steps in order; a run that resumes goes on after the last one that was saved.
struct RunState {
    int rounds_done = -1;       ///< -1: nothing; 0: starting poses; n: n rounds after the start
    int half_rounds_done = 0;
    bool contrast_inverted = false;
    double neighbour_A = 0;     ///< distance of neighbouring atoms: measured by a blind start, else the element's
    double shift_sigma_A = usual_centring_sigma_A;  ///< of the centring error on each axis
    double turn_sigma_rad = 0;  ///< of the turn from image to image about each axis; 0 where they are not consecutive
    double moved = 1, strayed = 1;  ///< of the rounds (RoundHistory)
    double explained = 0;       ///< share of the signal that the last round's model explained, held out
    int attempt = 0;            ///< of a blind start
    double kept_explained = 0;  ///< of `kept`
    std::string kept_start;     ///< `start` of that attempt
    std::vector<PosteriorPoses> kept;  ///< poses of the best attempt before this one; empty where there is none
    std::string start;          ///< what the poses were started from, in words
    std::vector<PosteriorPoses> poses;  ///< one an image
};

/// Number that changes with the images and with every option that a result depends on.
std::string input_fingerprint(StackView images, const ReconstructOptions& options);

/// Writes the state to `file` (HDF5), replacing it in one step. Throws Error(system) when it cannot.
void save_checkpoint(const std::string& file, const std::string& fingerprint, const RunState& state);
/// The state in `file`. Throws Error(input) where the file is no checkpoint or belongs to other input or options.
RunState load_checkpoint(const std::string& file, const std::string& fingerprint);

}  // namespace tumble
