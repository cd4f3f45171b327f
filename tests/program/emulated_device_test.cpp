// The program on the emulated CUDA device: a part of a reference set, from the images to the atoms, beside the same on the
// processor.
#include <cstdlib>
#include <filesystem>

#include "catch.hpp"
#include "io/mrc_read.hpp"
#include "io/poses_star.hpp"
#include "program_runner.hpp"
#include "small_stack.hpp"
#include "truth_comparison.hpp"
#include "tumble/geometry.hpp"

using namespace tumble;
using namespace tumble::test;

namespace {

/// The first images of a stack with 2 x 2 pixels made one.
SmallStack binned(const std::string& file, int images) {
    const ImageStack stack = read_stack(file, {0.358, {}});
    SmallStack out;
    out.width = out.height = static_cast<int>(stack.width / 2);
    out.images = images;
    out.pixel_A = 2 * 0.358F;
    for (std::int64_t i = 0; i < images; i++)
        for (std::int64_t y = 0; y < stack.height / 2; y++)
            for (std::int64_t x = 0; x < stack.width / 2; x++) {
                const float* at = stack.values.data() + (i * stack.height + 2 * y) * stack.width + 2 * x;
                out.values.push_back(at[0] + at[1] + at[stack.width] + at[stack.width + 1]);
            }
    return out;
}

/// The first images of a set and their poses, as files of their own; what `tumble` is called with to start from them.
std::vector<std::string> binned_case(const ScratchFolder& scratch, const std::string& set, int count) {
    const std::string images = scratch.file("images.mrcs"), poses = scratch.file("poses.star");
    write_text(images, binned(set + "/images.mrcs", count).bytes());
    auto particles = read_poses(set + "/truth.star", 0.358);
    particles.resize(static_cast<std::size_t>(count));
    for (auto& particle : particles) particle.image_file = images;
    PoseOptics optics;
    optics.pixel_size_A = 2 * 0.358;
    optics.image_size = 48;
    write_poses(poses, particles, optics);
    return {"reconstruct", images, "--pixel-size", "0.716", "--element", "Pt", "--poses", poses, "--quiet"};
}

}  // namespace

TEST_CASE("sixty images of a reference set, binned to 48 pixels, end on the emulated device where they end on the processor") {
    const std::string set = std::string(TUMBLE_TEST_DATA) + "/tiny";
    if (!std::filesystem::exists(set)) {
        WARN("skipped: no reference data in " << TUMBLE_TEST_DATA);
        return;
    }
    const ScratchFolder scratch;
    const auto common = binned_case(scratch, set, 60);
    setenv("TUMBLE_BACKEND_DIR", TUMBLE_EMULATED_MODULE_DIR, 1);
    const auto run = [&](const std::string& device) {
        auto arguments = common;
        for (const std::string& more : {std::string("--polish"), std::string("--device"), device, std::string("--out"),
                                        scratch.file(device == "cpu" ? "cpu" : "cuda")})
            arguments.push_back(more);
        return run_tumble(arguments);
    };
    const Outcome processor = run("cpu"), device = run("cuda:0");
    CAPTURE(processor.errors, device.errors);
    // So few images do not support a structure: the run says so, with all files there.
    REQUIRE((processor.exit_code == 0 || processor.exit_code == 3));
    CHECK(device.exit_code == processor.exit_code);
    CHECK(read_text(scratch.file("cuda") + "/summary.json").find("\"cuda:0\"") != std::string::npos);
    const auto expected = read_rotations(scratch.file("cpu") + "/poses.star"), found = read_rotations(scratch.file("cuda") + "/poses.star");
    REQUIRE(expected.size() == 60);
    REQUIRE(found.size() == 60);
    double largest = 0;
    for (std::size_t i = 0; i < found.size(); i++) largest = std::max(largest, angle_between(found[i], expected[i]));
    CHECK(largest < 1e-3);  // radians; the file has six digits of a degree
    CHECK(read_positions(scratch.file("cuda") + "/atoms.xyz").size() == read_positions(scratch.file("cpu") + "/atoms.xyz").size());
}

