#pragma once
// The command line as a whole: which verb, what is wrong with it, where the options of a file go.
#include <string>
#include <vector>

namespace tumble::app {

/// Runs the program. `arguments` without the program's name. Returns the exit code; never throws.
int run_command_line(const std::vector<std::string>& arguments);

/// The command as a shell would take it, with quotes where needed.
std::string quoted_command(const std::vector<std::string>& arguments);

}  // namespace tumble::app
