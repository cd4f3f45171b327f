// Every kind of bad input: one sentence that names the file and the field, exit code 2, nothing written or
// lost.
#include <cmath>
#include <limits>
#include <random>

#include "catch.hpp"
#include "io/mrc.hpp"
#include "program_runner.hpp"
#include "small_stack.hpp"

using namespace tumble::test;

namespace {

const std::vector<std::string> with_poses = {"--element", "Pt", "--pixel-size", "0.358", "--poses"};

std::string poses_star(int images) {
    std::string text = "data_\n\nloop_\n_rlnImageName\n_rlnAngleRot\n_rlnAngleTilt\n_rlnAnglePsi\n";
    for (int i = 1; i <= images; i++)
        text += std::to_string(i) + "@stack.mrcs 0 " + std::to_string(10 * i) + " 0\n";
    return text;
}

struct Case {
    ScratchFolder scratch;
    std::string stack = scratch.file("stack.mrcs"), star = scratch.file("poses.star"),
                out = scratch.file("out");
    std::vector<std::string> more;

    explicit Case(const std::string& bytes, int poses = 4) {
        write_text(stack, bytes);
        write_text(star, poses_star(poses));
    }
    /// Runs and checks what is the same for all: exit 2, one line, the words, no output folder.
    void refused(const std::vector<std::string>& words) {
        std::vector<std::string> arguments = {"reconstruct", stack, "--out", out};
        arguments.insert(arguments.end(), with_poses.begin(), with_poses.end());
        arguments.push_back(star);
        arguments.insert(arguments.end(), more.begin(), more.end());
        arguments.push_back("--quiet");
        const Outcome outcome = run_tumble(arguments);
        CAPTURE(outcome.errors);
        CHECK(outcome.exit_code == 2);
        CHECK(outcome.output.empty());
        CHECK(count_lines(outcome.errors) == 1);
        for (const std::string& word : words) CHECK_THAT(outcome.errors, ContainsSubstring(word));
        CHECK_FALSE(std::filesystem::exists(out));
    }
};

std::string patched(std::string bytes, std::size_t word, std::int32_t value) {
    std::memcpy(bytes.data() + 4 * word, &value, 4);
    return bytes;
}

}  // namespace

TEST_CASE("files that are no stack are refused: absent, empty, truncated, wrong mode, broken gzip") {
    const std::string good = SmallStack().bytes();
    SECTION("absent") {
        Case c(good);
        std::filesystem::remove(c.stack);
        c.refused({"stack.mrcs"});
    }
    SECTION("empty") {
        Case("").refused({"stack.mrcs"});
    }
    SECTION("shorter than a header") {
        Case(good.substr(0, 500)).refused({"stack.mrcs", "500"});
    }
    SECTION("truncated") {
        Case(good.substr(0, good.size() - 100)).refused({"stack.mrcs", "expected"});
    }
    SECTION("wrong mode") {
        Case(patched(good, 3, 3)).refused({"stack.mrcs", "mode"});
    }
    SECTION("negative size") {
        Case(patched(good, 0, -32)).refused({"stack.mrcs"});
    }
    SECTION("a text file") {
        Case(std::string(5000, 'x')).refused({"stack.mrcs"});
    }
    SECTION("broken gzip") {
        Case c(good);
        c.stack = c.scratch.file("stack.mrcs.gz");
        write_text(c.stack, std::string("\x1f\x8b\x08\x00", 4) + std::string(2000, 'z'));
        c.refused({"stack.mrcs.gz"});
    }
}

TEST_CASE("stacks that no reconstruction can start from are refused") {
    SmallStack stack;
    SECTION("one image") {
        stack.images = 1;
        Case(stack.bytes(), 1).refused({"stack.mrcs", "1 image"});
    }
    SECTION("too small") {
        stack.width = stack.height = 12;
        Case(stack.bytes()).refused({"stack.mrcs", "12", "16"});
    }
    SECTION("not square") {
        stack.height = 30;
        Case(stack.bytes()).refused({"stack.mrcs", "32", "30", "square"});
    }
    SECTION("not a number") {
        stack.values = {1, 2, 3, std::numeric_limits<float>::quiet_NaN(), 5, 6, 7};
        Case(stack.bytes()).refused({"stack.mrcs", "image 1", "nan"});
    }
    SECTION("infinite") {
        stack.values = {1, 2, 3, 4, 5, 6, std::numeric_limits<float>::infinity()};
        Case(stack.bytes()).refused({"stack.mrcs", "image 1"});
    }
    SECTION("constant") {
        stack.values = {3};
        Case(stack.bytes()).refused({"stack.mrcs", "constant"});
    }
}

TEST_CASE("a pixel size that contradicts the header is refused, one that is near is not") {
    SmallStack stack;
    stack.pixel_A = 0.358F * 1.02F;
    Case(stack.bytes()).refused({"stack.mrcs", "pixel size", "0.358", "0.365"});
    stack.pixel_A = 0.358F * 1.007F;
    Case near(stack.bytes());
    const Outcome outcome = run_tumble({"reconstruct", near.stack, "--element", "Pt", "--pixel-size", "0.358",
                                        "--poses", near.star, "--dry-run", "--progress", "plain"});
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(outcome.errors, ContainsSubstring("pixel size"));
}

