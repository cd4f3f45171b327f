#pragma once
// The files of a run's folder but run.h5, which the library writes, and log.txt.
#include <string>

#include "app/output_folder.hpp"
#include "tumble/reconstruct.hpp"

namespace tumble::app {

struct ResultSource {
    std::string image_file;  ///< as given; poses.star refers to it relative to its own folder
    double pixel_size_A = 0;
    int box_px = 0;
};

/// Writes map.mrc, half1.mrc, half2.mrc, mask.mrc, fsc.csv, poses.star, atoms.xyz and atoms.cif, each
/// atomically. Maps that the result has not got (box 0) are left out. Throws Error(system) when one cannot be
/// written.
void write_result_files(const OutputFolder& folder, const ReconstructResult& result,
                        const ResultSource& source);
/// Writes atoms.xyz and atoms.cif alone.
void write_atom_files(const OutputFolder& folder, const Atoms& atoms);

}  // namespace tumble::app
