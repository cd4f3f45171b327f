#pragma once
// Which ideal structure the particle resembles, told from the powder rings of its images alone: no poses are needed.
#include <span>
#include <vector>

#include "atoms/motif.hpp"
#include "core/threads.hpp"
#include "pose/prepared_images.hpp"

namespace tumble {

/// Mean power of the images' signal over that of the noise on rings of equal spacing.
struct RingProfile {
    double first_per_A = 0, step_per_A = 0;
    std::vector<double> power;
};
/// From at most 300 images, evenly taken; rings of 0.004 1/A, far narrower than the particle's diameter lets rings be.
RingProfile ring_profile(const PreparedImages& images, double low_per_A, double high_per_A, ThreadPool& pool);

struct MotifFit {
    Motif motif = Motif::fcc;
    double neighbour_A = 0;  ///< distance of neighbouring atoms
    double unexplained = 1;  ///< share of the profile's variance that the best fit leaves
};
/// Fit of the profile by the Debye sum of each motif's ball of radius `radius_A` (Debye, Ann. Phys. 351, 809, 1915) times a
/// smooth envelope, a cubic polynomial in k, for every neighbour distance from `shortest_A` to `longest_A`. Best first.
std::vector<MotifFit> rank_motifs(const RingProfile& profile, double radius_A, std::span<const Motif> motifs, double shortest_A,
                                  double longest_A, ThreadPool& pool);

}  // namespace tumble
