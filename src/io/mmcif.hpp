#pragma once
// Atoms as mmCIF (PDBx _atom_site), for ChimeraX, gemmi and deposition.
#include <filesystem>
#include <string>

#include "tumble/atom.hpp"

namespace tumble {

/// One residue an atom, positions in A with 4 decimals, their standard errors on each axis in the columns
/// Cartn_x_esd, Cartn_y_esd, Cartn_z_esd, B = 8 pi^2 sigma^2 from the standard error per axis (for
/// colouring). Atomic.
void write_mmcif(const std::filesystem::path& path, const Atoms& atoms, const std::string& title);

/// Reads an _atom_site loop with Cartesian coordinates, with the names of mmCIF (`_atom_site.Cartn_x`) or of
/// small-molecule CIF (`_atom_site_Cartn_x`), of the first model; standard errors where the esd columns are
/// there. Throws bad_input naming the file.
Atoms read_mmcif(const std::filesystem::path& path);

}  // namespace tumble
