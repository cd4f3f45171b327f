// Stopping at any moment loses nothing: a signal leaves a checkpoint, and a resumed run ends where an
// uninterrupted one does.
#include <csignal>

#include "catch.hpp"
#include "program_runner.hpp"

using namespace tumble::test;

namespace {

std::vector<std::string> command(const std::string& out, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"reconstruct",  sample_file("images.mrcs"),
                                          "--pixel-size", "0.358",
                                          "--element",    "Pt",
                                          "--reference",  sample_file("low_resolution_reference.mrc"),
                                          "--out",        out,
                                          "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

/// What --resume should be given as: a run that was killed before its first checkpoint is started again.
std::vector<std::string> going_on(const std::string& out) {
    return command(out, {std::filesystem::exists(out + "/run.h5") ? "--resume" : "--overwrite"});
}

}  // namespace

TEST_CASE("killed at several moments and resumed, the atoms are those of an uninterrupted run") {
    const ScratchFolder scratch;
    const std::string whole = scratch.file("whole");
    const Outcome reference = run_tumble(command(whole));
    INFO(reference.errors);
    REQUIRE(reference.exit_code == 0);

    for (const double moment : {0.15, 0.5, 0.85}) {
        const std::string out = scratch.file("killed_" + std::to_string(moment));
        const Outcome killed =
            run_tumble(command(out), Interruption{SIGKILL, moment * reference.seconds, {}});
        CAPTURE(moment, killed.exit_code);
        if (killed.exit_code == 0) continue;  // it was faster this time
        CHECK(killed.exit_code == 128 + SIGKILL);
        CHECK_FALSE(std::filesystem::exists(out + "/summary.json"));
        const Outcome resumed = run_tumble(going_on(out));
        CAPTURE(resumed.errors);
        CHECK(resumed.exit_code == reference.exit_code);
        CHECK(read_text(out + "/atoms.xyz") == read_text(whole + "/atoms.xyz"));
        CHECK(read_text(out + "/poses.star") == read_text(whole + "/poses.star"));
    }
}

TEST_CASE("SIGINT and SIGTERM end with 130 and a checkpoint that --resume takes up") {
    for (const int signal : {SIGINT, SIGTERM}) {
        const ScratchFolder scratch;
        const std::string out = scratch.file("out");
        const Outcome stopped = run_tumble(command(out), Interruption{signal, 0.3, out + "/run.h5"});
        CAPTURE(signal, stopped.errors);
        REQUIRE(stopped.exit_code == 130);
        CHECK(count_lines(stopped.errors) == 1);
        CHECK(std::filesystem::exists(out + "/run.h5"));
        CHECK_FALSE(std::filesystem::exists(out + "/summary.json"));
        const Outcome resumed = run_tumble(command(out, {"--resume"}));
        CAPTURE(resumed.errors);
        CHECK(resumed.exit_code == 0);
        CHECK(std::filesystem::exists(out + "/summary.json"));
    }
}

TEST_CASE("a resumed run refuses other images") {
    const ScratchFolder scratch;
    const std::string out = scratch.file("out");
    const Outcome stopped = run_tumble(command(out), Interruption{SIGINT, 0.1, out + "/run.h5"});
    REQUIRE(stopped.exit_code == 130);
    std::string bytes = read_text(sample_file("images.mrcs"));
    for (std::size_t i = 2000; i < bytes.size(); i += 997) bytes[i] = static_cast<char>((bytes[i] + 1) % 100);
    write_text(scratch.file("images.mrcs"), bytes);
    std::vector<std::string> other = command(out, {"--resume"});
    other[1] = scratch.file("images.mrcs");
    const Outcome refused = run_tumble(other);
    CAPTURE(refused.errors);
    CHECK(refused.exit_code == 2);
    CHECK(count_lines(refused.errors) == 1);
    CHECK(std::filesystem::exists(out + "/run.h5"));
}