TEST_CASE("no pixel size at all is refused") {
    SmallStack stack;
    stack.pixel_A = 0;
    Case c(stack.bytes());
    const Outcome outcome =
        run_tumble({"reconstruct", c.stack, "--element", "Pt", "--poses", c.star, "--out", c.out});
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.errors, ContainsSubstring("--pixel-size"));
    CHECK_FALSE(std::filesystem::exists(c.out));
}

TEST_CASE("poses that do not fit the stack are refused") {
    const std::string good = SmallStack().bytes();
    SECTION("too few") {
        Case(good, 3).refused({"poses.star", "3", "4"});
    }
    SECTION("too many") {
        Case(good, 9).refused({"poses.star", "9", "4"});
    }
    SECTION("absent") {
        Case c(good);
        std::filesystem::remove(c.star);
        c.refused({"poses.star"});
    }
    SECTION("no angles") {
        Case c(good);
        write_text(c.star, "data_\n\nloop_\n_rlnImageName\n1@a\n2@a\n3@a\n4@a\n");
        c.refused({"poses.star", "rlnAngleRot"});
    }
    SECTION("an angle that is no number") {
        Case c(good);
        std::string text = poses_star(4);
        text.replace(text.find(" 20 "), 4, " xx ");
        write_text(c.star, text);
        c.refused({"poses.star", "xx"});
    }
}

TEST_CASE("a reference that is no cubic map is refused") {
    const std::string good = SmallStack().bytes();
    Case c(good);
    const auto refused = [&c](const std::string& bytes, const std::string& word) {
        write_text(c.scratch.file("map.mrc"), bytes);
        const Outcome outcome =
            run_tumble({"reconstruct", c.stack, "--element", "Pt", "--pixel-size", "0.358", "--reference",
                        c.scratch.file("map.mrc"), "--out", c.out, "--quiet"});
        CAPTURE(outcome.errors);
        CHECK(outcome.exit_code == 2);
        CHECK(count_lines(outcome.errors) == 1);
        CHECK_THAT(outcome.errors, ContainsSubstring("map.mrc"));
        CHECK_THAT(outcome.errors, ContainsSubstring(word));
        CHECK_FALSE(std::filesystem::exists(c.out));
    };
    refused(good, "cub");
    refused(good.substr(0, 3000), "expected");
}

TEST_CASE("output folders: missing option, a file in the way, another run") {
    Case c(SmallStack().bytes());
    std::vector<std::string> arguments = {"reconstruct", c.stack};
    arguments.insert(arguments.end(), with_poses.begin(), with_poses.end());
    arguments.push_back(c.star);
    const Outcome missing = run_tumble(arguments);
    CHECK(missing.exit_code == 2);
    CHECK_THAT(missing.errors, ContainsSubstring("--out is missing"));

    write_text(c.scratch.file("plain_file"), "x");
    c.out = c.scratch.file("plain_file/out");
    c.refused({"--out", "plain_file"});

    const std::string other = c.scratch.file("other");
    std::filesystem::create_directory(other);
    write_text(other + "/map.mrc", "precious");
    arguments.insert(arguments.end(), {"--out", other});
    const Outcome occupied = run_tumble(arguments);
    CHECK(occupied.exit_code == 2);
    for (const char* word : {"map.mrc", "--resume", "--overwrite"})
        CHECK_THAT(occupied.errors, ContainsSubstring(word));
    CHECK(read_text(other + "/map.mrc") == "precious");

    arguments.push_back("--resume");
    const Outcome nothing_to_resume = run_tumble(arguments);
    CHECK(nothing_to_resume.exit_code == 2);
    CHECK_THAT(nothing_to_resume.errors, ContainsSubstring("run.h5"));
    CHECK(read_text(other + "/map.mrc") == "precious");
}

TEST_CASE("bad input with --overwrite leaves the earlier run as it was") {
    SmallStack stack;
    stack.images = 1;
    Case c(stack.bytes(), 1);
    std::filesystem::create_directory(c.out);
    write_text(c.out + "/map.mrc", "precious");
    const Outcome outcome = run_tumble({"reconstruct", c.stack, "--element", "Pt", "--pixel-size", "0.358",
                                        "--poses", c.star, "--out", c.out, "--overwrite"});
    CHECK(outcome.exit_code == 2);
    CHECK(read_text(c.out + "/map.mrc") == "precious");
}

