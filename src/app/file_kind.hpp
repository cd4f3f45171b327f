#pragma once
// Which format a file has, by the ending of its name.
#include <string>

namespace tumble::app {

enum class FileKind { mrc, hdf5, star, xyz, cif, pdb };

/// A name's ending, with what it says.
struct NamedFile {
    std::string path;
    std::string ending;  ///< lower case, without the dot and without ".gz": "mrcs"
    FileKind kind = FileKind::mrc;
    bool gzip = false;
};

/// Throws Error(input) for an ending that says nothing.
NamedFile named_file(const std::string& path);

/// True for the three formats that hold atoms.
bool holds_atoms(FileKind kind);
/// "a map or images", "a table", "atoms".
std::string content_of(FileKind kind);

}  // namespace tumble::app
