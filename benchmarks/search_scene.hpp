#pragma once
// The test case of the search benchmark: one platinum ball, its slices, and noisy images of it.
#include <cstdint>
#include <vector>

#include "core/threads.hpp"
#include "pose/polar_transform.hpp"
#include "tumble/geometry.hpp"

namespace tumble::benchmark {

struct SearchScene {
    PolarGrid grid;
    std::vector<float> weights;  ///< a ring
    std::vector<Mat3> bases;
    std::vector<Complexf> slices;           ///< [direction][ring][half angle]
    std::vector<Complexf> images;           ///< [image][ring][half angle], with noise
    std::vector<std::int64_t> image_index;  ///< 0 .. images-1
    std::int64_t image_count() const { return static_cast<std::int64_t>(image_index.size()); }
    std::size_t samples() const { return grid.rings.size() * static_cast<std::size_t>(grid.half()); }
};

/// Radius of the particle with its blur in pixels, for the basis.
constexpr double scene_radius_px = 32;

/// The atoms of a random particle in pixels from the origin, no two crystals alike; the same for the same
/// number.
std::vector<Vec3> scene_atoms(int crystal);

/// Box 160, rings `first_ring` .. 80, 256 angles; 314 atoms of an fcc ball of radius 30 px, displaced at
/// random, at 0.358 A per pixel. The slices are exact sums over the atoms. noise: standard deviation in units
/// of the signal's rms. crystal: which random particle the slices are of; the images are always of
/// particle 1.
SearchScene make_search_scene(int first_ring, std::int64_t directions, std::int64_t images, double noise,
                              int crystal, ThreadPool& pool);

}  // namespace tumble::benchmark
