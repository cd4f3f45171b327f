#pragma once
// Reading MRC stacks and maps, whole or in pieces, plain or gzip-compressed.
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "io/mrc_header.hpp"
#include "tumble/arrays.hpp"

namespace tumble {

class ByteSource;

/// An open MRC file. Reads pieces, so files may be larger than memory (except files with permuted axes, which
/// are read whole and transposed). Owned by one thread. Throws bad_input for what is wrong with the file.
class MrcReader {
  public:
    explicit MrcReader(const std::filesystem::path& path, MrcBytes bytes = MrcBytes::automatic);
    ~MrcReader();
    MrcReader(MrcReader&&) noexcept;
    MrcReader& operator=(MrcReader&&) noexcept;

    const MrcInfo& info() const { return info_; }
    /// Sections [first, first + count) as float, (section, y, x) with x fastest, into `out` (count * ny * nx
    /// values).
    void read_images(std::int64_t first, std::int64_t count, float* out);

  private:
    void read_stored(std::int64_t first, std::int64_t count, float* out);
    void read_transposed();

    std::string name_;
    MrcInfo info_;
    std::unique_ptr<ByteSource> source_;
    std::vector<float> transposed_;
};

/// The header alone, with the notes on the file's length.
MrcInfo read_mrc_info(const std::filesystem::path& path, MrcBytes bytes = MrcBytes::automatic);

struct MrcReadOptions {
    double pixel_size_A = 0;  ///< wins over the header's within 1 %; 0: the header's
    MrcBytes bytes = MrcBytes::automatic;
};

/// A whole particle stack: square images, at least one, all finite, none constant; else bad_input. The pixel
/// size is 0 where neither the header nor the options give one. Warnings for the log are appended to `notes`
/// when given.
ImageStack read_stack(const std::filesystem::path& path, const MrcReadOptions& options = {},
                      std::vector<std::string>* notes = nullptr);

/// A cubic map of finite values; anything else is bad_input. The voxel size is 0 where it is not known.
Volume read_map(const std::filesystem::path& path, const MrcReadOptions& options = {},
                std::vector<std::string>* notes = nullptr);

/// Throws bad_input where an image holds a value that is not finite, or is constant. `first` numbers the
/// first image.
void require_usable_images(StackView images, const std::string& name, std::int64_t first = 0);

}  // namespace tumble
