#pragma once
// Bytes of a file by offset, whether it is compressed with gzip or not.
#include <cstdint>
#include <filesystem>
#include <string>

#include "io/zlib_functions.hpp"

namespace tumble {

/// Opened for reading; owned by one thread. Going backwards in a compressed file starts again from its
/// beginning.
class ByteSource {
  public:
    /// Throws bad_input where the file cannot be opened or is empty, or is compressed and zlib is not there.
    explicit ByteSource(const std::filesystem::path& path);
    ~ByteSource();
    ByteSource(const ByteSource&) = delete;
    ByteSource& operator=(const ByteSource&) = delete;

    /// Reads up to `count` bytes from `offset`; returns how many there were. Throws bad_input where gzip is
    /// broken.
    std::int64_t read(std::int64_t offset, void* out, std::int64_t count);
    /// Bytes of a plain file; -1 for a compressed one, whose length shows only at its end.
    std::int64_t size() const { return size_; }

  private:
    std::string name_;
    int descriptor_ = -1;
    const ZlibFunctions* zlib_ = nullptr;
    gzFile compressed_ = nullptr;
    std::int64_t size_ = -1;
};

}  // namespace tumble
