#include "reconstruct/atomic_map.hpp"

#include <algorithm>
#include <cmath>

#include "backend/backend.hpp"
#include "catch.hpp"
#include "pose/image_preparation.hpp"
#include "reconstruct/map_estimate.hpp"
#include "unit/pose/simulated_particle.hpp"

using namespace tumble;

namespace {

double rms_distance_to_nearest(std::span<const Vec3> places, std::span<const Vec3> truth) {
    double sum = 0;
    for (const Vec3 p : places) {
        double nearest = 1e9;
        for (const Vec3 t : truth) nearest = std::min(nearest, length(p - t));
        sum += nearest * nearest;
    }
    return std::sqrt(sum / static_cast<double>(places.size()));
}

}  // namespace

TEST_CASE("refined against the images, the atoms of a map from few views come closer to the truth, images of weight 0 do not count") {
    const auto particle = test::fcc_ball(6, 0.1, 2);
    auto simulated = test::simulated_stack(particle, 80, 48, 0.4, 0.3, 0.1, 5);
    // The second forty show another particle.
    const auto other = test::simulated_stack(test::fcc_ball(6, 0.3, 7), 80, 48, 0.4, 0.3, 0.1, 5);
    const auto half = static_cast<std::ptrdiff_t>(simulated.stack.values.size() / 2);
    std::copy(other.stack.values.begin() + half, other.stack.values.end(), simulated.stack.values.begin() + half);
    Backend backend = cpu_backend(2);
    NoProgress quiet;
    const PreparedImages prepared = prepare_images(simulated.stack.view(), {0.4, 14, 1}, backend.pool(), quiet);
    const ResidentImages images = backend.resident(prepared);
    std::vector<WeightedPose> weighted;
    std::vector<float> weights(80, 0.0f);
    for (std::size_t i = 0; i < 40; i++) weighted.push_back({static_cast<std::int64_t>(i), simulated.poses[i], 1.0f}), weights[i] = 1;
    const Volume map = solve_map(equations_of(images, weighted, band_of(images, 0.1, 0.9), backend), images, 0.9, 8, backend);
    const auto model = tentative_model_of(map, images->mask_radius_A, 2.0, particle.atoms_A.size(), backend);
    REQUIRE(model);
    const AtomicModel better = refined(*model, images, simulated.poses, weights, backend, quiet);
    REQUIRE(better.positions_A.size() == particle.atoms_A.size());
    INFO(rms_distance_to_nearest(model->positions_A, particle.atoms_A) << " " << rms_distance_to_nearest(better.positions_A, particle.atoms_A));
    CHECK(rms_distance_to_nearest(better.positions_A, particle.atoms_A) < 0.7 * rms_distance_to_nearest(model->positions_A, particle.atoms_A));
    CHECK(rms_distance_to_nearest(better.positions_A, particle.atoms_A) < 0.06);
}
