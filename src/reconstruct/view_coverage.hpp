#pragma once
// How well the view directions cover the sphere.
#include <span>

#include "tumble/geometry.hpp"

namespace tumble {

/// The widest cone of view directions that no image was taken from, opposite views being one.
struct ViewGap {
    double half_angle_deg = 90;
    Vec3 axis{0, 0, 1};  ///< in the particle's frame
};
/// Found on a grid of 8,000 directions: good to about 1 deg. 90 deg where there are no poses.
ViewGap largest_view_gap(std::span<const Pose> poses);

}  // namespace tumble
