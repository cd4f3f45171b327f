#pragma once
// What is in a file: what `tumble info FILE` prints.
#include <string>

namespace tumble::app {

/// A few lines about an MRC, EMD/HDF5, STAR or atoms file, chosen by its ending. Reads the header of an MRC
/// and the whole of the others. Throws Error(input) where the file cannot be read.
std::string describe_file(const std::string& path);

}  // namespace tumble::app
