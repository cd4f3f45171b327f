#pragma once
// The 1024 bytes in front of an MRC file (MRC2014: Cheng et al., J. Struct. Biol. 192, 146 (2015)), read
// tolerantly.
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tumble/geometry.hpp"

namespace tumble {

constexpr std::size_t mrc_header_bytes = 1024;

/// Types of values that are read; the numbers are those of the file.
enum class MrcMode { int8 = 0, int16 = 1, float32 = 2, uint16 = 6, float16 = 12, packed4 = 101 };
/// "2 (float32)".
std::string mrc_mode_text(MrcMode mode);

/// Whether mode 0 holds signed bytes. automatic: signed, unless IMOD's flags say otherwise.
enum class MrcByteSign { automatic, signed_bytes, unsigned_bytes };

/// What the header says, in the order of the file: columns vary fastest, then rows, then sections.
struct MrcInfo {
    std::int64_t columns = 0, rows = 0, sections = 0;
    MrcMode mode = MrcMode::float32;
    bool bytes_signed = true;          ///< of mode 0
    bool swapped = false;              ///< the byte order is not this machine's
    std::array<int, 3> axes{0, 1, 2};  ///< which of x, y, z columns, rows and sections run along
    Vec3 pixel_size_A;                 ///< along x, y, z; 0 where unknown
    std::int64_t data_offset = 1024;   ///< bytes before the first value
    int space_group = 0;               ///< 0 images, 1 volume, 401 and more: several volumes
    double minimum = 0, maximum = -1, mean = -2, rms = -1;  ///< as written, seldom to be trusted
    Vec3 origin_A;
    bool gzipped = false;
    std::vector<std::string> labels;
    std::vector<std::string> notes;  ///< oddities that were read over, one sentence each

    /// Numbers of values along x, y, z.
    std::array<std::int64_t, 3> size() const;
    /// Bytes of one section in the file.
    std::int64_t section_bytes() const;
};

/// Understands a header. `path` is only for messages. Throws Error(input) for what is no MRC file, for modes
/// that are not read (complex and unknown ones), zero sizes, and axes that are no permutation.
MrcInfo parse_mrc_header(std::span<const std::byte, mrc_header_bytes> header, const std::string& path,
                         MrcByteSign bytes = MrcByteSign::automatic);

/// Pixel size of images in A; 0 where unknown. Throws Error(input) when x and y differ by more than 0.1 %.
double image_pixel_size_A(const MrcInfo& info, const std::string& path);
/// Voxel size of a map in A; 0 where unknown. Throws Error(input) when the axes differ by more than 0.1 %.
double map_voxel_size_A(const MrcInfo& info, const std::string& path);

}  // namespace tumble
