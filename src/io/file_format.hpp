#pragma once
// What a file is, by its name.
#include <filesystem>
#include <string>

namespace tumble {

enum class FileFormat { mrc_stack, mrc_map, star, xyz, cif, pdb, hdf5, unknown };

/// By the extension, in any case: .mrcs .st; .mrc .map .rec .ccp4; .star; .xyz .extxyz; .cif .mmcif; .pdb
/// .ent; .h5 .hdf5 .emd. A last .gz is passed over.
FileFormat format_of(const std::filesystem::path& path);

bool is_mrc(FileFormat format);
bool is_atoms(FileFormat format);
/// True for names that end in .gz.
bool is_gzip_name(const std::filesystem::path& path);
/// "atoms", "images or a map", ... for sentences.
std::string content_of(FileFormat format);

}  // namespace tumble
