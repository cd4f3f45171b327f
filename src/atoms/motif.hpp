#pragma once
// Ideal structures that a search may start from: crystals, crystals with one planar defect, multiply twinned clusters.
//
// All sites are alike. A motif only has to be near enough for the images to find their orientation; where its atoms really
// sit, and which are missing, the images tell.
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "tumble/geometry.hpp"

namespace tumble {

enum class Motif {
    fcc,
    hcp,
    bcc,
    twin,            ///< fcc with one twin plane (normal along z, through the origin)
    stacking_fault,  ///< fcc with one intrinsic fault (normal along z)
    decahedron,      ///< five fcc grains about one axis (z), closed by a homogeneous strain
    icosahedron,     ///< twenty fcc grains about one point (Mackay, Acta Cryst. 15, 916, 1962)
    diamond,         ///< also zincblende
    wurtzite,
    rocksalt
};

std::span<const Motif> all_motifs();
std::string_view name_of(Motif motif);
/// The motif of that name; nullopt where there is none.
std::optional<Motif> motif_named(std::string_view name);

/// Sites within `radius_A` of `centre_A`, relative to that point; neighbours are `neighbour_A` apart.
std::vector<Vec3> motif_sites(Motif motif, double neighbour_A, double radius_A, Vec3 centre_A);

/// Places that a particle's centre may have in the motif, as unlike each other as `count` can be: the first is a special
/// point, each further one is the farthest from those before it, measured by the sorted distances to the nearest sites, so
/// that equivalent places count as one. The same seed gives the same places.
std::vector<Vec3> motif_centres(Motif motif, double neighbour_A, int count, std::uint64_t seed);

}  // namespace tumble
