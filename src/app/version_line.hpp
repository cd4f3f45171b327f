#pragma once
// What the program calls itself.
#include <string>

namespace tumble::app {

/// "tumble 0.1.0 (39dbaf7, AVX-512, CUDA no, HDF5 yes)"
std::string version_line();
/// "tumble 0.1.0", for labels of files.
std::string program_name();

}  // namespace tumble::app
