#pragma once
// Poses and their images as the operators' arrays tell them.
#include <vector>

#include "reachable_arrays.hpp"
#include "tumble.h"
#include "tumble/image_pose.hpp"

namespace tumble::c_interface {

/// float64 (rotation, 3, 3). Throws TUMBLE_E_ARRAY for other shapes and for matrices that are no rotations.
std::vector<Mat3> copied_rotations(const tumble_array* rotations);
/// float64 (pose, 3, 3) and (pose, 2). Throws likewise.
std::vector<Pose> copied_poses(const tumble_array* rotations, const tumble_array* shifts_A);

/// int32 (pose); null: 0, 1, ...
std::vector<std::int64_t> copied_numbers(const tumble_array* images, std::int64_t poses);

/// A caller's arrays that an operator reads and replaces.
struct PoseArrays {
    const tumble_array *images, *rotations, *shifts_A, *scores;

    /// The same arrays where the host can work on them; the scores, and with `poses` all but `images`, are to be delivered.
    PoseArrays on_host(ReachableArrays& reachable, bool poses) const;

    /// With or without the present scores; those of NaN are refused. Throws TUMBLE_E_ARRAY.
    std::vector<PoseCandidate> candidates(bool with_scores) const;
    /// Throws TUMBLE_E_ARRAY, TUMBLE_E_NULL for arrays that cannot hold `count` poses and their scores.
    void require_room(std::int64_t count) const;
    void write_scores(const std::vector<PoseCandidate>& candidates) const;
    void write_all(const std::vector<PoseCandidate>& candidates) const;
};

/// Weights float64 (pose); null: 1.
std::vector<WeightedPose> copied_weighted_poses(ReachableArrays& reachable, const tumble_array* images, const tumble_array* rotations,
                                                const tumble_array* shifts_A, const tumble_array* weights);

}  // namespace tumble::c_interface
