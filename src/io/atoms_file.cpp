#include "io/atoms_file.hpp"

#include <fmt/format.h>

#include <cctype>
#include <optional>

#include "io/extxyz.hpp"
#include "io/mmcif.hpp"
#include "io/pdb.hpp"
#include "tumble/error.hpp"

namespace tumble {

namespace {

enum class AtomsFormat { extxyz, mmcif, pdb };

std::optional<AtomsFormat> format_by_extension(const std::filesystem::path& path) {
    std::string extension = path.extension().string();
    for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (extension == ".xyz" || extension == ".extxyz") return AtomsFormat::extxyz;
    if (extension == ".cif" || extension == ".mmcif") return AtomsFormat::mmcif;
    if (extension == ".pdb" || extension == ".ent") return AtomsFormat::pdb;
    return std::nullopt;
}

AtomsFormat format_of(const std::filesystem::path& path) {
    if (const auto format = format_by_extension(path)) return *format;
    throw bad_input(fmt::format("'{}': found the extension '{}', expected .xyz, .cif or .pdb", path.string(),
                                path.extension().string()));
}

}  // namespace

bool is_atoms_file(const std::filesystem::path& path) {
    return format_by_extension(path).has_value();
}

Atoms read_atoms_file(const std::filesystem::path& path) {
    switch (format_of(path)) {
        case AtomsFormat::extxyz:
            return read_extxyz(path).atoms;
        case AtomsFormat::mmcif:
            return read_mmcif(path);
        case AtomsFormat::pdb:
            break;
    }
    return read_pdb(path);
}

void write_atoms_file(const std::filesystem::path& path, const Atoms& atoms, const std::string& title) {
    switch (format_of(path)) {
        case AtomsFormat::extxyz:
            return write_extxyz(path, atoms);
        case AtomsFormat::mmcif:
            return write_mmcif(path, atoms, title);
        case AtomsFormat::pdb:
            return write_pdb(path, atoms, title);
    }
}

}  // namespace tumble
