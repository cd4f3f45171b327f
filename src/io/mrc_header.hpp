#pragma once
// The 1024-byte header of an MRC file. Source: MRC2014 (Cheng et al., J. Struct. Biol. 192, 146 (2015)),
// IMOD's extension for signed bytes. What other programs make of each field: docs/formats.md.
#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace tumble {

constexpr std::size_t mrc_header_bytes = 1024;

/// Meaning of mode 0: what the file says, or what the caller knows better.
enum class MrcBytes { automatic, signed_bytes, unsigned_bytes };

/// What a header says. Sizes are along the axes x, y, z, that is after undoing a permutation of the axes.
struct MrcInfo {
    std::int64_t nx = 0, ny = 0, nz = 0;
    int mode = 2;                          ///< 0, 1, 2, 6, 12 or 101
    double pixel_size_A = 0;               ///< A; 0 where unknown or unequal on the axes
    std::array<double, 3> cell_pixel_A{};  ///< cell / intervals on x, y, z; 0 where unknown
    bool is_volume = false;                ///< space group 1 and not a stack of images
    bool is_volume_stack = false;          ///< space group 401 to 630
    bool swapped = false;                  ///< byte order is not this machine's
    bool signed_bytes = true;              ///< meaning of mode 0
    std::array<int, 3> axes{0, 1, 2};      ///< axis (x = 0) along columns, rows, sections
    std::array<std::int64_t, 3> stored{};  ///< columns, rows, sections in the file
    std::int64_t data_offset = mrc_header_bytes;
    double minimum = 0, maximum = -1;  ///< header's statistics; unknown where maximum < minimum
    std::string label;                 ///< first label, without trailing blanks
    std::vector<std::string> notes;    ///< warnings for the log, one sentence each
};

/// Parses a header. `name` is the file's name for error sentences. Throws bad_input for what is not an MRC
/// file, a mode that is not read, sizes below 1, axes that are no permutation.
MrcInfo parse_mrc_header(std::span<const unsigned char, mrc_header_bytes> header, const std::string& name,
                         MrcBytes bytes = MrcBytes::automatic);

/// Bytes of one stored row.
std::int64_t mrc_row_bytes(const MrcInfo& info);

/// The pixel size to use, in A: `given_A` when > 0, else the header's. bad_input where both are unknown or
/// where they differ by more than 1 %; from 0.5 % on a note is added.
double resolved_pixel_size(const MrcInfo& info, double given_A, const std::string& name,
                           std::vector<std::string>& notes);

}  // namespace tumble
