#pragma once
// Compares atoms and poses of a run with the truth of a simulated set. A result may differ from the truth by
// a rigid motion and by its hand.
#include <string>
#include <vector>

#include "tumble/geometry.hpp"

namespace tumble::test {

/// Positions of an XYZ file (columns 2 to 4), in A.
std::vector<Vec3> read_positions(const std::string& path);

struct AtomScore {
    std::size_t truth = 0, given = 0;
    std::size_t found = 0;  ///< pairs that are each other's nearest, within 0.7 A
    double rms_pm = 0;      ///< rms distance of these in three dimensions
    std::size_t false_atoms() const { return given - found; }
};
/// After the small rigid motion that fits best (Kabsch, Acta Cryst. A32, 922, 1976, over the pairs, until they stay
/// the same).
AtomScore score_atoms(std::vector<Vec3> given, const std::vector<Vec3>& truth);

/// Rotations of a STAR file with rlnAngleRot, rlnAngleTilt, rlnAnglePsi, in the order of the file.
std::vector<Mat3> read_rotations(const std::string& path);

struct PoseScore {
    double within_5_deg = 0;         ///< fraction
    double median_deg_of_right = 0;  ///< over those
    Mat3 frame;                      ///< r_given = frame * r_truth, after the mirror
    bool mirrored = false;           ///< the result is the mirror image p -> -p of the truth
};
/// One rotation common to all poses is free, and the hand.
PoseScore score_poses(const std::vector<Mat3>& given, const std::vector<Mat3>& truth);

/// Atoms of a run in the frame and hand of the truth, as the poses of that run tell them.
std::vector<Vec3> in_frame_of_truth(std::vector<Vec3> given, const PoseScore& poses);

}  // namespace tumble::test
