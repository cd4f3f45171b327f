#pragma once
// The projected profile of an atom, estimated by linear regression of images on structure factors.
#include <span>
#include <vector>

#include "atoms/image_waves.hpp"

namespace tumble {

/// Profile of an atom in the image plane at depth z (A): direct(|k|) + z depth(|k|). The second part is what
/// the depth of an atom does to its defocus: contrast transfer sin(chi) becomes sin(chi + pi lambda z k^2),
/// in first order sin(chi) + z pi lambda k^2 cos(chi). Both per shell of width 1/box, linear between shells.
struct ProjectedProfile {
    std::vector<double> direct, depth;  ///< depth is empty where it is not fitted
    /// Values at the grid's points.
    std::vector<double> direct_at(const HalfPlaneGrid& grid) const;
    std::vector<double> depth_at(const HalfPlaneGrid& grid) const;
};

/// Sums of one image or of many: the normal equations of the profile.
struct ProfileSums {
    // Per shell s: products of the hat functions s and s, s and s + 1, with |G|^2, Re(G conj D), |D|^2; and
    // the right side.
    struct Shell {
        double gg = 0, gd = 0, dd = 0, gg_next = 0, gd_next = 0, dd_next = 0, right_g = 0, right_d = 0;
    };
    std::vector<Shell> shells;
    /// g, d: structure factors by height and by height times depth (empty: no depth part).
    void add_image(const HalfPlaneGrid& grid, std::span<const float> weight, const Complexf* image,
                   std::span<const Complexf> g, std::span<const Complexf> d);
    void add(const ProfileSums& other, double weight);
};

/// Least-squares solution; shells without data are zero.
ProjectedProfile solve_profile(const ProfileSums& sums, bool depth);

}  // namespace tumble
