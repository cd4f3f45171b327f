#include "io/atomic_file.hpp"

#include <sys/resource.h>

#include <csignal>

#include "catch.hpp"
#include "scratch_folder.hpp"
#include "tumble/error.hpp"

using namespace tumble;
using namespace tumble::test;

namespace {

/// Files of this process cannot grow beyond so many bytes: what a full disk looks like from inside.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t bytes) : earlier_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        getrlimit(RLIMIT_FSIZE, &earlier_);
        const rlimit now{bytes, earlier_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &now);
    }
    ~FileSizeLimit() {
        setrlimit(RLIMIT_FSIZE, &earlier_);
        std::signal(SIGXFSZ, earlier_handler_);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

  private:
    rlimit earlier_{};
    void (*earlier_handler_)(int);
};

}  // namespace

TEST_CASE("A file appears with commit and not before") {
    const ScratchFolder folder;
    const std::string path = folder.file("a.txt");
    {
        AtomicFile file(path);
        file.append("Hello ");
        file.append("world");
        const std::string letter = "J";
        file.overwrite(0, std::as_bytes(std::span(letter)));
        CHECK_FALSE(std::filesystem::exists(path));
        CHECK(std::filesystem::exists(path + ".partial"));
        file.commit();
    }
    CHECK(bytes_of(path) == "Jello world");
    CHECK_FALSE(std::filesystem::exists(path + ".partial"));
    { AtomicFile(path).append("abandoned"); }
    CHECK(bytes_of(path) == "Jello world");
    CHECK_FALSE(std::filesystem::exists(path + ".partial"));
}

TEST_CASE("A full disk leaves the earlier file and no partial one") {
    const ScratchFolder folder;
    const std::string path = folder.file("a.txt");
    write_file_atomically(path, "earlier");
    std::string sentence;
    {
        const FileSizeLimit limit(1000);
        sentence = complaint([&] { write_file_atomically(path, std::string(5000, 'x')); });
    }
    CHECK(sentence ==
          path + ": writing stopped after 1000 bytes (File too large); the unfinished file was not kept");
    CHECK(bytes_of(path) == "earlier");
    CHECK_FALSE(std::filesystem::exists(path + ".partial"));
}

TEST_CASE("Devices are written directly") {
    write_file_atomically("/dev/null", "text");
    CHECK(std::filesystem::is_character_file("/dev/null"));
    if (!std::filesystem::is_character_file("/dev/full")) {
        WARN("skipped: there is no /dev/full");
        return;
    }
    try {
        write_file_atomically("/dev/full", "text");
        FAIL("nothing was thrown");
    } catch (const Error& failure) {
        CHECK(failure.kind() == ErrorKind::system);
        CHECK(std::string(failure.what()) ==
              "/dev/full: writing stopped after 0 bytes (No space left on device); the unfinished file was "
              "not kept");
    }
    CHECK(std::filesystem::is_character_file("/dev/full"));
}

TEST_CASE("A link stays a link; places that cannot be written are named") {
    const ScratchFolder folder;
    write_file_atomically(folder.file("target"), "old");
    std::filesystem::create_symlink("target", folder.file("link"));
    write_file_atomically(folder.file("link"), "new");
    CHECK(std::filesystem::is_symlink(folder.file("link")));
    CHECK(bytes_of(folder.file("target")) == "new");
    CHECK(complaint([&] {
              write_file_atomically(folder.file("no/folder/a"), "");
          }).find("the file cannot be made (No such file or directory)") != std::string::npos);
    CHECK(complaint([&] { write_file_atomically(folder.file(""), ""); }).find("found a folder") !=
          std::string::npos);
}
