#pragma once
// What is in a file, in a few lines.
#include <string>

namespace tumble::app {

/// Lines that end in '\n': kind and size, units, oddities ("note: ..."). The format is told by the extension
/// (io/file_format.hpp). Throws Error(input) for files that cannot be read.
std::string describe_file(const std::string& path);

}  // namespace tumble::app
