#pragma once
// One atom as tumble reports it.
#include <string>
#include <vector>

#include "tumble/geometry.hpp"

namespace tumble {

struct Atom {
    std::string element;         ///< symbol, "Pt"
    Vec3 position_A;             ///< from the map's origin (voxel box/2)
    Vec3 sigma_A;                ///< standard error of the position on each axis
    double height = 0;           ///< peak height relative to the median atom
    double width_A = 0;          ///< Gaussian sigma of the fitted peak
    double half_distance_A = 0;  ///< distance between the same atom in the two half maps; 0 where not known
};

using Atoms = std::vector<Atom>;

}  // namespace tumble
