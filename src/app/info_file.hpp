#pragma once
<<<<<<< HEAD
// What is in a file, in a few lines.
=======
// What is in a file: what `tumble info FILE` prints.
>>>>>>> main
#include <string>

namespace tumble::app {

<<<<<<< HEAD
/// Lines that end in '\n': kind and size, units, oddities ("note: ..."). The format is told by the extension
/// (io/file_format.hpp). Throws Error(input) for files that cannot be read.
=======
/// A few lines about an MRC, EMD/HDF5, STAR or atoms file, chosen by its ending. Reads the header of an MRC
/// and the whole of the others. Throws Error(input) where the file cannot be read.
>>>>>>> main
std::string describe_file(const std::string& path);

}  // namespace tumble::app
