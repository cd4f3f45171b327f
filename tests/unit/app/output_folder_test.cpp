#include "app/output_folder.hpp"

#include <cstdlib>
#include <fstream>

#include "catch.hpp"
#include "tumble/error.hpp"

namespace fs = std::filesystem;
using namespace tumble::app;

namespace {

struct Scratch {
    fs::path path;
    Scratch() {
        std::string pattern = (fs::temp_directory_path() / "tumble-folder-XXXXXX").string();
        REQUIRE(mkdtemp(pattern.data()));
        path = pattern;
    }
    ~Scratch() { fs::remove_all(path); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
};

void write(const fs::path& file, const std::string& text) {
    std::ofstream(file) << text;
}
std::string read(const fs::path& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

TEST_CASE("a new folder is made with its parents, and taken back with them") {
    const Scratch scratch;
    OutputFolder folder(scratch.path / "a/b/c", ExistingRun::refuse);
    CHECK_FALSE(fs::exists(scratch.path / "a"));
    folder.prepare();
    CHECK(fs::is_directory(scratch.path / "a/b/c"));
    write(folder.file("log.txt"), "x");
    folder.discard();
    CHECK_FALSE(fs::exists(scratch.path / "a"));
    CHECK(fs::exists(scratch.path));
}

TEST_CASE("a folder that was there stays, with what is not ours") {
    const Scratch scratch;
    write(scratch.path / "notes.txt", "mine");
    OutputFolder folder(scratch.path, ExistingRun::refuse);
    folder.prepare();
    write(folder.file("map.mrc"), "x");
    folder.discard();
    CHECK(read(scratch.path / "notes.txt") == "mine");
    CHECK_FALSE(fs::exists(scratch.path / "map.mrc"));
}

TEST_CASE("each file of another run is reason to refuse") {
    for (const std::string& name : run_files()) {
        const Scratch scratch;
        write(scratch.path / name, "x");
        CHECK_THROWS_AS(OutputFolder(scratch.path, ExistingRun::refuse), tumble::Error);
        CHECK_NOTHROW(OutputFolder(scratch.path, ExistingRun::overwrite));
    }
}

TEST_CASE("overwriting comes into force with commit and is undone by discard") {
    const Scratch scratch;
    write(scratch.path / "map.mrc", "old");
    OutputFolder undone(scratch.path, ExistingRun::overwrite);
    undone.prepare();
    CHECK_FALSE(fs::exists(scratch.path / "map.mrc"));
    write(scratch.path / "map.mrc", "half-made");
    write(scratch.path / "atoms.xyz", "half-made");
    undone.discard();
    CHECK(read(scratch.path / "map.mrc") == "old");
    CHECK_FALSE(fs::exists(scratch.path / "atoms.xyz"));

    OutputFolder done(scratch.path, ExistingRun::overwrite);
    done.prepare();
    write(scratch.path / "map.mrc", "new");
    done.commit();
    CHECK(read(scratch.path / "map.mrc") == "new");
    CHECK(std::distance(fs::directory_iterator(scratch.path), {}) == 1);
}

TEST_CASE("resuming needs a checkpoint and unmarks the run as finished") {
    const Scratch scratch;
    CHECK_THROWS_AS(OutputFolder(scratch.path, ExistingRun::resume), tumble::Error);
    write(scratch.path / "run.h5", "x");
    write(scratch.path / "summary.json", "{}");
    OutputFolder folder(scratch.path, ExistingRun::resume);
    folder.prepare();
    CHECK_FALSE(fs::exists(scratch.path / "summary.json"));
    folder.discard();
    CHECK(fs::exists(scratch.path / "run.h5"));
    CHECK(read(scratch.path / "summary.json") == "{}");
    folder.prepare();
    folder.commit();
    CHECK_FALSE(fs::exists(scratch.path / "summary.json"));
    CHECK(std::distance(fs::directory_iterator(scratch.path), {}) == 1);
}
