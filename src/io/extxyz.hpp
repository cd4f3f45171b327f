#pragma once
// Extended XYZ, with column names that OVITO and ASE know.
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tumble/atom.hpp"

namespace tumble {

/// A further column of `width` values an atom, atom by atom. type: R real (4 decimals), I integer, S as in
/// extXYZ.
struct AtomColumn {
    std::string name;
    char type = 'R';
    int width = 1;
    std::vector<double> values;
};

/// Atoms of a file with its header keys (without Properties).
struct AtomsFile {
    Atoms atoms;
    std::map<std::string, std::string> info;
};

/// Writes species, pos, id, sigma, height, width, half_distance, then `columns`. Positions in A; `sigma` is
/// the standard error per axis, the root mean square over the three axes. `info` becomes key="value" in the
/// header. Atomic.
void write_extxyz(const std::filesystem::path& path, const Atoms& atoms,
                  const std::vector<std::pair<std::string, std::string>>& info = {},
                  std::span<const AtomColumn> columns = {});

/// Reads the first frame of an extended or plain XYZ file; columns that are not known are passed over. A
/// scalar sigma is taken for each axis. Throws bad_input naming file and line.
AtomsFile read_extxyz(const std::filesystem::path& path);

/// Standard error per axis: sqrt((sx^2 + sy^2 + sz^2) / 3), in A.
double sigma_per_axis_A(const Atom& atom);

}  // namespace tumble
