#include "benchmarks/views.hpp"

#include <cmath>
#include <numbers>

#include "core/random.hpp"
#include "tumble/geometry.hpp"

namespace tumble::benchmark {

Views random_views(int box, int images) {
    Views views;
    for (int y = -box / 2; y < box / 2; y++)
        for (int x = 0; x < box / 2; x++)
            if (x * x + y * y < box * box / 4)
                views.points.push_back({static_cast<float>(x) / static_cast<float>(box),
                                        static_cast<float>(y) / static_cast<float>(box)});
    RandomStream random(1, 0, RandomPurpose::structure);
    for (int i = 0; i < images; i++) {
        const double rot = 360 * random.uniform(), psi = 360 * random.uniform();
        const double tilt = 180 / std::numbers::pi * std::acos(2 * random.uniform() - 1);
        views.rotations.push_back(to_float(rotation_from_euler({rot, tilt, psi})));
    }
    views.values.assign(views.points.size() * views.rotations.size(), Complexf(1, 0));
    views.point_weights.assign(views.points.size(), 1.0f);
    views.image_weights.assign(views.rotations.size(), 1.0f);
    return views;
}

}  // namespace tumble::benchmark
