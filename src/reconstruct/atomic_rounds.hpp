#pragma once
// Rounds of expectation maximisation in which each fold's map is replaced by its atoms before images are scored.
//
// An atom has one position for all views, so an atomic model has a few hundred parameters instead of thousands, predicts
// unseen images better, and does not let every region of views keep a symmetry mate of its own. Only atomicity is assumed.
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "backend/backend.hpp"
#include "pose/pose_polish.hpp"
#include "pose/symmetry_mates.hpp"
#include "reconstruct/map_estimate.hpp"
#include "tumble/progress.hpp"

namespace tumble {

/// Atoms of a map as point scatterers with one profile.
struct AtomicModel {
    std::vector<Vec3> positions_A;
    std::vector<double> heights;          ///< relative to the median, at most 1.15
    std::vector<double> shell_amplitude;  ///< profile per shell of width 1/box
};
/// Peaks of the map that are atoms, and the profile with which they explain it; nullopt where no atoms stand out.
std::optional<AtomicModel> atomic_model_of(const Volume& map, double radius_A, double min_distance_A, Backend& backend);
Volume rendered(const AtomicModel& model, int box, double voxel_A, Backend& backend);

struct RoundOptions {
    double low_per_A = 0.25, high_per_A = 0.9;
    double screening_high_per_A = 0.74;  ///< mates are screened by their score up to here
    double temperature = 1;       ///< of the weights exp((score - best) / temperature)
    int folds = 4;
    bool propose_mates = true;
    double shift_sigma_A = 0.36;
    double min_distance_A = 2.0;
    std::uint64_t seed = 1;
    std::uint32_t pass = 0;
};

/// Poses of one image with their posterior shares; the best first.
struct PosteriorPoses {
    std::vector<PoseCandidate> candidates;
    std::vector<double> shares;
    double margin = 0;  ///< best score less that of the best mate; 0 where none was tried
};

/// Shares exp((score - best) / temperature) of an image's candidates, best first; those below 4 % of the best, and those
/// within 0.02 rad of a better one, are left out.
PosteriorPoses posterior_of(std::vector<PoseCandidate> candidates, double temperature, double margin);

struct RoundResult {
    std::vector<PosteriorPoses> images;
    double mean_score = 0;       ///< of the best poses, held out: each against a model made without its fold
    std::size_t atoms = 0;       ///< of the map from all images, before the round
    std::size_t symmetries = 0;  ///< near symmetries used for proposals
};

/// One round: fold maps from the present posteriors, their atoms, candidates (present poses, further proposals `extra` per
/// image, symmetry mates), polish, new shares. An image's own pose is never dropped from its candidates.
RoundResult atomic_round(const ResidentImages& images, const std::vector<PosteriorPoses>& present,
                         const std::vector<std::vector<PoseCandidate>>& extra, const RoundOptions& options, Backend& backend,
                         Progress& progress);

/// Best pose of every image with weight 1, as posteriors.
std::vector<PosteriorPoses> certain_poses(std::span<const Pose> poses);
std::vector<WeightedPose> weighted_poses(const std::vector<PosteriorPoses>& posteriors);

/// Moves the origin to the particle's centre as the shifts tell it: c = argmin sum |t_i + (R_i c)_xy|^2, t_i += (R_i c)_xy.
/// Returns c.
Vec3 recentre(std::vector<PosteriorPoses>& posteriors);

}  // namespace tumble
