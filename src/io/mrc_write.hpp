#pragma once
// Writing MRC files that every program reads: little endian, float32, no extended header, true statistics.
#include <cstdint>
#include <filesystem>
#include <string>

#include "io/atomic_file.hpp"
#include "tumble/arrays.hpp"

namespace tumble {

/// float16 (mode 12) halves the file, but RELION 3.1 and ncempy cannot read it.
enum class MrcPrecision { float32, float16 };

/// What kind of file is written: space group 0 with unit z cell, or space group 1.
enum class MrcKind { stack, map };

/// A file written image by image, so it may be larger than memory. Nothing stands at `path` before commit().
/// Owned by one thread. Throws system_error for the disk, bad_input for values that float16 cannot hold.
class MrcWriter {
  public:
    /// `pixel_A` in A, 0 for unknown; `label` (80 characters are kept) names the tool and its version.
    MrcWriter(const std::filesystem::path& path, std::int64_t nx, std::int64_t ny, double pixel_A,
              MrcKind kind, std::string label, MrcPrecision precision = MrcPrecision::float32);
    /// Appends `count` images, each ny rows of nx values.
    void write_images(const float* images, std::int64_t count);
    /// Writes the header with the statistics of all images, syncs and renames.
    void commit();

  private:
    void add_statistics(const float* image);

    std::string name_, label_;
    AtomicFile file_;
    std::int64_t nx_, ny_, images_ = 0;
    double pixel_A_;
    MrcKind kind_;
    MrcPrecision precision_;
    double minimum_ = 0, maximum_ = 0, mean_ = 0, squares_ = 0;
};

void write_map(const std::filesystem::path& path, const Volume& map, const std::string& label);
void write_stack(const std::filesystem::path& path, StackView images, double pixel_A,
                 const std::string& label, MrcPrecision precision = MrcPrecision::float32);

}  // namespace tumble
