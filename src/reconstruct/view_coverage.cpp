#include "reconstruct/view_coverage.hpp"

#include <algorithm>
#include <cmath>

#include "core/units.hpp"
#include "pose/orientation_grid.hpp"

namespace tumble {

double largest_view_gap_deg(std::span<const Pose> poses) {
    double least = 1;  // cosine of the largest gap
    for (const Mat3& direction : half_sphere_directions(8000)) {
        double nearest = 0;
        for (const Pose& p : poses)
            nearest = std::max(nearest, std::abs(direction(2, 0) * p.rotation(2, 0) + direction(2, 1) * p.rotation(2, 1) +
                                                 direction(2, 2) * p.rotation(2, 2)));
        least = std::min(least, nearest);
    }
    return degrees(std::acos(std::min(1.0, least)));
}

}  // namespace tumble
