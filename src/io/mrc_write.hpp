#pragma once
// Writing MRC files that every program reads: float32, little endian, no extended header, true statistics
// (docs/formats.md says who reads what). Files appear whole or not at all (atomic_file.hpp).
#include <cstdint>
#include <string>
#include <vector>

#include "io/atomic_file.hpp"
#include "tumble/arrays.hpp"

namespace tumble {

enum class MrcStorage {
    float32,
    float16  ///< half the size; RELION 3.1 and ncempy cannot read it
};

/// What the header of a new file says.
struct MrcDescription {
    std::int64_t columns = 0, rows = 0;
    double pixel_size_A = 0;  ///< 0: unknown
    bool volume = false;      ///< sections are those of one map, not images
    std::string label;        ///< at most 80 characters count; empty: the program and its version
    MrcStorage storage = MrcStorage::float32;
};

/// Writes images or sections as they come, for files larger than the memory. One thread at a time.
class MrcWriter {
  public:
    MrcWriter(const std::string& path, MrcDescription description);
    /// `count` images of rows * columns values. Throws Error(input) for values that are not finite or that
    /// float16 cannot hold, Error(system) when the disk is full.
    void append(const float* images, std::int64_t count);
    /// Completes the header; the file appears. Throws Error(input) when there was no image.
    void commit();

  private:
    void add_to_statistics(const float* image, std::int64_t values);

    std::string path_;
    MrcDescription description_;
    AtomicFile file_;
    std::int64_t sections_ = 0;
    double minimum_ = 0, maximum_ = 0, mean_ = 0, squares_ = 0;  // squares about the mean, summed
    std::vector<std::byte> encoded_;
    std::vector<float> stored_;
};

/// A cubic map as an MRC volume. Throws as MrcWriter.
void write_map(const std::string& path, const Volume& map, const std::string& label = {});

/// A stack of images, pixel_size_A 0 for unknown. Throws as MrcWriter.
void write_stack(const std::string& path, StackView images, double pixel_size_A,
                 const std::string& label = {}, MrcStorage storage = MrcStorage::float32);

}  // namespace tumble
