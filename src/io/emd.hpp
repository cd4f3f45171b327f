#pragma once
// Maps in EMD 0.2 files (emdatasets.com), a layout inside HDF5 that electron microscopy programs open.
#include <string>
#include <vector>

#include "io/hdf5_file.hpp"
#include "tumble/arrays.hpp"

namespace tumble {

/// Adds `map` to a file as /data/NAME with its axes in nm, zero at voxel box/2; marks the file as EMD 0.2.
/// The axes say nothing when voxel_A is 0: they then count voxels.
void add_emd_map(Hdf5File& file, const std::string& name, const Volume& map);

/// A file with one map. Throws as Hdf5File.
void write_emd(const std::string& path, const Volume& map);

/// The map /data/NAME, or with an empty name the only cubic one that is there. voxel_A is 0 where the axes
/// have no unit of length. Throws Error(input) for files of other layouts (EMD 1.0, Velox), which are named,
/// and for what is not a cube of isotropic voxels.
Volume read_emd_map(const std::string& path, const std::string& name = {});

}  // namespace tumble
