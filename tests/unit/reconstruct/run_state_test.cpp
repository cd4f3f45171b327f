#include "reconstruct/run_state.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "io/hdf5_file.hpp"
#include "tumble/error.hpp"
#include "unit/pose/simulated_particle.hpp"

using namespace tumble;

namespace {

std::string scratch(const std::string& name) {
    const auto folder = std::filesystem::temp_directory_path() / ("tumble_run_state_" + std::to_string(getpid()));
    std::filesystem::create_directories(folder);
    return (folder / name).string();
}

std::vector<PosteriorPoses> some_poses(std::uint64_t seed) {
    std::vector<PosteriorPoses> poses;
    RandomStream random(seed, 0, RandomPurpose::test);
    for (std::int64_t i = 0; i < 9; i++) {
        PosteriorPoses p;
        for (std::int64_t k = 0; k <= i % 3; k++) {
            p.candidates.push_back({i, {test::random_rotation(random), {random.normal(), random.normal()}}, 100 * random.normal()});
            p.shares.push_back(random.uniform());
        }
        p.margin = random.normal();
        poses.push_back(p);
    }
    return poses;
}

RunState some_state() {
    RunState state;
    state.rounds_done = 2;
    state.half_rounds_done = 1;
    state.contrast_inverted = true;
    state.neighbour_A = 2.83, state.shift_sigma_A = 0.4, state.turn_sigma_rad = 0.07;
    state.moved = 0.25, state.strayed = 0.125, state.explained = 0.9;
    state.start = "fcc";
    state.attempt = 1, state.kept_explained = 0.5, state.kept_start = "no motif";
    state.poses = some_poses(5);
    state.kept = some_poses(6);
    return state;
}

void check_same(const std::vector<PosteriorPoses>& back, const std::vector<PosteriorPoses>& poses) {
    REQUIRE(back.size() == poses.size());
    for (std::size_t i = 0; i < back.size(); i++) {
        CHECK(back[i].shares == poses[i].shares);
        CHECK(back[i].margin == poses[i].margin);
        REQUIRE(back[i].candidates.size() == poses[i].candidates.size());
        for (std::size_t k = 0; k < back[i].candidates.size(); k++) {
            CHECK(back[i].candidates[k].pose == poses[i].candidates[k].pose);
            CHECK(back[i].candidates[k].score == poses[i].candidates[k].score);
            CHECK(back[i].candidates[k].image == poses[i].candidates[k].image);
        }
    }
}

}  // namespace

TEST_CASE("a checkpoint comes back bit for bit") {
    if (!has_hdf5()) return;
    const RunState state = some_state();
    const std::string file = scratch("run.h5");
    save_checkpoint(file, "abc", state);
    const RunState back = load_checkpoint(file, "abc");
    CHECK(back.rounds_done == state.rounds_done);
    CHECK(back.half_rounds_done == state.half_rounds_done);
    CHECK(back.contrast_inverted == state.contrast_inverted);
    CHECK(back.neighbour_A == state.neighbour_A);
    CHECK(back.shift_sigma_A == state.shift_sigma_A);
    CHECK(back.turn_sigma_rad == state.turn_sigma_rad);
    CHECK(back.moved == state.moved);
    CHECK(back.strayed == state.strayed);
    CHECK(back.explained == state.explained);
    CHECK(back.start == state.start);
    CHECK(back.attempt == state.attempt);
    CHECK(back.kept_explained == state.kept_explained);
    CHECK(back.kept_start == state.kept_start);
    check_same(back.poses, state.poses);
    check_same(back.kept, state.kept);
}

TEST_CASE("a checkpoint of other input, and what is no checkpoint, are refused") {
    if (!has_hdf5()) return;
    const std::string file = scratch("other.h5"), text = scratch("text.h5");
    save_checkpoint(file, "abc", some_state());
    CHECK_THROWS_AS(load_checkpoint(file, "abd"), Error);
    std::ofstream(text) << "no HDF5";
    CHECK_THROWS_AS(load_checkpoint(text, "abc"), Error);
    CHECK_THROWS_AS(load_checkpoint(scratch("absent.h5"), "abc"), Error);
}

TEST_CASE("the fingerprint changes with one pixel and with every option that a result depends on") {
    ImageStack stack{2, 16, 16, 0.4, std::vector<float>(512, 1.0f)};
    ReconstructOptions o;
    o.pixel_size_A = 0.4;
    o.elements = {"Pt"};
    const auto first = input_fingerprint(stack.view(), o);
    CHECK(first == input_fingerprint(stack.view(), o));
    auto with = [&](auto change) {
        ReconstructOptions other = o;
        change(other);
        return input_fingerprint(stack.view(), other);
    };
    CHECK(first != with([](auto& x) { x.seed = 2; }));
    CHECK(first != with([](auto& x) { x.pixel_size_A = 0.41; }));
    CHECK(first != with([](auto& x) { x.elements = {"Au"}; }));
    CHECK(first != with([](auto& x) { x.poses = {Pose{}, Pose{}}; }));
    CHECK(first != with([](auto& x) { x.flip_hand = true; }));
    CHECK(first == with([](auto& x) { x.threads = 3; }));
    stack.values[100] = 2;
    CHECK(first != input_fingerprint(stack.view(), o));
}
