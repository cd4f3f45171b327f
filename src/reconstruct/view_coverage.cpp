#include "reconstruct/view_coverage.hpp"

#include <algorithm>
#include <cmath>

#include "core/units.hpp"
#include "pose/orientation_grid.hpp"

namespace tumble {

ViewGap largest_view_gap(std::span<const Pose> poses) {
    ViewGap gap;
    double least = 1;  // cosine of its half angle
    for (const Mat3& direction : half_sphere_directions(8000)) {
        double nearest = 0;
        for (const Pose& p : poses)
            nearest = std::max(nearest, std::abs(direction(2, 0) * p.rotation(2, 0) + direction(2, 1) * p.rotation(2, 1) +
                                                 direction(2, 2) * p.rotation(2, 2)));
        if (nearest < least) least = nearest, gap.axis = {direction(2, 0), direction(2, 1), direction(2, 2)};
    }
    gap.half_angle_deg = degrees(std::acos(least));
    return gap;
}

}  // namespace tumble
