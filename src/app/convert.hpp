#pragma once
// The same content in another format; the extensions say which (io/file_format.hpp).
#include <string>

#include "io/mrc.hpp"

namespace tumble::app {

struct ConvertOptions {
    double pixel_size_A =
        0;  ///< written instead of what the input says; for STAR 3.0 where the file has none; 0: none
    bool float16 = false;                  ///< MRC with two bytes a value
    MrcBytes bytes = MrcBytes::automatic;  ///< how mode 0 is read
    std::string map_name;                  ///< which map of an HDF5 file, "half1"; empty: the only one
};

/// MRC to MRC (in pieces, so files may be larger than the memory), MRC map to EMD (.emd, .h5) and back, atoms
/// to atoms, STAR 3.0 to 3.1. Images written under the name of a map (.mrc) stay images unless the input is a
/// map. Throws Error(input) when the two formats hold different things, and as the readers and writers; the
/// output then is as it was.
void convert(const std::string& input, const std::string& output, const ConvertOptions& options);

}  // namespace tumble::app
