#pragma once
// The poses that an image may have, each with its posterior share.
#include <span>
#include <vector>

#include "pose/image_equations.hpp"
#include "pose/pose_polish.hpp"
#include "tumble/geometry.hpp"

namespace tumble {

/// Poses of one image with their posterior shares, which add up to 1; the best first.
struct PosteriorPoses {
    std::vector<PoseCandidate> candidates;
    std::vector<double> shares;
    double margin = 0;  ///< score of the best pose less that of the best other one; 0 where no other was tried
};

/// Shares exp((score - best) / temperature) of an image's candidates, best first; those below `least_share` of the best, and
/// those within 0.02 rad of a better one, are left out.
PosteriorPoses posterior_of(std::vector<PoseCandidate> candidates, double temperature, double margin, double least_share = 0.04);

/// The given pose of every image with share 1.
std::vector<PosteriorPoses> certain_poses(std::span<const Pose> poses);
std::vector<WeightedPose> weighted_poses(const std::vector<PosteriorPoses>& posteriors);
std::vector<PoseCandidate> best_poses(const std::vector<PosteriorPoses>& posteriors);

/// Moves the origin to the particle's centre as the shifts tell it: c = argmin sum |t_i + (R_i c)_xy|^2, t_i += (R_i c)_xy.
/// Returns c.
Vec3 recentre(std::vector<PosteriorPoses>& posteriors);

}  // namespace tumble
