// `tumble convert` and `tumble info`: the same content in another format, and what is in a file.
#include <algorithm>
#include <cstring>
#include <limits>

#include "catch.hpp"
#include "program_runner.hpp"
#include "small_stack.hpp"
#include "truth_comparison.hpp"

using namespace tumble::test;

namespace {

constexpr std::size_t header_bytes = 1024;

Outcome convert(const std::vector<std::string>& arguments) {
    std::vector<std::string> all = {"convert"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run_tumble(all);
}

void require_done(const Outcome& outcome) {
    INFO(outcome.errors);
    REQUIRE(outcome.exit_code == 0);
    CHECK(outcome.errors.empty());
    CHECK(outcome.output.empty());
}

template <typename T>
T word(const std::string& bytes, std::size_t at) {
    T value;
    std::memcpy(&value, bytes.data() + 4 * at, 4);
    return value;
}

/// The same file as a machine of the other byte order writes it (mode 2).
std::string byte_swapped(std::string bytes) {
    for (std::size_t i = 0; i + 3 < bytes.size(); i += 4) {
        const bool text = i >= 208 && i < header_bytes && i != 216 && i != 220;
        if (!text) std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(i), bytes.begin() + static_cast<std::ptrdiff_t>(i) + 4);
    }
    bytes[212] = bytes[213] = 0x11;
    return bytes;
}

std::string cubic_map(float voxel_A) {
    SmallStack map;
    map.width = map.height = map.images = 16;
    map.pixel_A = voxel_A;
    std::string bytes = map.bytes();
    const int one = 1, sections = 16;
    const float cell = 16 * voxel_A;
    std::memcpy(bytes.data() + 4 * 22, &one, 4);
    std::memcpy(bytes.data() + 4 * 9, &sections, 4);
    std::memcpy(bytes.data() + 4 * 12, &cell, 4);
    return bytes;
}

}  // namespace

TEST_CASE("a stack of the other byte order comes out as the same values in ours") {
    const ScratchFolder scratch;
    const std::string bytes = SmallStack().bytes();
    write_text(scratch.file("big.mrcs"), byte_swapped(bytes));
    require_done(convert({scratch.file("big.mrcs"), scratch.file("little.mrcs")}));
    const std::string written = read_text(scratch.file("little.mrcs"));
    REQUIRE(written.size() == bytes.size());
    CHECK(written.substr(header_bytes) == bytes.substr(header_bytes));
    CHECK(word<float>(written, 10) == Approx(32 * 0.358));
    CHECK(word<int>(written, 22) == 0);
    CHECK(static_cast<int>(written[212]) == 0x44);
}

TEST_CASE("Option --pixel-size corrects a header, --mode float16 halves the file") {
    const ScratchFolder scratch;
    const std::string bytes = SmallStack().bytes();
    write_text(scratch.file("in.mrcs"), bytes);
    require_done(convert({scratch.file("in.mrcs"), scratch.file("half.mrcs"), "--mode", "float16", "--pixel-size", "0.5"}));
    const std::string half = read_text(scratch.file("half.mrcs"));
    CHECK(half.size() == header_bytes + (bytes.size() - header_bytes) / 2);
    CHECK(word<float>(half, 10) == Approx(32 * 0.5));
    require_done(convert({scratch.file("half.mrcs"), scratch.file("back.mrcs")}));
    CHECK(read_text(scratch.file("back.mrcs")).substr(header_bytes) == bytes.substr(header_bytes));
}

TEST_CASE("Option --mrc-bytes says what mode 0 means") {
    const ScratchFolder scratch;
    SmallStack stack;
    stack.mode = 0;
    std::string bytes = stack.bytes().substr(0, header_bytes);
    for (int i = 0; i < 4 * 32 * 32; i++) bytes.push_back(static_cast<char>(i % 256));
    write_text(scratch.file("in.mrcs"), bytes);
    for (const auto& [sign, value] : {std::pair{"signed", -56.0f}, std::pair{"unsigned", 200.0f}}) {
        const std::string out = scratch.file(std::string(sign) + ".mrcs");
        require_done(convert({scratch.file("in.mrcs"), out, "--mrc-bytes", sign}));
        CHECK(word<float>(read_text(out), header_bytes / 4 + 200) == value);
    }
}

TEST_CASE("a map goes to EMD and back") {
    if (run_tumble({"info"}).output.find("HDF5           yes") == std::string::npos) {
        WARN("skipped: this build has no HDF5");
        return;
    }
    const ScratchFolder scratch;
    const std::string bytes = cubic_map(0.4f);
    write_text(scratch.file("map.mrc"), bytes);
    require_done(convert({scratch.file("map.mrc"), scratch.file("map.emd")}));
    require_done(convert({scratch.file("map.emd"), scratch.file("back.mrc")}));
    const std::string back = read_text(scratch.file("back.mrc"));
    CHECK(back.substr(header_bytes) == bytes.substr(header_bytes));
    CHECK(word<float>(back, 10) == Approx(16 * 0.4));
    CHECK(word<int>(back, 22) == 1);
    const Outcome info = run_tumble({"info", scratch.file("map.emd")});
    CHECK(info.exit_code == 0);
    CHECK_THAT(info.output, ContainsSubstring("16 x 16 x 16"));
}

