#pragma once
// Atoms in any of the formats, chosen by the file's extension.
#include <filesystem>
#include <string>

#include "tumble/atom.hpp"

namespace tumble {

/// True for .xyz, .extxyz, .cif, .mmcif, .pdb and .ent, in any case.
bool is_atoms_file(const std::filesystem::path& path);

/// Throws bad_input for another extension and as read_extxyz, read_mmcif and read_pdb do.
Atoms read_atoms_file(const std::filesystem::path& path);

/// Replaces the file whole. `title` goes where the format has a place for one. Throws as read_atoms_file's
/// counterparts.
void write_atoms_file(const std::filesystem::path& path, const Atoms& atoms, const std::string& title);

}  // namespace tumble
