#include <algorithm>

#include "catch.hpp"
#include "core/random.hpp"
#include "core/units.hpp"
#include "reconstruct/fold_maps.hpp"
#include "reconstruct/half_refinement.hpp"
#include "reconstruct/map_estimate.hpp"
#include "reconstruct/verdict.hpp"
#include "reconstruct/view_coverage.hpp"
#include "unit/pose/simulated_particle.hpp"

using namespace tumble;

TEST_CASE("a pose that follows a rigid motion sees the moved particle as before") {
    RandomStream random(1, 0, RandomPurpose::test);
    for (int i = 0; i < 20; i++) {
        const RigidMotion motion{test::random_rotation(random), {random.normal(), random.normal(), random.normal()}};
        const Pose pose{test::random_rotation(random), {random.normal(), random.normal()}};
        const Pose followed = follow(pose, motion);
        const Vec3 atom{random.normal(), random.normal(), random.normal()}, moved = motion.rotation * atom + motion.shift_A;
        const Vec3 before = pose.rotation * atom, after = followed.rotation * moved;
        CHECK(before.x + pose.shift_A.x == Approx(after.x + followed.shift_A.x).margin(1e-9));
        CHECK(before.y + pose.shift_A.y == Approx(after.y + followed.shift_A.y).margin(1e-9));
    }
}

TEST_CASE("align_atoms finds a small rigid motion in spite of missing atoms") {
    const auto particle = test::fcc_ball(8, 0.05, 2);
    const RigidMotion truth{rotation_about({1, 2, 3}, radians(1)), {0.05, -0.08, 0.02}};
    std::vector<Vec3> onto;
    for (std::size_t a = 0; a < particle.atoms_A.size(); a++)
        if (a % 11 != 0) onto.push_back(truth.rotation * particle.atoms_A[a] + truth.shift_A);
    const RigidMotion found = align_atoms(particle.atoms_A, onto);
    CHECK(angle_between(found.rotation, truth.rotation) < 1e-6);
    CHECK(length(found.shift_A - truth.shift_A) < 1e-6);
    CHECK(angle_between(align_atoms(std::vector<Vec3>{{0, 0, 0}}, onto).rotation, Mat3{}) == 0);
}

TEST_CASE("folds keep blocks of ten together, are even, and change from pass to pass") {
    const auto first = draw_folds(605, 4, 1, 0), second = draw_folds(605, 4, 1, 1);
    CHECK(first == draw_folds(605, 4, 1, 0));
    CHECK(first != second);
    std::vector<int> count(4, 0);
    for (std::size_t i = 0; i < first.size(); i++) {
        CHECK(first[i] == first[i / 10 * 10]);
        count[static_cast<std::size_t>(first[i])]++;
    }
    for (const int c : count) CHECK(c == Approx(151).margin(10));
}

TEST_CASE("the largest gap of evenly spread views is small, of tilts about one axis it is 90 degrees off that plane") {
    RandomStream random(3, 0, RandomPurpose::test);
    std::vector<Pose> views, tilts;
    for (int i = 0; i < 2000; i++) views.push_back({test::random_rotation(random), {}});
    for (int i = 0; i < 60; i++) tilts.push_back({rotation_about({1, 0, 0}, radians(3.0 * i)), {}});
    CHECK(largest_view_gap(views).half_angle_deg < 7);
    CHECK(largest_view_gap(tilts).half_angle_deg == Approx(90).margin(2));
    CHECK(largest_view_gap({}).half_angle_deg == Approx(90));
}

TEST_CASE("bad images are those far below the others and those that show nothing") {
    std::vector<double> scores;
    RandomStream random(4, 0, RandomPurpose::test);
    for (int i = 0; i < 200; i++) scores.push_back(200 + 20 * random.normal());
    scores[17] = -5, scores[60] = 20;
    const auto bad = bad_images(scores);
    CHECK(bad[17] == 1);
    CHECK(bad[60] == 1);
    CHECK(std::count(bad.begin(), bad.end(), 1) == 2);
    CHECK(std::count_if(bad.begin(), bad.end(), [](char b) { return b != 0; }) == 2);
    const auto none = bad_images(std::vector<double>(50, 0.0));
    CHECK(std::count(none.begin(), none.end(), 1) == 0);
}
