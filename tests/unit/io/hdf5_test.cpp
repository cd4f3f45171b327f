#include <array>

#include "catch.hpp"
#include "io/emd.hpp"
#include "io/hdf5_file.hpp"
#include "scratch_folder.hpp"
#include "tumble/error.hpp"

using namespace tumble;

namespace {

/// A build without HDF5 has nothing to test but its refusal.
bool hdf5_is_there() {
    if (has_hdf5()) return true;
    CHECK(sentence_of([] { Hdf5File::create("x.h5"); }).find("this build has no HDF5") != std::string::npos);
    WARN("skipped: this build has no HDF5");
    return false;
}

Volume counting_map(int box, double voxel_A) {
    Volume map(box, voxel_A);
    for (std::size_t i = 0; i < map.values.size(); i++) map.values[i] = static_cast<float>(i) * 0.5F - 3;
    return map;
}

}  // namespace

TEST_CASE("HDF5 arrays and attributes come back as they went in") {
    if (!hdf5_is_there()) return;
    const ScratchFolder folder;
    const std::string path = (folder / "a.h5").string();
    const std::vector<float> floats = {1.5F, -2, 3e30F, 0, 5, 6};
    const std::vector<double> doubles = {1e-300, 2};
    const std::vector<std::int64_t> integers = {std::int64_t{1} << 62, -1};
    const std::vector<std::uint8_t> bytes = {0, 255, 7};
    {
        Hdf5File file = Hdf5File::create(path);
        const std::array<std::int64_t, 2> shape = {2, 3};
        file.write("deep/down/floats", std::span<const float>(floats), std::span<const std::int64_t>(shape));
        file.write("doubles", doubles);
        file.write("integers", integers);
        file.write("bytes", bytes);
        file.write("nothing", std::vector<double>{});
        file.write_text("deep/down", "name", "Å and \xce\xb1");
        file.write_number("/", "ratio", 0.1);
        file.write_integer("doubles", "count", -5);
        file.write_integer("doubles", "count", -6);
        CHECK_FALSE(std::filesystem::exists(path));
        file.commit();
    }
    const Hdf5File file = Hdf5File::open(path);
    CHECK(file.read<float>("deep/down/floats") == floats);
    CHECK(file.shape("deep/down/floats") == std::vector<std::int64_t>{2, 3});
    CHECK(file.read<double>("doubles") == doubles);
    CHECK(file.read<std::int64_t>("integers") == integers);
    CHECK(file.read<std::uint8_t>("bytes") == bytes);
    CHECK(file.read<double>("nothing").empty());
    CHECK(file.read<double>("bytes") == std::vector<double>{0, 255, 7});
    CHECK(file.read_text("deep/down", "name") == "Å and \xce\xb1");
    CHECK(file.read_number("/", "ratio") == 0.1);
    CHECK(file.read_integer("doubles", "count") == -6);
    CHECK(file.children("/") == std::vector<std::string>{"bytes", "deep", "doubles", "integers", "nothing"});
    CHECK(file.exists("deep/down"));
    CHECK_FALSE(file.exists("deep/up/floats"));
    CHECK_FALSE(std::filesystem::exists(path + ".partial"));
}

TEST_CASE("The same HDF5 content makes the same bytes") {
    if (!hdf5_is_there()) return;
    const ScratchFolder folder;
    for (const char* name : {"a.h5", "b.h5"}) write_emd((folder / name).string(), counting_map(4, 0.5));
    CHECK(bytes_of((folder / "a.h5").string()) == bytes_of((folder / "b.h5").string()));
}

TEST_CASE("What is missing or broken in an HDF5 file is named") {
    if (!hdf5_is_there()) return;
    const ScratchFolder folder;
    const std::string path = (folder / "a.h5").string();
    CHECK(sentence_of([&] { Hdf5File::open(path); }) == path + ": the file was not found");
    put_bytes(path, "no HDF5");
    CHECK(sentence_of([&] { Hdf5File::open(path); }) ==
          path + ": the file cannot be opened as HDF5, expected a whole HDF5 file");
    write_emd(path, counting_map(8, 0.5));
    const std::string whole = bytes_of(path);
    put_bytes(path, whole.substr(0, whole.size() / 2));
    CHECK_THROWS_AS(Hdf5File::open(path), Error);
    put_bytes(path, whole);
    const Hdf5File file = Hdf5File::open(path);
    CHECK(sentence_of([&] { file.read<float>("data/nope"); }) ==
          path + ": dataset 'data/nope' was not found");
    CHECK(sentence_of([&] { file.read_number("data/map", "nope"); }) ==
          path + ": attribute 'nope' of 'data/map' was not found");
    CHECK(sentence_of([&] { file.read_number("data/map/dim1", "name"); }) ==
          path + ": attribute 'name' of 'data/map/dim1' is no number, expected one");
}

TEST_CASE("An uncommitted HDF5 file leaves the earlier one alone") {
    if (!hdf5_is_there()) return;
    const ScratchFolder folder;
    const std::string path = (folder / "a.h5").string();
    put_bytes(path, "earlier");
    { Hdf5File::create(path).write("x", std::vector<double>{1}); }
    CHECK(bytes_of(path) == "earlier");
}

TEST_CASE("Maps go through EMD 0.2 unchanged") {
    if (!hdf5_is_there()) return;
    const ScratchFolder folder;
    const std::string path = (folder / "map.emd").string();
    const Volume map = counting_map(6, 0.358);
    write_emd(path, map);
    const Volume back = read_emd_map(path);
    CHECK(back.box == 6);
    CHECK(back.voxel_A == Approx(0.358).epsilon(1e-12));
    CHECK(back.values == map.values);
    write_emd(path, counting_map(3, 0));
    CHECK(read_emd_map(path).voxel_A == 0);

    Hdf5File two = Hdf5File::create(path);
    add_emd_map(two, "map", map);
    add_emd_map(two, "half1", counting_map(4, 0.5));
    two.commit();
    CHECK(read_emd_map(path, "half1").box == 4);
    CHECK(sentence_of([&] { read_emd_map(path); }).find("more than one map") != std::string::npos);
}

TEST_CASE("EMD files of other programs: read or refused by name") {
    const std::string folder = std::string(TUMBLE_TEST_DATA) + "/independent/reader_files/";
    if (!hdf5_is_there()) return;
    if (!std::filesystem::exists(folder)) {
        WARN("skipped: " << folder << " is absent");
        return;
    }
    CHECK(sentence_of([&] { read_emd_map(folder + "velox_stack.emd"); }).find("found a Velox EMD file") !=
          std::string::npos);
    CHECK(sentence_of([&] {
              read_emd_map(folder + "berkeley_image.emd");
          }).find("found no group 'data', expected an EMD 0.2 file") != std::string::npos);
}
