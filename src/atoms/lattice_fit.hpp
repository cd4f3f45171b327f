#pragma once
// The one lattice that describes a set of atoms best, where there is one.
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "tumble/geometry.hpp"

namespace tumble {

/// Affine lattice x = origin + n_1 basis_1 + n_2 basis_2 + n_3 basis_3, fitted to all atoms by least squares.
struct LatticeFit {
    std::array<Vec3, 3> basis_A;
    Vec3 origin_A;
    std::vector<std::array<int, 3>> indices;  ///< per atom
    std::vector<Vec3> sites_A;                ///< per atom: where the lattice puts it
    double residual_rms_A = 0;                ///< 3D rms distance of atoms from their sites
};

/// Primitive basis from neighbour vectors of the most central atom, indices grown from the centre outward, then a fit of
/// all twelve parameters. nullopt for fewer than 20 atoms, or where the sites are no better than a quarter of the
/// nearest-neighbour distance (twins, icosahedra, glasses) or two atoms share a site.
std::optional<LatticeFit> fit_lattice(std::span<const Vec3> atoms_A);

}  // namespace tumble
