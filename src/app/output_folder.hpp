#pragma once
// The folder that a run writes to: refuses to mix two runs, leaves nothing behind when the run never started.
#include <filesystem>
#include <string>
#include <vector>

namespace tumble::app {

enum class ExistingRun { refuse, overwrite, resume };

/// Names of the files that a run writes, in the order of docs/formats.md.
const std::vector<std::string>& run_files();

class OutputFolder {
  public:
    /// Checks only: throws Error(input) when `path` is a file, cannot be written, holds another run (and
    /// `existing` is refuse), or holds no run.h5 (resume). Nothing is written.
    OutputFolder(const std::filesystem::path& path, ExistingRun existing);

    /// Makes the folder and sets aside what the run will replace: an earlier run's files (these names only),
    /// or on resuming summary.json, whose presence marks a finished run, and config.toml.
    void prepare();
    /// Removes what was set aside: the new run stands.
    void commit();
    /// Takes back what prepare() did, for a run that turned out to have bad input.
    void discard();

    std::string file(const std::string& name) const { return (path_ / name).string(); }
    const std::filesystem::path& path() const { return path_; }

  private:
    std::vector<std::string> replaced_files() const;
    std::filesystem::path set_aside(const std::string& name) const;

    std::filesystem::path path_;
    ExistingRun existing_;
    std::filesystem::path first_made_;  // topmost folder that prepare() had to make; empty if all were there
};

}  // namespace tumble::app
