// Atoms of a map alone: every atom of a rendered particle is found where it is, half maps give their distance.
#include <algorithm>

#include "atoms/atomic_model.hpp"
#include "catch.hpp"
#include "core/random.hpp"
#include "core/threads.hpp"
#include "tumble/reconstruct.hpp"
#include "unit/pose/simulated_particle.hpp"

using namespace tumble;

namespace {

constexpr int box = 48;
constexpr double voxel_A = 0.4;

Volume map_of(const std::vector<Vec3>& atoms, double noise, std::uint64_t seed) {
    ThreadPool pool(1);
    std::vector<double> shells(box / 2 + 1), heights(atoms.size(), 1);
    for (std::size_t s = 0; s < shells.size(); s++) {
        const double phase = 2 * std::acos(-1.0) * static_cast<double>(s) / (box * voxel_A) * 0.5;
        shells[s] = std::exp(-0.5 * phase * phase);
    }
    Volume map = render_atoms(box, voxel_A, atoms, heights, shells, pool);
    const float peak = *std::max_element(map.values.begin(), map.values.end());
    RandomStream random(seed, 0, RandomPurpose::test);
    for (float& value : map.values) value += static_cast<float>(noise * peak * random.normal());
    map.voxel_A = voxel_A;
    return map;
}

double distance_to_nearest(Vec3 place, const std::vector<Vec3>& truth) {
    double nearest = 1e9;
    for (const Vec3& atom : truth) nearest = std::min(nearest, length(atom - place));
    return nearest;
}

MapAtomsOptions platinum() {
    MapAtomsOptions options;
    options.elements = {"Pt"};
    options.threads = 1;
    return options;
}

}  // namespace

TEST_CASE("every atom of a particle is found in its map, with the distance between the halves") {
    const std::vector<Vec3> truth = test::fcc_ball(5.5, 0.03, 3).atoms_A;
    NoProgress quiet;
    const Volume map = map_of(truth, 0.02, 1), half1 = map_of(truth, 0.03, 2), half2 = map_of(truth, 0.03, 3);
    const Atoms alone = fit_map_atoms(map, {}, {}, platinum(), quiet);
    const Atoms atoms = fit_map_atoms(map, half1, half2, platinum(), quiet);
    REQUIRE(atoms.size() == truth.size());
    REQUIRE(alone.size() == truth.size());
    std::vector<double> heights;
    for (std::size_t a = 0; a < atoms.size(); a++) {
        CHECK(distance_to_nearest(atoms[a].position_A, truth) < 0.05);
        CHECK(atoms[a].element == "Pt");
        CHECK(atoms[a].half_distance_A > 0);
        CHECK(atoms[a].half_distance_A < 0.1);
        CHECK(alone[a].half_distance_A == 0);
        CHECK(alone[a].position_A == atoms[a].position_A);
        heights.push_back(atoms[a].height);
    }
    std::nth_element(heights.begin(), heights.begin() + static_cast<std::ptrdiff_t>(heights.size() / 2), heights.end());
    CHECK(heights[heights.size() / 2] == Approx(1));
}

TEST_CASE("a radius leaves out what lies beyond it, the number of threads changes nothing") {
    const std::vector<Vec3> truth = test::fcc_ball(5.5, 0.03, 4).atoms_A;
    NoProgress quiet;
    const Volume map = map_of(truth, 0.02, 1);
    MapAtomsOptions near = platinum();
    near.radius_A = 4;
    const Atoms inner = fit_map_atoms(map, {}, {}, near, quiet);
    CHECK(inner.size() < truth.size());
    for (const Atom& atom : inner) CHECK(length(atom.position_A) < 4.2);
    near.threads = 2;
    const Atoms again = fit_map_atoms(map, {}, {}, near, quiet);
    REQUIRE(again.size() == inner.size());
    for (std::size_t a = 0; a < inner.size(); a++) CHECK(again[a].position_A == inner[a].position_A);
}

TEST_CASE("noise alone shows no atoms, an unknown voxel size or element is refused") {
    NoProgress quiet;
    Volume noise = map_of({{0, 0, 0}}, 0, 1);
    RandomStream random(5, 0, RandomPurpose::test);
    for (float& value : noise.values) value = static_cast<float>(random.normal());
    const auto kind_of = [&](const Volume& map, const MapAtomsOptions& options) {
        try {
            fit_map_atoms(map, {}, {}, options, quiet);
        } catch (const Error& error) {
            return error.kind();
        }
        return ErrorKind::system;
    };
    CHECK(kind_of(noise, platinum()) == ErrorKind::unsupported);
    noise.voxel_A = 0;
    CHECK(kind_of(noise, platinum()) == ErrorKind::input);
    noise.voxel_A = voxel_A;
    MapAtomsOptions unknown = platinum();
    unknown.elements = {"Qq"};
    CHECK(kind_of(noise, unknown) == ErrorKind::input);
}
