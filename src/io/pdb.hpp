#pragma once
// Protein Data Bank files (format 3.3) of atoms: HETATM records, no CRYST1.
#include <filesystem>
#include <string>

#include "tumble/atom.hpp"

namespace tumble {

/// One residue an atom; positions in A with 3 decimals; the B column holds 100 times the standard error per
/// axis in A, which a REMARK says. Atomic. Throws bad_input for a position outside -999.999 to 9999.999 A.
void write_pdb(const std::filesystem::path& path, const Atoms& atoms, const std::string& title);

/// Reads ATOM and HETATM records of the first model; the B column as the standard error where write_pdb's
/// REMARK stands. Throws bad_input naming file and line.
Atoms read_pdb(const std::filesystem::path& path);

}  // namespace tumble
