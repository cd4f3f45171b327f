#pragma once
// Other programs, run beside ours in the same benchmark.
#include <filesystem>
#include <string>

namespace tumble::benchmark {

/// Whether a program of this name is on the PATH.
bool program_found(const std::string& name);

/// Processor time in seconds of a shell command and its children, run in `folder`; negative where it failed.
/// Not to be called by two threads at once.
double command_seconds(const std::filesystem::path& folder, const std::string& command);

/// What a shell command prints on standard output; empty where it failed.
std::string command_output(const std::string& command);

/// An empty folder of our own, removed with this.
class ScratchFolder {
  public:
    ScratchFolder();
    ~ScratchFolder();
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

}  // namespace tumble::benchmark
