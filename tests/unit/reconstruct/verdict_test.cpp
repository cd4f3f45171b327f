// The verdict believes atoms at the true poses and none that come from mixed up ones, however good they look.
#include <string>
#include <vector>

#include "atoms/motif.hpp"
#include "catch.hpp"
#include "core/random.hpp"
#include "pose/symmetry_mates.hpp"
#include "simulated_stack.hpp"
#include "tumble/reconstruct.hpp"

using namespace tumble;

namespace {

constexpr double pixel_A = 0.4;
constexpr int images = 120, box = 48;

testing::SimulatedStack displaced_ball(double displacement_A, double noise) {
    auto atoms = motif_sites(Motif::fcc, 2.77, 6.9, {});
    RandomStream random(2, 0, RandomPurpose::structure);
    for (auto& a : atoms) a = a + displacement_A * Vec3{random.normal(), random.normal(), random.normal()};
    return testing::simulated_stack(atoms, images, box, pixel_A, noise, 2);
}

ReconstructResult at_poses(const testing::SimulatedStack& simulated, const std::vector<Pose>& poses) {
    ReconstructOptions options;
    options.pixel_size_A = pixel_A;
    options.elements = {"Pt"};
    options.device = "cpu";
    options.threads = 2;
    options.poses = poses;
    NoProgress quiet;
    return reconstruct(simulated.stack.view(), options, quiet);
}

std::string reasons(const ReconstructResult& result) {
    std::string all;
    for (const auto& reason : result.verdict.reasons) all += reason + "\n";
    return all;
}

}  // namespace

TEST_CASE("atoms at the true poses are believed, also where those of one half alone are no better than a lattice") {
    for (const double noise : {0.5, 2.0}) {
        const auto simulated = displaced_ball(0.1, noise);
        const ReconstructResult result = at_poses(simulated, simulated.poses);
        INFO("noise " << noise << "\n" << reasons(result));
        CHECK(result.atoms.size() == 87);
        CHECK(result.verdict.status == VerdictStatus::ok);
    }
}

TEST_CASE("atoms from images at any of the poses that the lattice makes alike are not believed") {
    const auto simulated = displaced_ball(0.1, 0.5);
    NearSymmetryOptions cubic;
    cubic.translation_overlap = 2;  // none: the ball stays where it is
    ThreadPool pool(1);
    const auto symmetries = find_near_symmetries(motif_sites(Motif::fcc, 2.77, 6.9, {}), cubic, pool);
    RandomStream random(5, 0, RandomPurpose::test);
    auto poses = simulated.poses;
    for (auto& pose : poses)
        pose = mate_of(pose, symmetries[static_cast<std::size_t>(random.uniform() * static_cast<double>(symmetries.size()))]);
    const ReconstructResult result = at_poses(simulated, poses);
    INFO(reasons(result));
    REQUIRE(symmetries.size() == 48);
    CHECK(result.atoms.size() == 87);  // they look as good as any
    CHECK(result.verdict.status != VerdictStatus::ok);
}

TEST_CASE("a perfect lattice is told from one that is known to be imperfect") {
    const auto simulated = displaced_ball(0, 0.5);
    const ReconstructResult result = at_poses(simulated, simulated.poses);
    INFO(reasons(result));
    CHECK(result.verdict.status != VerdictStatus::ok);
}

TEST_CASE("weak atoms that only the map of all images shows are found, at wrong poses there are none") {
    auto atoms = motif_sites(Motif::fcc, 2.77, 6.9, {});
    RandomStream random(2, 0, RandomPurpose::structure);
    for (auto& a : atoms) a = a + 0.1 * Vec3{random.normal(), random.normal(), random.normal()};
    for (std::size_t a = 0; a < 87; a += 2) atoms.push_back(atoms[a]);  // every other atom is twice as heavy
    const auto simulated = testing::simulated_stack(atoms, images, box, pixel_A, 1.75, 2);
    const ReconstructResult result = at_poses(simulated, simulated.poses);
    INFO(reasons(result));
    CHECK(result.atoms.size() == 87);
    CHECK(result.verdict.status == VerdictStatus::ok);
    auto wrong = simulated.poses;
    for (auto& pose : wrong) pose.rotation = rotation_about({random.normal(), random.normal(), random.normal()}, 6 * random.uniform());
    CHECK(at_poses(simulated, wrong).verdict.status == VerdictStatus::failed);
}
