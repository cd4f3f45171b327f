#pragma once
// `--config FILE.toml`: options from a file, each under its long name; what is on the command line wins.
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace tumble::app {

/// Replaces `--config FILE` by the options that the file holds, less those that the command line gives
/// itself. Throws Error(input) for a file that is missing or not TOML.
std::vector<std::string> with_config_file(const std::vector<std::string>& arguments);

/// The options that `verb` was given, as such a file: a run writes it beside its results. Leaves out those
/// that belong to one run alone (input stack, output folder, --resume, ...).
std::string config_text(const CLI::App& verb);

}  // namespace tumble::app
