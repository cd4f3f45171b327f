#pragma once
// `--config FILE.toml`: options from a file, each under its long name; what is on the command line wins.
#include <string>
#include <utility>
#include <vector>

namespace tumble::app {

/// Replaces `--config FILE` by the options that the file holds, less those that the command line gives itself.
/// Throws Error(input) for a file that is missing or not TOML.
std::vector<std::string> with_config_file(const std::vector<std::string>& arguments);

}  // namespace tumble::app