TEST_CASE("a STAR file of RELION 3.0 becomes one of 3.1 with every other column as it was") {
    const ScratchFolder scratch;
    write_text(scratch.file("stack.mrcs"), SmallStack().bytes());
    write_text(scratch.file("old.star"),
               "data_\n\nloop_\n_rlnImageName\n_rlnAngleRot\n_rlnAngleTilt\n_rlnAnglePsi\n_rlnOriginX\n_rlnOriginY\n"
               "_rlnMine\n1@stack.mrcs 10.5 20 30 2 -1 kept\n2@stack.mrcs 11 21 31 0 0.5 4.50\n");
    require_done(convert({scratch.file("old.star"), scratch.file("new.star")}));
    const std::string text = read_text(scratch.file("new.star"));
    for (const char* words : {"data_optics", "data_particles", "_rlnOriginXAngst", "0.716000", "-0.358000", "0.179000",
                              "kept", "4.50", "_rlnImageSize", "10.5"})
        CHECK_THAT(text, ContainsSubstring(words));
    CHECK(text.find("_rlnOriginX ") == std::string::npos);

    std::filesystem::remove(scratch.file("stack.mrcs"));
    const Outcome lost = convert({scratch.file("old.star"), scratch.file("other.star")});
    CHECK(lost.exit_code == 2);
    CHECK_THAT(lost.errors, ContainsSubstring("--image-size"));
    require_done(convert({scratch.file("old.star"), scratch.file("other.star"), "--image-size", "32", "--pixel-size", "0.358"}));
    CHECK(read_text(scratch.file("other.star")) == text);
}

TEST_CASE("atoms go round through PDB, mmCIF and XYZ") {
    const ScratchFolder scratch;
    require_done(convert({sample_file("truth.xyz"), scratch.file("a.pdb")}));
    require_done(convert({scratch.file("a.pdb"), scratch.file("b.cif")}));
    require_done(convert({scratch.file("b.cif"), scratch.file("c.xyz")}));
    const auto before = read_positions(sample_file("truth.xyz")), after = read_positions(scratch.file("c.xyz"));
    REQUIRE(after.size() == before.size());
    for (std::size_t i = 0; i < after.size(); i++) CHECK(length(after[i] - before[i]) < 1e-3);
    const Outcome info = run_tumble({"info", scratch.file("a.pdb")});
    CHECK(info.exit_code == 0);
    CHECK_THAT(info.output, ContainsSubstring("179 atoms"));
}

TEST_CASE("what does not go together is refused, and nothing is written or lost") {
    const ScratchFolder scratch;
    write_text(scratch.file("in.mrcs"), SmallStack().bytes());
    SmallStack broken;
    broken.values = {1, 2, std::numeric_limits<float>::quiet_NaN()};
    write_text(scratch.file("nan.mrcs"), broken.bytes());
    const auto refused = [](const std::vector<std::string>& arguments, const std::string& words) {
        const Outcome outcome = convert(arguments);
        CAPTURE(arguments, outcome.errors);
        CHECK(outcome.exit_code == 2);
        CHECK(count_lines(outcome.errors) == 1);
        CHECK_THAT(outcome.errors, ContainsSubstring(words));
        if (arguments.size() > 1) CHECK_FALSE(std::filesystem::exists(arguments[1]));
    };
    refused({scratch.file("in.mrcs"), scratch.file("out.xyz")}, "atoms");
    refused({scratch.file("in.mrcs"), scratch.file("out.jpg")}, "ending");
    refused({scratch.file("in.mrcs"), scratch.file("out.mrcs.gz")}, ".gz");
    refused({scratch.file("in.mrcs"), scratch.file("absent/out.mrcs")}, "absent");
    refused({scratch.file("nan.mrcs"), scratch.file("out.mrcs")}, "nan");
    refused({scratch.file("in.mrcs"), scratch.file("out.mrcs"), "--pixel-size", "0"}, "--pixel-size");

    write_text(scratch.file("there.mrcs"), "precious");
    const Outcome occupied = convert({scratch.file("in.mrcs"), scratch.file("there.mrcs")});
    CHECK(occupied.exit_code == 2);
    CHECK_THAT(occupied.errors, ContainsSubstring("--overwrite"));
    CHECK(read_text(scratch.file("there.mrcs")) == "precious");
    require_done(convert({scratch.file("in.mrcs"), scratch.file("there.mrcs"), "--overwrite"}));
    CHECK(read_text(scratch.file("there.mrcs")).size() == SmallStack().bytes().size());
}

TEST_CASE("info tells what is in images, tables and atoms") {
    const ScratchFolder scratch;
    write_text(scratch.file("stack.mrcs"), SmallStack().bytes());
    CHECK_THAT(run_tumble({"info", scratch.file("stack.mrcs")}).output,
               ContainsSubstring("4 images of 32 x 32 pixels") && ContainsSubstring("0.358 A"));
    CHECK_THAT(run_tumble({"info", sample_file("truth.star")}).output,
               ContainsSubstring("600 rows") && ContainsSubstring("RELION 3"));
    CHECK_THAT(run_tumble({"info", sample_file("truth.xyz")}).output, ContainsSubstring("179 atoms"));
}
