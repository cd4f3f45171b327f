// The scorer itself: what it must find in lists made to order.
#include "truth_comparison.hpp"

#include "catch.hpp"
#include "program_runner.hpp"

using namespace tumble;
using namespace tumble::test;

namespace {

/// Moves by a small turn and shift, as a run does that starts in the truth's own frame.
std::vector<Vec3> moved(std::vector<Vec3> atoms) {
    const Mat3 turn = rotation_about({1, 2, -1}, 0.02);
    for (Vec3& atom : atoms) atom = turn * atom + Vec3{0.3, -0.2, 0.1};
    return atoms;
}

}  // namespace

TEST_CASE("the same atoms, moved, are all found without error") {
    const std::vector<Vec3> truth = read_positions(sample_file("truth.xyz"));
    REQUIRE(truth.size() == 179);
    const AtomScore score = score_atoms(moved(truth), truth);
    CHECK(score.found == 179);
    CHECK(score.false_atoms() == 0);
    CHECK(score.rms_pm < 1e-6);
}

TEST_CASE("missing, false and displaced atoms are counted and measured") {
    const std::vector<Vec3> truth = read_positions(sample_file("truth.xyz"));
    std::vector<Vec3> given = truth;
    for (std::size_t i = 0; i < given.size(); i++) given[i].x += (i % 2 == 0 ? 0.05 : -0.05);
    given.pop_back();
    given.pop_back();
    given.push_back({14, 0, 0});
    const AtomScore score = score_atoms(moved(given), truth);
    CHECK(score.found == 177);
    CHECK(score.false_atoms() == 1);
    CHECK(score.rms_pm == Approx(5).epsilon(0.03));
}

TEST_CASE("atoms that lie anywhere are not found") {
    const std::vector<Vec3> truth = read_positions(sample_file("truth.xyz"));
    std::vector<Vec3> given = truth;
    for (std::size_t i = 0; i < given.size(); i++) given[i] = given[i] + Vec3{0, 0, 40};
    CHECK(score_atoms(given, truth).found == 0);
}

TEST_CASE("poses are compared up to one common rotation") {
    const std::vector<Mat3> truth = read_rotations(sample_file("truth.star"));
    REQUIRE(truth.size() == 600);
    const Mat3 common = rotation_about({0, 1, 3}, 2.0);
    std::vector<Mat3> given;
    for (std::size_t i = 0; i < truth.size(); i++) {
        const bool wrong = i % 4 == 0;
        const Mat3 slip = rotation_about({static_cast<double>(i % 7) - 3, 1, static_cast<double>(i % 5)},
                                         wrong ? 1.0 : 0.01);
        given.push_back(slip * truth[i] * common);
    }
    const PoseScore score = score_poses(given, truth);
    CHECK(score.within_5_deg == Approx(0.75));
    CHECK(score.median_deg_of_right == Approx(0.573).epsilon(0.2));
}

TEST_CASE("a result in another frame and of the other hand is brought back by its poses") {
    const std::vector<Mat3> truth = read_rotations(sample_file("truth.star"));
    const std::vector<Vec3> atoms = read_positions(sample_file("truth.xyz"));
    const Mat3 frame = rotation_about({2, -1, 1}, 2.5), half_turn{{-1, 0, 0, 0, -1, 0, 0, 0, 1}};
    for (const bool mirrored : {false, true}) {
        std::vector<Mat3> given;
        for (const Mat3& r : truth) given.push_back((mirrored ? half_turn * r : r) * transpose(frame));
        std::vector<Vec3> turned;
        for (const Vec3& a : atoms) turned.push_back((mirrored ? -1.0 : 1.0) * (frame * a));
        const PoseScore poses = score_poses(given, truth);
        CHECK(poses.mirrored == mirrored);
        CHECK(poses.within_5_deg == Approx(1));
        CHECK(score_atoms(turned, atoms).found < 179);
        const AtomScore score = score_atoms(in_frame_of_truth(turned, poses), atoms);
        CHECK(score.found == 179);
        CHECK(score.rms_pm < 1e-3);
    }
}
