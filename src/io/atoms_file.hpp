#pragma once
// Atoms in whichever of the three formats the file's name says: extended XYZ, mmCIF, PDB.
#include <filesystem>
#include <string>

#include "tumble/atom.hpp"

namespace tumble {

/// Throws bad_input for other names and as the readers of the formats.
Atoms read_atoms(const std::filesystem::path& path);
/// `title` goes where the format has a place for one. Throws bad_input for other names and as the writers.
void write_atoms(const std::filesystem::path& path, const Atoms& atoms, const std::string& title);

}  // namespace tumble