TEST_CASE("atoms, convert and info refuse what they cannot read") {
    const ScratchFolder scratch;
    write_text(scratch.file("map.mrc"), "short");
    for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
             {"atoms", scratch.file("map.mrc"), "--element", "Pt", "--out", scratch.file("out")},
             {"info", scratch.file("map.mrc")},
             {"info", scratch.file("absent.mrc")},
             {"convert", scratch.file("map.mrc"), scratch.file("other.mrc")},
             {"convert", scratch.file("map.mrc")}}) {
        const Outcome outcome = run_tumble(arguments);
        CAPTURE(arguments, outcome.errors);
        CHECK(outcome.exit_code == 2);
        CHECK(count_lines(outcome.errors) == 1);
        CHECK_FALSE(std::filesystem::exists(scratch.file("out")));
        CHECK_FALSE(std::filesystem::exists(scratch.file("other.mrc")));
    }
}

TEST_CASE("a full disk is told with the file, exit 1, and leaves no part of a file behind") {
    const ScratchFolder scratch;
    write_text(scratch.file("in.mrcs"), SmallStack().bytes());
    write_text(scratch.file("there.mrcs"), "precious");
    const Outcome outcome =
        run_tumble({"convert", scratch.file("in.mrcs"), scratch.file("there.mrcs"), "--overwrite"}, {}, 8000);
    CAPTURE(outcome.errors);
    CHECK(outcome.exit_code == 1);
    CHECK(count_lines(outcome.errors) == 1);
    CHECK_THAT(outcome.errors, ContainsSubstring("there.mrcs"));
    CHECK(read_text(scratch.file("there.mrcs")) == "precious");
    CHECK_FALSE(std::filesystem::exists(scratch.file("there.mrcs.partial")));

    Case c(SmallStack().bytes());
    const Outcome run = run_tumble({"reconstruct", c.stack, "--element", "Pt", "--pixel-size", "0.358", "--poses",
                                    c.star, "--out", c.out, "--quiet"},
                                   {}, 1000);
    CAPTURE(run.errors);
    CHECK(run.exit_code == 1);
    CHECK(count_lines(run.errors) == 1);
    CHECK_FALSE(std::filesystem::exists(c.out + "/summary.json"));
}

TEST_CASE("an odd box is taken as it is") {
    SmallStack stack;
    stack.width = stack.height = 33;
    const Case c(stack.bytes());
    const Outcome odd = run_tumble({"reconstruct", c.stack, "--element", "Pt", "--pixel-size", "0.358", "--poses",
                                    c.star, "--dry-run", "--progress", "plain"});
    CAPTURE(odd.errors);
    CHECK(odd.exit_code == 0);
    CHECK_THAT(odd.errors, ContainsSubstring("33 x 33"));
}

TEST_CASE("an element that is none, and a reference of another box, are told") {
    Case c(SmallStack().bytes());
    const Outcome unknown = run_tumble({"reconstruct", c.stack, "--element", "Xx", "--pixel-size", "0.358", "--poses",
                                        c.star, "--out", c.out});
    CHECK(unknown.exit_code == 2);
    CHECK(count_lines(unknown.errors) == 1);
    CHECK_THAT(unknown.errors, ContainsSubstring("Xx"));
    CHECK_FALSE(std::filesystem::exists(c.out));

    tumble::Volume map(24, 0.5);
    map.at(12, 12, 12) = 1;
    const std::string reference = c.scratch.file("reference.mrc");
    tumble::write_map(reference, map, "a point");
    const Outcome other = run_tumble({"reconstruct", c.stack, "--element", "Pt", "--pixel-size", "0.358", "--reference",
                                      reference, "--dry-run", "--progress", "plain"});
    CHECK(other.exit_code == 0);
    CHECK_THAT(other.errors, ContainsSubstring("resampled"));

    const Outcome motif = run_tumble({"reconstruct", c.stack, "--element", "Pt", "--pixel-size", "0.358", "--motif", "cubic", "--out", c.out});
    CHECK(motif.exit_code == 2);
    CHECK(count_lines(motif.errors) == 1);
    CHECK_THAT(motif.errors, ContainsSubstring("'cubic'") && ContainsSubstring("icosahedron"));
    CHECK_FALSE(std::filesystem::exists(c.out));
}

TEST_CASE("noise alone ends with 3 and a sentence, and the summary says why") {
    SmallStack stack;
    stack.width = stack.height = 64;
    stack.images = 40;
    std::mt19937 random(7);
    std::poisson_distribution<int> counts(20);
    for (int i = 0; i < 64 * 64 * 40; i++) stack.values.push_back(static_cast<float>(counts(random)));
    const Case c(stack.bytes());
    const Outcome outcome = run_tumble({"reconstruct", c.stack, "--element", "Pt", "--pixel-size", "0.358", "--out", c.out, "--quiet"});
    CAPTURE(outcome.errors);
    CHECK(outcome.exit_code == 3);
    CHECK(count_lines(outcome.errors) == 1);
    CHECK_THAT(outcome.errors, ContainsSubstring("stack.mrcs") && ContainsSubstring("do not support"));
    const std::string summary = read_text(c.out + "/summary.json");
    CHECK_THAT(summary, ContainsSubstring("\"failed\"") && ContainsSubstring("no particle"));
    CHECK_FALSE(std::filesystem::exists(c.out + "/atoms.xyz"));
}
