#include "io/star.hpp"

#include <algorithm>
#include <sstream>

#include "catch.hpp"
#include "core/random.hpp"
#include "io/atomic_file.hpp"
#include "io/mrc.hpp"
#include "io/poses_star.hpp"
#include "scratch_folder.hpp"

using namespace tumble;

namespace {
const std::filesystem::path independent = std::filesystem::path(TUMBLE_TEST_DATA) / "independent";
bool data_absent() {
    if (std::filesystem::exists(independent)) return false;
    WARN("skipped: no reference data in TUMBLE_TEST_DATA");
    return true;
}
std::vector<double> rotation_row(const std::string& line) {
    std::vector<double> values;
    std::stringstream stream(line);
    for (std::string field; std::getline(stream, field, ',');) values.push_back(std::stod(field));
    return values;
}
}  // namespace

TEST_CASE("STAR: quotes, comments, single values, several blocks") {
    const StarFile file = parse_star(
        "# version 30001\n\ndata_optics\n\n_rlnA 1.500 # comment\n_rlnB \"two "
        "words\"\n\n\ndata_particles\n\nloop_\n_rlnX #1\n_tmbName #2\n"
        " 1.0000  \"a b\"\n 2e3 \"\"\n\n\ndata_\nloop_\n_c\n'O5''\n",
        "text");
    REQUIRE(file.tables.size() == 3);
    CHECK_FALSE(file.tables[0].is_loop);
    CHECK(file.tables[0].rows == std::vector<std::vector<std::string>>{{"1.500", "two words"}});
    CHECK(file.find("particles")->rows ==
          std::vector<std::vector<std::string>>{{"1.0000", "a b"}, {"2e3", ""}});
    CHECK(file.tables[2].rows[0][0] == "O5'");
    CHECK(file.find("particles")->column("tmbName") == std::size_t{1});
}

TEST_CASE(
    "STAR: real RELION 3.1 and 5 files survive reading and writing, unknown columns and digits included") {
    if (data_absent()) return;
    for (const auto& [name, particles] : {std::pair{"relion31.star", 5}, std::pair{"relion5.star", 17}}) {
        CAPTURE(name);
        ScratchFolder folder;
        const StarFile file = read_star(independent / "reader_files" / name);
        REQUIRE(file.find("particles"));
        CHECK(file.find("particles")->rows.size() == static_cast<std::size_t>(particles));
        CHECK(file.find("particles")->columns.size() == 26);
        write_star(folder / "out.star", file);
        const StarFile back = read_star(folder / "out.star");
        REQUIRE(back.tables.size() == file.tables.size());
        for (std::size_t t = 0; t < file.tables.size(); t++) {
            CHECK(back.tables[t].name == file.tables[t].name);
            CHECK(back.tables[t].columns == file.tables[t].columns);
            CHECK(back.tables[t].rows == file.tables[t].rows);
        }
        CHECK(read_poses(independent / "reader_files" / name).size() == static_cast<std::size_t>(particles));
    }
}

TEST_CASE("STAR: broken files name the line") {
    const auto fault = [](const char* text) { return sentence_of([&] { parse_star(text, "f.star"); }); };
    CHECK_THAT(fault("hello\n"), ContainsSubstring("line 1"));
    CHECK_THAT(fault("\n"), ContainsSubstring("no 'data_' block"));
    CHECK_THAT(fault("data_\nloop_\n_a\n_b\n1 2\n3\n"),
               ContainsSubstring("line 6: found 1 values, expected 2"));
    CHECK_THAT(fault("data_\nloop_\n_a\n_b\n1 2 3\n"), ContainsSubstring("line 5"));
    CHECK_THAT(fault("data_\nloop_\n_a\n\"open\n"), ContainsSubstring("closing quote"));
    CHECK_THAT(fault("data_\nloop_\n_a\n_a\n"), ContainsSubstring("twice"));
    CHECK_THAT(fault("data_\nloop_\n1 2\n"), ContainsSubstring("column name"));
}

TEST_CASE("Poses: rotations of independent STAR files are those of their tables") {
    if (data_absent()) return;
    const auto poses = read_poses(independent / "toy1000_views" / "truth.star");
    REQUIRE(poses.size() == 1000);
    std::stringstream table(bytes_of(independent / "toy1000_views" / "truth_rotations.csv"));
    std::string line;
    std::getline(table, line);  // a comment, then the names
    std::getline(table, line);
    double worst = 0;
    for (std::size_t i = 0; i < poses.size() && std::getline(table, line); i++) {
        const auto row = rotation_row(line);
        REQUIRE(row.size() >= 10);
        // The file's angles come from single precision, whose arc cosine loses digits as 1 / sin(tilt).
        const double sin_tilt = std::hypot(row[7], row[8]);
        for (std::size_t k = 0; k < 9; k++)
            worst = std::max(worst, sin_tilt * std::abs(poses[i].pose.rotation.m[k] - row[k + 1]));
        REQUIRE(poses[i].image_index == static_cast<std::int64_t>(i));
    }
    CHECK(worst < 0x1p-22);
    CHECK(std::filesystem::exists(poses[0].image_file));
}

