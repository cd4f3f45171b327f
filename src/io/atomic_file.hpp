#pragma once
// Files that appear whole or not at all: written beside their place as PATH.partial, then renamed.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace tumble {

/// The name under which the content of `path` is written until it is complete: `path`.partial, or that of the
/// file that `path` links to.
std::string partial_path(const std::string& path);

/// Flushes `partial` to the disk and renames it to its final name. Throws Error(system) and removes `partial`
/// when that fails.
void commit_partial_file(const std::string& partial, const std::string& path);

/// Replaces `path` by `content`. Throws Error(input) when no file can be made there, Error(system) when it
/// cannot be written (a full disk); an earlier file of that name is then still there, whole, and no partial
/// one is left. A device or a pipe is written directly.
void write_file_atomically(const std::string& path, const std::string& content);

/// The same for content that comes in pieces. The file appears with commit(); without it nothing is left.
/// Errors as above. One thread at a time.
class AtomicFile {
  public:
    explicit AtomicFile(const std::string& path);
    ~AtomicFile();
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;

    void append(std::span<const std::byte> bytes);
    void append(const std::string& text);
    /// Overwrites what was appended earlier at this offset in bytes. Not for devices and pipes.
    void overwrite(std::uint64_t offset, std::span<const std::byte> bytes);
    void commit();

  private:
    [[noreturn]] void fail(int reason);
    void write_all(std::span<const std::byte> bytes);
    void discard() noexcept;

    std::string path_;
    std::string partial_;  // empty for a device or a pipe
    int descriptor_ = -1;
    std::uint64_t written_ = 0;
};

}  // namespace tumble
