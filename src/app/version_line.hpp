#pragma once
// The one line of `tumble --version`.
#include <string>

namespace tumble::app {

/// "tumble 0.1.0 (39dbaf7, AVX-512, CUDA no, HDF5 yes)"
std::string version_line();

}  // namespace tumble::app
