#include "io/atoms_file.hpp"

#include <fmt/format.h>

#include "io/extxyz.hpp"
#include "io/file_format.hpp"
#include "io/mmcif.hpp"
#include "io/pdb.hpp"
#include "tumble/error.hpp"

namespace tumble {

namespace {

Error no_atoms_name(const std::filesystem::path& path) {
    return bad_input(fmt::format(
        "'{}': found a name that is none of a file of atoms, expected .xyz, .cif or .pdb", path.string()));
}

}  // namespace

Atoms read_atoms(const std::filesystem::path& path) {
    switch (format_of(path)) {
        case FileFormat::xyz:
            return read_extxyz(path).atoms;
        case FileFormat::cif:
            return read_mmcif(path);
        case FileFormat::pdb:
            return read_pdb(path);
        default:
            throw no_atoms_name(path);
    }
}

void write_atoms(const std::filesystem::path& path, const Atoms& atoms, const std::string& title) {
    switch (format_of(path)) {
        case FileFormat::xyz:
            return write_extxyz(path, atoms);
        case FileFormat::cif:
            return write_mmcif(path, atoms, title);
        case FileFormat::pdb:
            return write_pdb(path, atoms, title);
        default:
            throw no_atoms_name(path);
    }
}

}  // namespace tumble
