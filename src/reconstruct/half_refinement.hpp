#pragma once
// The last stage: each half of the images is refined against its own atoms, and nothing passes between the halves.
#include <cstdint>
#include <vector>

#include "atoms/joint_fit.hpp"
#include "backend/backend.hpp"
#include "pose/pose_polish.hpp"
#include "pose/prepared_images.hpp"
#include "reconstruct/map_estimate.hpp"
#include "tumble/progress.hpp"

namespace tumble {

struct HalfRefinementOptions {
    double low_per_A = 0.25, high_per_A = 1.05;
    double shift_sigma_A = 0.36;
    double min_distance_A = 2.0;
    int steps = 3;  ///< Gauss-Newton steps a pose and round
};

/// One round for the images of one half: map, its atoms (refined against these images), polish of these images' poses.
/// `poses` holds every image of the half once; score is set. Where no atoms stand out the map itself is the reference.
void refine_half(const ResidentImages& images, std::vector<PoseCandidate>& poses, const HalfRefinementOptions& options,
                 Backend& backend, Progress& progress);

/// Rotation and shift p -> rotation p + shift that bring the atoms of one half onto those of the other (matched within
/// 0.6 A); identity where fewer than four match.
struct RigidMotion {
    Mat3 rotation;
    Vec3 shift_A;
};
RigidMotion align_atoms(std::span<const Vec3> from_A, std::span<const Vec3> onto_A);
/// The pose under which the particle moved by `motion` looks as it did before: (R Q^T, t - (R Q^T s)_xy).
Pose follow(const Pose& pose, const RigidMotion& motion);

}  // namespace tumble
