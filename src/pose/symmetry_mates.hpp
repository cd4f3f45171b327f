#pragma once
// Operations that map a particle nearly onto itself, found from its atoms, and the poses that they make alike.
//
// A particle cut from a lattice looks nearly the same under up to 48 operations p -> g p + tau (g proper or improper), each
// with its own shift tau because the lattice's symmetric sites do not sit at the particle's centre. Lattice translations
// are operations with g = 1. No lattice is assumed: the same code serves icosahedral particles.
#include <span>
#include <vector>

#include "core/threads.hpp"
#include "tumble/geometry.hpp"

namespace tumble {

struct NearSymmetry {
    Mat3 rotation;           ///< proper part: the operation is p -> rotation p + shift, or -rotation p + shift
    bool improper = false;
    Vec3 shift_A;
    double overlap = 0;      ///< share of the atoms that it maps to within 0.6 A of an atom
};

struct NearSymmetryOptions {
    double least_overlap = 0.6;
    double largest_shift_A = 2.0;       ///< operations that would move the particle farther are left out
    double translation_overlap = 0.6;   ///< for lattice translations (rotation within 5 deg of none)
};
/// Strongest overlap first; the identity is always first. Neighbour pairs of the most central atom are mapped onto
/// neighbour pairs of the central atoms and each operation is refined by a Kabsch fit on the atoms that it matches
/// (Kabsch, Acta Cryst. A32, 922, 1976). Empty but for the identity for fewer than 8 atoms.
/// Same bits for any thread count.
std::vector<NearSymmetry> find_near_symmetries(std::span<const Vec3> atoms_A, const NearSymmetryOptions& options, ThreadPool& pool);

/// The pose at which the particle, seen through the operation, looks as it does at `pose`:
/// (R g, t + (R tau)_xy), and for improper operations (C2 R g, t + (R tau)_xy) with C2 = diag(-1, -1, 1), because
/// projecting along the beam cannot tell r from its mirror in the image plane.
Pose mate_of(const Pose& pose, const NearSymmetry& operation);

}  // namespace tumble
