// --flip-hand: the mirror image of everything, which predicts the same images.
#include "catch.hpp"
#include "io/mrc.hpp"
#include "io/poses_star.hpp"
#include "program_runner.hpp"
#include "truth_comparison.hpp"
#include "unit/reconstruct/simulated_stack.hpp"

using namespace tumble;
using namespace tumble::testing;
using test::Outcome;
using test::run_tumble;

namespace {

constexpr int box = 40, images = 40;
constexpr double pixel_A = 0.4;

struct Files {
    test::ScratchFolder scratch;
    Files() {
        const auto simulated =
            simulated_stack(asymmetric_particle(24, 5.0, 2.2, 5), images, box, pixel_A, 0.15, 2);
        write_stack(scratch.file("images.mrcs"), simulated.stack.view(), pixel_A, "simulated");
        std::vector<ParticlePose> poses;
        for (const auto& pose : simulated.poses) {
            ParticlePose row;
            row.pose = pose, row.image_index = static_cast<std::int64_t>(poses.size()),
            row.image_file = scratch.file("images.mrcs");
            poses.push_back(row);
        }
        write_poses(scratch.file("poses.star"), poses, {pixel_A, box});
    }
    /// The folder of a run from the poses.
    std::string run(const std::string& name, bool flipped) {
        std::vector<std::string> arguments{"reconstruct",  scratch.file("images.mrcs"),
                                           "--pixel-size", "0.4",
                                           "--element",    "Pt",
                                           "--poses",      scratch.file("poses.star"),
                                           "--out",        scratch.file(name),
                                           "--quiet"};
        if (flipped) arguments.push_back("--flip-hand");
        const Outcome outcome = run_tumble(arguments);
        INFO(outcome.errors);
        REQUIRE(
            (outcome.exit_code == 0 || outcome.exit_code == 3));  // 3: so small a set may be called doubtful
        return scratch.file(name);
    }
};

}  // namespace

TEST_CASE("the other hand mirrors atoms, maps and poses, and the images stay the same") {
    Files files;
    const std::string plain = files.run("plain", false), mirror = files.run("mirror", true);

    const auto atoms = test::read_positions(plain + "/atoms.xyz"),
               mirrored = test::read_positions(mirror + "/atoms.xyz");
    REQUIRE(atoms.size() == 24);
    REQUIRE(mirrored.size() == atoms.size());
    for (std::size_t a = 0; a < atoms.size(); a++) CHECK(length(atoms[a] + mirrored[a]) < 1e-9);

    // Voxel n/2 stays; of an even box the planes of index 0 have no mirror image inside.
    for (const char* name : {"/map.mrc", "/half1.mrc", "/half2.mrc", "/mask.mrc"}) {
        const Volume map = read_map(plain + name), other = read_map(mirror + name);
        REQUIRE(map.box == other.box);
        const int n = map.box;
        int different = 0;
        double largest = 0;
        for (int z = 1; z < n; z++)
            for (int y = 1; y < n; y++)
                for (int x = 1; x < n; x++) {
                    different += map.at(x, y, z) != other.at(n - x, n - y, n - z);
                    largest = std::max(largest, static_cast<double>(std::abs(map.at(x, y, z))));
                }
        INFO(name);
        CHECK(n % 2 == 0);
        CHECK(different == 0);
        CHECK(largest > 0);
    }

    const auto poses = read_poses(plain + "/poses.star"), others = read_poses(mirror + "/poses.star");
    REQUIRE(poses.size() == images);
    REQUIRE(others.size() == poses.size());
    for (std::size_t i = 0; i < poses.size(); i++) {
        CHECK(determinant(others[i].pose.rotation) == Approx(1));
        CHECK(others[i].pose.shift_A.x == poses[i].pose.shift_A.x);
        CHECK(others[i].pose.shift_A.y == poses[i].pose.shift_A.y);
        CHECK(others[i].half == poses[i].half);
        CHECK(others[i].score == poses[i].score);
        for (std::size_t a = 0; a < atoms.size(); a++) {
            const Vec3 seen = poses[i].pose.rotation * atoms[a], also = others[i].pose.rotation * mirrored[a];
            CHECK(std::abs(seen.x - also.x) < 1e-5);  // angles are written to 6 decimals
            CHECK(std::abs(seen.y - also.y) < 1e-5);
            CHECK(std::abs(seen.z + also.z) < 1e-5);
        }
    }
    CHECK(test::read_text(mirror + "/atoms.cif") != test::read_text(plain + "/atoms.cif"));
}
