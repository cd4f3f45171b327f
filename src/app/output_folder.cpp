#include "app/output_folder.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <system_error>

#include "tumble/error.hpp"

namespace tumble::app {

namespace fs = std::filesystem;

const std::vector<std::string>& run_files() {
    static const std::vector<std::string> names = {
        "map.mrc",   "half1.mrc", "half2.mrc",    "mask.mrc",     "fsc.csv",     "poses.star", "atoms.xyz",
        "atoms.cif", "run.h5",    "progress.svg", "summary.json", "config.toml", "log.txt"};
    return names;
}

namespace {

/// The nearest folder at or above `path` that exists.
fs::path existing_part(fs::path path) {
    while (!path.empty() && !fs::exists(path) && path.has_parent_path() && path != path.parent_path())
        path = path.parent_path();
    return fs::exists(path) ? path : fs::path(".");
}

void check_writable(const fs::path& path) {
    const fs::path base = existing_part(path);
    if (!fs::is_directory(base))
        throw bad_input(
            fmt::format("--out {}: found a file at {}, expected a folder", path.string(), base.string()));
    if (access(base.c_str(), W_OK | X_OK) != 0)
        throw bad_input(fmt::format("--out {}: folder {} cannot be written, expected a writable folder",
                                    path.string(), base.string()));
}

}  // namespace

OutputFolder::OutputFolder(const fs::path& path, ExistingRun existing)
    : path_(path.has_filename() ? path : path.parent_path()), existing_(existing) {
    check_writable(path_);
    if (existing == ExistingRun::resume && !fs::exists(path_ / "run.h5"))
        throw bad_input(fmt::format("--resume: {} was not found, expected the checkpoint of an earlier run",
                                    (path_ / "run.h5").string()));
    if (existing != ExistingRun::refuse) return;
    for (const std::string& name : run_files())
        if (fs::exists(path_ / name))
            throw bad_input(
                fmt::format("{}: found a file of another run, expected an empty folder (--resume goes on "
                            "with that run, --overwrite replaces it)",
                            (path_ / name).string()));
}

void OutputFolder::prepare() {
    for (fs::path p = path_; !p.empty() && !fs::exists(p); p = p.parent_path()) first_made_ = p;
    std::error_code failure;
    fs::create_directories(path_, failure);
    if (failure)
        throw bad_input(fmt::format("--out {}: the folder cannot be made ({}), expected a writable path",
                                    path_.string(), failure.message()));
    for (const std::string& name : replaced_files())
        if (fs::exists(path_ / name)) fs::rename(path_ / name, set_aside(name));
}

std::vector<std::string> OutputFolder::replaced_files() const {
    if (existing_ == ExistingRun::resume) return {"summary.json", "config.toml"};
    return run_files();
}

fs::path OutputFolder::set_aside(const std::string& name) const {
    return path_ / (name + ".replaced");
}

void OutputFolder::commit() {
    std::error_code ignored;
    for (const std::string& name : run_files()) fs::remove(set_aside(name), ignored);
}

void OutputFolder::discard() {
    std::error_code ignored;
    for (const std::string& name : replaced_files()) {
        fs::remove(path_ / name, ignored);
        if (fs::exists(set_aside(name))) fs::rename(set_aside(name), path_ / name, ignored);
    }
    if (first_made_.empty()) return;
    for (fs::path p = path_; fs::remove(p, ignored) && p != first_made_;) p = p.parent_path();
}

}  // namespace tumble::app
