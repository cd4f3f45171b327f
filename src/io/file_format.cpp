#include "io/file_format.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace tumble {

namespace {

std::string lower_extension(const std::filesystem::path& path) {
    std::string extension = path.extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return extension;
}

constexpr std::array<std::pair<const char*, FileFormat>, 15> formats = {{{".mrcs", FileFormat::mrc_stack},
                                                                         {".st", FileFormat::mrc_stack},
                                                                         {".mrc", FileFormat::mrc_map},
                                                                         {".map", FileFormat::mrc_map},
                                                                         {".rec", FileFormat::mrc_map},
                                                                         {".ccp4", FileFormat::mrc_map},
                                                                         {".star", FileFormat::star},
                                                                         {".xyz", FileFormat::xyz},
                                                                         {".extxyz", FileFormat::xyz},
                                                                         {".cif", FileFormat::cif},
                                                                         {".mmcif", FileFormat::cif},
                                                                         {".pdb", FileFormat::pdb},
                                                                         {".h5", FileFormat::hdf5},
                                                                         {".hdf5", FileFormat::hdf5},
                                                                         {".emd", FileFormat::hdf5}}};

}  // namespace

bool is_gzip_name(const std::filesystem::path& path) {
    return lower_extension(path) == ".gz";
}

FileFormat format_of(const std::filesystem::path& path) {
    const std::string extension = lower_extension(is_gzip_name(path) ? path.stem() : path);
    for (const auto& [name, format] : formats)
        if (extension == name) return format;
    return FileFormat::unknown;
}

bool is_mrc(FileFormat format) {
    return format == FileFormat::mrc_stack || format == FileFormat::mrc_map;
}

bool is_atoms(FileFormat format) {
    return format == FileFormat::xyz || format == FileFormat::cif || format == FileFormat::pdb;
}

std::string content_of(FileFormat format) {
    if (is_mrc(format)) return "images or a map";
    if (is_atoms(format)) return "atoms";
    if (format == FileFormat::star) return "tables";
    return format == FileFormat::hdf5 ? "a map" : "something unknown";
}

}  // namespace tumble
