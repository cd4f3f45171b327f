#pragma once
// Atoms as local maxima of a map.
#include <vector>

#include "core/threads.hpp"
#include "tumble/arrays.hpp"
#include "tumble/geometry.hpp"

namespace tumble {

struct Peak {
    Vec3 position_A;    ///< from voxel box/2; sub-voxel by a parabola through the neighbours on each axis
    double height = 0;  ///< map value at the interpolated maximum
};

/// Local maxima of `map` within `radius_A` of its origin, strongest first, no two closer than
/// `min_distance_A` (the stronger is kept). The map is not filtered first; pass a restored, band-limited map.
std::vector<Peak> find_peaks(const Volume& map, double radius_A, double min_distance_A, ThreadPool& pool);

/// How many of `peaks` (strongest first) are atoms, and how plain that is.
struct PeakSelection {
    std::size_t atoms = 0;
    double threshold = 0;     ///< height that divides atoms from noise
    double gap = 0;           ///< width of the empty interval of heights there, relative to the median atom
    double noise_height = 0;  ///< strongest peak below the threshold
};
/// Cuts at the widest gap of the sorted heights between 0.2 and 0.7 of the median of the strongest peaks; no
/// atoms where the heights look like the maxima of noise (no gap, no cluster of equal heights).
PeakSelection select_atoms(const std::vector<Peak>& peaks);

}  // namespace tumble
