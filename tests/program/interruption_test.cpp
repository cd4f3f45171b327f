// Stopping at any moment loses nothing: a signal leaves a checkpoint, and a resumed run ends where an
// uninterrupted one does.
#include <csignal>
#include <cstring>

#include "catch.hpp"
#include "io/hdf5_file.hpp"
#include "program_runner.hpp"
#include "truth_comparison.hpp"

using namespace tumble::test;

namespace {

/// The first images of the bundled sample, so that a run is short.
std::string first_images(const ScratchFolder& scratch, std::int32_t images) {
    const std::string bytes = read_text(sample_file("images.mrcs"));
    std::int32_t side = 0, all = 0;
    std::memcpy(&side, bytes.data(), 4);
    std::memcpy(&all, bytes.data() + 8, 4);
    const std::size_t image_bytes = (bytes.size() - 1024) / static_cast<std::size_t>(all);
    std::string cut = bytes.substr(0, 1024 + image_bytes * static_cast<std::size_t>(images));
    std::memcpy(cut.data() + 8, &images, 4);
    std::string file = scratch.file("images.mrcs");
    write_text(file, cut);
    return file;
}

/// A start with all that it needs: blind from a part of the bundled sample, or from given poses with all of it.
struct ShortRun {
    ScratchFolder scratch;
    bool from_poses = false;
    std::string images = from_poses ? sample_file("images.mrcs") : first_images(scratch, 150);

    std::vector<std::string> command(const std::string& out, const std::vector<std::string>& more = {}) const {
        std::vector<std::string> arguments = {"reconstruct", images, "--pixel-size", "0.358", "--element", "Pt",
                                              "--out",       out,    "--quiet"};
        if (from_poses)
            arguments.insert(arguments.end(), {"--poses", sample_file("truth.star"), "--polish"});
        arguments.insert(arguments.end(), more.begin(), more.end());
        return arguments;
    }
    /// How to go on: a run that was killed before its first checkpoint is started again.
    std::vector<std::string> going_on(const std::string& out) const {
        return command(out, {std::filesystem::exists(out + "/run.h5") ? "--resume" : "--overwrite"});
    }
};

/// Done, whether or not so few images support a result.
bool done(const Outcome& outcome) {
    return outcome.exit_code == 0 || outcome.exit_code == 3;
}

}  // namespace

TEST_CASE("killed at several moments and resumed, the results are those of an uninterrupted run") {
    if (!tumble::has_hdf5()) {
        WARN("skipped: without HDF5 there are no checkpoints");
        return;
    }
    for (const bool from_poses : {true, false}) {
        const ShortRun run{{}, from_poses};
        const std::string whole = run.scratch.file("whole");
        const Outcome reference = run_tumble(run.command(whole));
        CAPTURE(from_poses, reference.errors);
        REQUIRE(done(reference));
        if (from_poses) REQUIRE(read_positions(whole + "/atoms.xyz").size() > 100);

        int interrupted = 0;
        for (const double moment : from_poses ? std::vector{0.3, 0.8} : std::vector{0.5}) {
            const std::string out = run.scratch.file("killed_" + std::to_string(moment));
            const Outcome killed = run_tumble(run.command(out), Interruption{SIGKILL, moment * reference.seconds, {}});
            CAPTURE(moment, killed.exit_code);
            if (done(killed)) continue;  // it was faster this time
            interrupted++;
            CHECK(killed.exit_code == 128 + SIGKILL);
            CHECK_FALSE(std::filesystem::exists(out + "/summary.json"));
            const Outcome resumed = run_tumble(run.going_on(out));
            CAPTURE(resumed.errors);
            CHECK(resumed.exit_code == reference.exit_code);
            for (const char* file : {"/atoms.xyz", "/poses.star", "/map.mrc", "/half1.mrc"}) {
                CAPTURE(file);
                CHECK(read_text(out + file) == read_text(whole + file));
            }
        }
        CHECK(interrupted > 0);
    }
}

TEST_CASE("SIGINT and SIGTERM end with 130 and a checkpoint that --resume takes up, other images are refused") {
    if (!tumble::has_hdf5()) {
        WARN("skipped: without HDF5 there are no checkpoints");
        return;
    }
    const ShortRun run;
    for (const int signal : {SIGINT, SIGTERM}) {
        const std::string out = run.scratch.file("out_" + std::to_string(signal));
        const Outcome stopped = run_tumble(run.command(out), Interruption{signal, 0.3, out + "/run.h5"});
        CAPTURE(signal, stopped.errors);
        REQUIRE(stopped.exit_code == 130);
        CHECK(count_lines(stopped.errors) == 1);
        CHECK(std::filesystem::exists(out + "/run.h5"));
        CHECK_FALSE(std::filesystem::exists(out + "/summary.json"));
    }
    const std::string out = run.scratch.file("out_" + std::to_string(SIGINT));
    const std::string checkpoint = read_text(out + "/run.h5");
    std::string bytes = read_text(run.images);
    for (std::size_t i = 2000; i < bytes.size(); i += 997) bytes[i] = static_cast<char>((bytes[i] + 1) % 100);
    std::vector<std::string> other = run.command(out, {"--resume"});
    other[1] = run.scratch.file("other.mrcs");
    write_text(other[1], bytes);
    const Outcome refused = run_tumble(other);
    CAPTURE(refused.errors);
    CHECK(refused.exit_code == 2);
    CHECK(count_lines(refused.errors) == 1);
    CHECK(read_text(out + "/run.h5") == checkpoint);

    const Outcome resumed = run_tumble(run.command(out, {"--resume"}));
    CAPTURE(resumed.errors);
    CHECK(done(resumed));
    CHECK(std::filesystem::exists(out + "/summary.json"));
}
