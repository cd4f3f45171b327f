#pragma once
// Runs the built program as a person would, and keeps what it said.
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tumble::test {

struct Outcome {
    int exit_code = -1;  ///< 128 + signal where a signal ended it
    std::string output;  ///< stdout
    std::string errors;  ///< stderr
    double seconds = 0;
};

/// A signal to send while the program runs.
struct Interruption {
    int signal = 0;
    double after_s = 0;                  ///< counted from when `once_present` exists, or from the start
    std::filesystem::path once_present;  ///< empty: do not wait for a file
};

/// Runs `tumble` with these arguments. largest_file_bytes: no file can grow beyond it, as on a disk that is
/// full; 0: no limit.
Outcome run_tumble(const std::vector<std::string>& arguments, std::optional<Interruption> interruption = {},
                   std::uint64_t largest_file_bytes = 0);

/// An empty folder that lives as long as the object.
class ScratchFolder {
  public:
    ScratchFolder();
    ~ScratchFolder();
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    std::string file(const std::string& name) const { return (path_ / name).string(); }
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

std::string read_text(const std::filesystem::path& path);
void write_text(const std::filesystem::path& path, const std::string& text);
std::size_t count_lines(const std::string& text);

/// The bundled sample: "images.mrcs", "truth.star", "truth.xyz".
std::string sample_file(const std::string& name);

}  // namespace tumble::test
