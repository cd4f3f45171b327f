#include "pose/symmetry_mates.hpp"

#include <algorithm>

#include "catch.hpp"
#include "unit/pose/simulated_particle.hpp"

using namespace tumble;

namespace {

ThreadPool pool(2);

/// Ball of fcc sites centred on an atom, without displacements: invariant under the 48 operations of the cube.
std::vector<Vec3> cubic_ball(double radius) {
    std::vector<Vec3> atoms;
    for (int i = -8; i <= 8; i++)
        for (int j = -8; j <= 8; j++)
            for (int k = -8; k <= 8; k++)
                if (const Vec3 p{2.0 * i, 2.0 * j, 2.0 * k}; (i + j + k) % 2 == 0 && length(p) < radius) atoms.push_back(p);
    return atoms;
}

double image_difference(const test::SimulatedParticle& particle, const Pose& a, const Pose& b) {
    const int box = 96;
    std::vector<float> first(static_cast<std::size_t>(box * box)), second(first.size());
    test::add_projection(particle, a, box, 0.4, first.data());
    test::add_projection(particle, b, box, 0.4, second.data());
    double difference = 0, power = 0;
    for (std::size_t p = 0; p < first.size(); p++) {
        difference += (first[p] - second[p]) * (first[p] - second[p]);
        power += first[p] * first[p];
    }
    return std::sqrt(difference / power);
}

}  // namespace

TEST_CASE("all 48 operations of the cube are found for a ball of fcc sites, and no others near the centre") {
    NearSymmetryOptions options;
    options.least_overlap = 0.95;
    options.translation_overlap = 2;
    const auto found = find_near_symmetries(cubic_ball(9), options, pool);
    CHECK(found.size() == 48);
    CHECK(std::count_if(found.begin(), found.end(), [](const auto& s) { return s.improper; }) == 24);
    for (const auto& s : found) {
        CHECK(s.overlap == 1);
        CHECK(length(s.shift_A) < 1e-6);
    }
    ThreadPool one(1);
    const auto alone = find_near_symmetries(cubic_ball(9), options, one);
    REQUIRE(alone.size() == found.size());
    for (std::size_t i = 0; i < found.size(); i++) CHECK((alone[i].rotation == found[i].rotation && alone[i].shift_A == found[i].shift_A));
}

TEST_CASE("a mate's image is the image: proper and improper operations, with their shifts") {
    test::SimulatedParticle particle{cubic_ball(9), 0.5};
    const Vec3 off{0.7, -0.4, 0.3};
    for (auto& a : particle.atoms_A) a = a + off;  // the symmetric site does not sit at the origin
    NearSymmetryOptions options;
    options.least_overlap = 0.95;
    options.translation_overlap = 2;
    const auto found = find_near_symmetries(particle.atoms_A, options, pool);
    REQUIRE(found.size() == 48);
    RandomStream random(4, 0, RandomPurpose::test);
    for (const auto& s : found) {
        const Pose pose{test::random_rotation(random), {0.3, -0.2}};
        const Pose mate = mate_of(pose, s);
        CHECK(determinant(mate.rotation) == Approx(1));
        CHECK(image_difference(particle, pose, mate) < 1e-4);
        const Pose without_shift{mate.rotation, pose.shift_A};
        if (length(s.shift_A) > 0.5) CHECK(image_difference(particle, pose, without_shift) > 0.01);
    }
}

TEST_CASE("lattice translations are proposed when asked for") {
    const auto found = find_near_symmetries(cubic_ball(9), {}, pool);
    const auto translations = std::count_if(found.begin(), found.end(), [](const auto& s) {
        return !s.improper && angle_between(s.rotation, Mat3{}) < 0.01 && length(s.shift_A) > 2;
    });
    CHECK(translations > 0);
    for (const auto& s : found) CHECK(s.overlap >= 0.6);
}

TEST_CASE("a particle without symmetry has the identity alone") {
    RandomStream random(9, 0, RandomPurpose::test);
    std::vector<Vec3> atoms;
    while (atoms.size() < 80) {
        const Vec3 p{8 * random.uniform() - 4, 8 * random.uniform() - 4, 16 * random.uniform() - 8};
        if (std::all_of(atoms.begin(), atoms.end(), [&](Vec3 q) { return length(p - q) > 1.8; })) atoms.push_back(p);
        if (random.below(1000000) == 0) break;
    }
    const auto found = find_near_symmetries(atoms, {}, pool);
    CHECK(found.size() == 1);
    CHECK(find_near_symmetries(std::vector<Vec3>(5), {}, pool).size() == 1);
}
