#include "app/file_kind.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>

#include "tumble/error.hpp"

namespace tumble::app {

namespace {

struct Ending {
    const char* text;
    FileKind kind;
};
constexpr std::array endings = {Ending{"mrc", FileKind::mrc},   Ending{"mrcs", FileKind::mrc},
                                Ending{"map", FileKind::mrc},   Ending{"rec", FileKind::mrc},
                                Ending{"st", FileKind::mrc},    Ending{"ccp4", FileKind::mrc},
                                Ending{"h5", FileKind::hdf5},   Ending{"hdf5", FileKind::hdf5},
                                Ending{"emd", FileKind::hdf5},  Ending{"star", FileKind::star},
                                Ending{"xyz", FileKind::xyz},   Ending{"extxyz", FileKind::xyz},
                                Ending{"cif", FileKind::cif},   Ending{"mmcif", FileKind::cif},
                                Ending{"pdb", FileKind::pdb},   Ending{"ent", FileKind::pdb}};

/// "mrcs" of "a/b.MRCS".
std::string ending_of(const std::filesystem::path& path) {
    std::string text = path.extension().string();
    if (!text.empty()) text.erase(0, 1);
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

}  // namespace

NamedFile named_file(const std::string& path) {
    NamedFile file;
    file.path = path;
    std::filesystem::path name(path);
    file.ending = ending_of(name);
    file.gzip = file.ending == "gz";
    if (file.gzip) file.ending = ending_of(name.replace_extension());
    const auto known =
        std::find_if(endings.begin(), endings.end(), [&](const Ending& e) { return file.ending == e.text; });
    if (known == endings.end() || (file.gzip && known->kind != FileKind::mrc))
        throw bad_input(
            fmt::format("'{}': the ending says no known format, expected .mrc .mrcs .map (also with .gz), "
                        ".emd .h5, .star, .xyz, .cif or .pdb",
                        path));
    file.kind = known->kind;
    return file;
}

bool holds_atoms(FileKind kind) {
    return kind == FileKind::xyz || kind == FileKind::cif || kind == FileKind::pdb;
}

std::string content_of(FileKind kind) {
    if (holds_atoms(kind)) return "atoms";
    return kind == FileKind::star ? "a table" : "a map or images";
}

}  // namespace tumble::app