TEST_CASE("the plan names the device, its free memory and what the run takes there, and a run that does not fit is refused") {
    const ScratchFolder scratch;
    const std::string images = scratch.file("images.mrcs");
    SmallStack stack;
    stack.width = stack.height = 64;
    stack.images = 20;
    write_text(images, stack.bytes());
    setenv("TUMBLE_BACKEND_DIR", TUMBLE_EMULATED_MODULE_DIR, 1);
    const auto plan = [&](const char* device, const std::vector<std::string>& more) {
        std::vector<std::string> arguments = {"reconstruct", images, "--pixel-size", "0.358", "--element", "Pt", "--device", device,
                                              "--out", scratch.file("out"), "--dry-run", "--progress", "plain"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run_tumble(arguments);
    };
    const Outcome large = plan("cuda:1", {"--diameter", "14"});
    CAPTURE(large.errors);
    CHECK(large.exit_code == 0);
    for (const char* words : {"plan: on cuda:1: emulated device", "GiB free", "plan: cuda:1 needs about", "of 2.1 GB free", "normal equations",
                              "transforms of maps", "search", "rows and", "candidates at a time", " if the processor did it"})
        CHECK(large.errors.find(words) != std::string::npos);
    const std::string on_cpu = plan("cpu", {}).errors;
    CHECK(on_cpu.find("needs about") == std::string::npos);
    CHECK(on_cpu.find("if the processor did it") == std::string::npos);

    setenv("TUMBLE_EMULATION_MEMORY", "10000000", 1);
    const Outcome small = plan("cuda:1", {"--diameter", "14"}), guessed = plan("cuda:1", {}), automatic = plan("auto", {});
    unsetenv("TUMBLE_EMULATION_MEMORY");
    CAPTURE(small.errors, guessed.errors, automatic.errors);
    CHECK(small.exit_code == 2);
    CHECK(small.errors.find("device cuda:1: device memory of ") != std::string::npos);
    CHECK(small.errors.find(" for the insertion of the images (10000000 of 10000000 free)") != std::string::npos);
    CHECK(guessed.exit_code == 0);
    CHECK(guessed.errors.find("plan: cuda:1 may be too small: device memory of ") != std::string::npos);
    CHECK(automatic.exit_code == 0);
    CHECK(automatic.errors.find("plan: on cpu:") != std::string::npos);
    CHECK(automatic.errors.find("cuda:0: device memory of ") != std::string::npos);
}

TEST_CASE("a device that is not there is refused with a sentence that offers the processor") {
    const ScratchFolder scratch;
    setenv("TUMBLE_BACKEND_DIR", TUMBLE_EMULATED_MODULE_DIR, 1);
    const std::vector<std::string> arguments = {"reconstruct", sample_file("images.mrcs"), "--pixel-size", "0.358", "--element", "Pt",
                                                "--poses", sample_file("truth.star"), "--device", "cuda:7", "--out", scratch.file("out"), "--quiet"};
    const Outcome absent = run_tumble(arguments);
    CAPTURE(absent.errors);
    CHECK(absent.exit_code == 2);
    CHECK(absent.errors.find("expected auto or cpu") != std::string::npos);
    CHECK(count_lines(absent.errors) == 1);
}

TEST_CASE("a device that fails ends the program with a line that says what and offers the processor") {
    const ScratchFolder scratch;
    struct Failure {
        const char *planned, *told;
    };
    const auto failure = GENERATE(Failure{"stream:1", "cudaStreamCreateWithFlags"}, Failure{"allocation:9", "device memory of"},
                                  Failure{"plan:1", "cufftMakePlanMany64 of"}, Failure{"launch:4", "start of kernel"},
                                  Failure{"copy:6", "copy of"}, Failure{"transform:1", "cufftExec"}, Failure{"kernel:3", " error "});
    setenv("TUMBLE_BACKEND_DIR", TUMBLE_EMULATED_MODULE_DIR, 1);
    setenv("TUMBLE_EMULATION_FAIL", failure.planned, 1);
    auto arguments = binned_case(scratch, std::filesystem::path(sample_file("images.mrcs")).parent_path(), 8);
    for (const std::string& more : {std::string("--device"), std::string("cuda:0"), std::string("--out"), scratch.file("out")})
        arguments.push_back(more);
    const Outcome failed = run_tumble(arguments);
    unsetenv("TUMBLE_EMULATION_FAIL");
    CAPTURE(failure.planned, failed.errors);
    CHECK(failed.exit_code == 1);
    CHECK(failed.errors.find(failure.told) != std::string::npos);
    CHECK(failed.errors.find("'cpu'") != std::string::npos);
    CHECK(count_lines(failed.errors) == 1);
}