TEST_CASE("Poses: RELION's shifted images are the centred ones moved by our shift") {
    if (data_absent()) return;
    const auto poses = read_poses(independent / "relion_euler" / "shifted64.star", 1.0);
    const ImageStack centred = read_stack(independent / "relion_euler" / "centred64.mrcs");
    const ImageStack shifted = read_stack(independent / "relion_euler" / "shifted64.mrcs");
    REQUIRE(poses.size() == 4);
    for (std::size_t i = 0; i < 4; i++) {
        const int dx = static_cast<int>(poses[i].pose.shift_A.x),
                  dy = static_cast<int>(poses[i].pose.shift_A.y);
        double worst = 0;
        for (int y = 0; y < 64; y++)
            for (int x = 0; x < 64; x++) {
                const std::size_t to =
                    i * 4096 + static_cast<std::size_t>(((y + dy + 64) % 64) * 64 + (x + dx + 64) % 64);
                worst =
                    std::max(worst, std::abs(static_cast<double>(
                                        shifted.values[to] -
                                        centred.values[i * 4096 + static_cast<std::size_t>(y * 64 + x)])));
            }
        CHECK(worst <
              1e-4 * static_cast<double>(*std::max_element(centred.values.begin(), centred.values.end())));
    }
    CHECK_THAT(sentence_of([] { read_poses(independent / "relion_euler" / "shifted64.star"); }),
               ContainsSubstring("pixel size"));
}

TEST_CASE("Poses: written files come back to 6 decimals") {
    ScratchFolder folder;
    RandomStream random(3, 0, RandomPurpose::test);
    std::vector<ParticlePose> poses;
    put_bytes(folder / "images.mrcs", "x");
    for (int i = 0; i < 50; i++)
        poses.push_back(
            {{rotation_from_euler({360 * random.uniform(), 180 * random.uniform(), 360 * random.uniform()}),
              {random.normal(), random.normal()}},
             1 + i % 2,
             49 - i,
             (folder / "images.mrcs").string(),
             random.normal(),
             random.uniform(),
             i % 7 == 0});
    write_poses(folder / "poses.star", poses, {0.358, 128});
    const auto back = read_poses(folder / "poses.star");
    REQUIRE(back.size() == poses.size());
    for (std::size_t i = 0; i < poses.size(); i++) {
        CHECK(angle_between(back[i].pose.rotation, poses[i].pose.rotation) < 1e-7);
        CHECK(std::abs(back[i].pose.shift_A.x - poses[i].pose.shift_A.x) < 1e-6);
        CHECK(std::abs(back[i].pose.shift_A.y - poses[i].pose.shift_A.y) < 1e-6);
        CHECK(back[i].half == poses[i].half);
        CHECK(back[i].image_index == poses[i].image_index);
        CHECK(back[i].rejected == poses[i].rejected);
        CHECK(std::filesystem::equivalent(back[i].image_file, poses[i].image_file));
        CHECK(std::abs(back[i].score - poses[i].score) < 1e-6);
    }
    CHECK(read_star(folder / "poses.star").find("particles")->rows[0][0] == "000050@images.mrcs");
}

TEST_CASE("Poses: pixel size of 3.0 files, the upgrade to 3.1 and bad values") {
    ScratchFolder folder;
    const char* text =
        "data_\nloop_\n_rlnAngleRot\n_rlnAngleTilt\n_rlnAnglePsi\n_rlnOriginX\n_rlnOriginY\n_"
        "rlnDetectorPixelSize\n_rlnMagnification\n_userNote\n"
        "0 0 0 2 -1 5.0 25000 \"a b\"\n";
    put_bytes(folder / "old.star", text);
    const auto poses = read_poses(folder / "old.star", 99);
    CHECK(poses[0].pose.shift_A.x == Approx(-4));
    CHECK(poses[0].pose.shift_A.y == Approx(2));
    write_star(folder / "new.star", upgraded_to_relion31(read_star(folder / "old.star"), "old.star", 0, 64));
    const auto upgraded = read_poses(folder / "new.star");
    CHECK(upgraded[0].pose == poses[0].pose);
    const StarFile file = read_star(folder / "new.star");
    CHECK(file.find("optics")->rows[0][5] == "2.000000");
    CHECK(file.find("particles")->rows[0][7] == "a b");
    std::string bad(text);
    bad[bad.find("0 0 0 2")] = 'x';
    put_bytes(folder / "bad.star", bad);
    CHECK_THAT(sentence_of([&] { read_poses(folder / "bad.star"); }),
               ContainsSubstring("row 1: rlnAngleRot is 'x'"));
    put_bytes(folder / "bad.star", "data_\nloop_\n_rlnAngleRot\n1\n");
    CHECK_THAT(sentence_of([&] { read_poses(folder / "bad.star"); }),
               ContainsSubstring("rlnAngleTilt' is missing"));
}

TEST_CASE("Poses: the sample stack's truth is read") {
    const auto path = std::filesystem::path(TUMBLE_TEST_DATA) / "sample_stack" / "truth.star";
    if (!std::filesystem::exists(path)) {
        WARN("skipped: no sample stack in TUMBLE_TEST_DATA");
        return;
    }
    const auto poses = read_poses(path);
    CHECK(poses.size() > 1);
    for (const auto& particle : poses) CHECK(std::abs(determinant(particle.pose.rotation) - 1) < 1e-9);
}
