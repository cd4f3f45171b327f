#pragma once
// Files that appear whole or not at all: written beside the target as `path.partial`, then synced and
// renamed.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tumble {

/// A file under construction. Owned by one thread. Every function throws Error(system) that names the file
/// and the bytes written so far; a file that is not committed is removed, and an older file at `path` stays
/// as it was.
class AtomicFile {
  public:
    explicit AtomicFile(const std::filesystem::path& path);
    ~AtomicFile();
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;

    void write(const void* bytes, std::size_t count);
    void write(std::string_view text) { write(text.data(), text.size()); }
    /// Replaces bytes already written, from `offset`; the end of the file stays where it is.
    void overwrite(std::uint64_t offset, const void* bytes, std::size_t count);
    /// Syncs and renames; nothing may be written afterwards.
    void commit();

  private:
    void flush();
    void write_all(const char* bytes, std::size_t count);
    [[noreturn]] void fail(const char* action) const;

    std::filesystem::path path_, partial_;
    int descriptor_ = -1;
    std::uint64_t written_ = 0;
    std::vector<char> buffer_;
};

/// Writes a whole text file at once, atomically.
void write_text_file(const std::filesystem::path& path, std::string_view text);

/// Syncs `partial` to the disk and renames it to `path`, for files that a library wrote by name.
void replace_file(const std::filesystem::path& partial, const std::filesystem::path& path);

/// The whole of a text file; bad_input where it cannot be read.
std::string read_text_file(const std::filesystem::path& path);

}  // namespace tumble
