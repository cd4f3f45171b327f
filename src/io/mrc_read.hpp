#pragma once
// Reading MRC stacks and maps, whole or in pieces; plain or gzipped (told by content, not by name).
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/mrc_header.hpp"
#include "tumble/arrays.hpp"

namespace tumble {

/// The header alone; nothing is said about the values behind it. Throws Error(input).
MrcInfo read_mrc_info(const std::string& path, MrcByteSign bytes = MrcByteSign::automatic);

/// Reads images of a file that may be larger than the memory. One thread at a time.
/// The constructor throws Error(input) for a missing or empty file, a bad header (parse_mrc_header) and a
/// file that is shorter than its header says.
class MrcReader {
  public:
    explicit MrcReader(const std::string& path, MrcByteSign bytes = MrcByteSign::automatic);
    ~MrcReader();
    MrcReader(MrcReader&&) noexcept;
    MrcReader& operator=(MrcReader&&) noexcept;

    const MrcInfo& info() const;
    /// Numbers of images, rows and columns after the axes were put in the order x, y, z.
    std::int64_t images() const, height() const, width() const;

    /// Images first .. first + count - 1 into out, count * height * width values in the order of StackView.
    /// Any order of axes is undone. Throws Error(input) for broken data (which image, which position) and for
    /// values that are not finite.
    void read_images(std::int64_t first, std::int64_t count, float* out);

  private:
    class Source;
    void read_section(std::int64_t section, float* out);
    void scatter_section(std::int64_t section, std::int64_t first, std::int64_t count, float* out);
    void check_finite(std::int64_t section, const float* values) const;

    std::string path_;
    MrcInfo info_;
    std::unique_ptr<Source> source_;
    std::vector<std::byte> raw_;
    std::vector<float> section_;
};

/// The whole file as a stack; pixel_size_A 0 where the header has none. Oddities that were read over are
/// appended to `notes`. Throws as MrcReader and image_pixel_size_A.
ImageStack read_image_stack(const std::string& path, std::vector<std::string>* notes = nullptr,
                            MrcByteSign bytes = MrcByteSign::automatic);

/// The whole file as a cubic map; voxel_A 0 where the header has none. Throws also when the map is no cube or
/// its voxels are not isotropic.
Volume read_map(const std::string& path, std::vector<std::string>* notes = nullptr,
                MrcByteSign bytes = MrcByteSign::automatic);

}  // namespace tumble
