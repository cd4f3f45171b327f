#pragma once
// The same content in another format: what `tumble convert` does.
#include <cstdint>
#include <string>

#include "io/mrc_header.hpp"
#include "io/mrc_write.hpp"

namespace tumble::app {

struct ConvertOptions {
    double pixel_size_A = 0;        ///< written instead of the input's; 0: the input's
    std::int64_t image_size_px = 0;  ///< for STAR 3.0 without its stack; 0: the stack's
    std::string map_name;           ///< which map of an HDF5 file; empty: the only one
    MrcPrecision precision = MrcPrecision::float32;
    MrcBytes bytes = MrcBytes::automatic;  ///< meaning of MRC mode 0
    bool overwrite = false;
};

/// Images and maps (MRC, gzip too; EMD 0.2) -> MRC or a map as EMD; STAR 3.0 -> 3.1; atoms (XYZ, mmCIF, PDB)
/// -> each of the three. The formats follow from the endings. MRC is converted in pieces, so it may be larger
/// than memory. OUT appears whole or not at all. Throws Error(input) where the two do not go together, OUT
/// exists (without overwrite) or IN cannot be read; interrupted when a signal arrives.
void convert(const std::string& input, const std::string& output, const ConvertOptions& options);

}  // namespace tumble::app
