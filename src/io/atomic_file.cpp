#include "io/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "tumble/error.hpp"

namespace tumble {

namespace {

constexpr std::size_t buffer_bytes = std::size_t{1} << 20;

std::filesystem::path partial_name(std::filesystem::path path) {
    return path += ".partial";
}

// The rename itself must reach the disk, or a power cut could leave neither the old file nor the new one.
void sync_folder(const std::filesystem::path& path) {
    const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    ::fsync(descriptor);
    ::close(descriptor);
}

}  // namespace

AtomicFile::AtomicFile(const std::filesystem::path& path) : path_(path), partial_(partial_name(path)) {
    descriptor_ = ::open(partial_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor_ < 0) fail("create");
    buffer_.reserve(buffer_bytes);
}

AtomicFile::~AtomicFile() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    ::unlink(partial_.c_str());
}

void AtomicFile::fail(const char* action) const {
    const int code = errno;
    throw system_error(fmt::format("cannot {} '{}': {} after {} bytes", action, path_.string(),
                                   std::strerror(code), written_));
}

void AtomicFile::write_all(const char* bytes, std::size_t count) {
    while (count > 0) {
        const ssize_t done = ::write(descriptor_, bytes, count);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) fail("write");
        bytes += done;
        count -= static_cast<std::size_t>(done);
        written_ += static_cast<std::uint64_t>(done);
    }
}

void AtomicFile::flush() {
    write_all(buffer_.data(), buffer_.size());
    buffer_.clear();
}

void AtomicFile::write(const void* bytes, std::size_t count) {
    const char* first = static_cast<const char*>(bytes);
    if (buffer_.size() + count > buffer_bytes) flush();
    if (count > buffer_bytes)
        write_all(first, count);
    else
        buffer_.insert(buffer_.end(), first, first + count);
}

void AtomicFile::overwrite(std::uint64_t offset, const void* bytes, std::size_t count) {
    flush();
    const char* from = static_cast<const char*>(bytes);
    while (count > 0) {
        const ssize_t done = ::pwrite(descriptor_, from, count, static_cast<off_t>(offset));
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) fail("write");
        from += done;
        offset += static_cast<std::uint64_t>(done);
        count -= static_cast<std::size_t>(done);
    }
}

void AtomicFile::commit() {
    flush();
    if (::fsync(descriptor_) != 0) fail("sync");
    if (::rename(partial_.c_str(), path_.c_str()) != 0) fail("rename");
    ::close(descriptor_);
    descriptor_ = -1;
    sync_folder(path_);
}

void write_text_file(const std::filesystem::path& path, std::string_view text) {
    AtomicFile file(path);
    file.write(text);
    file.commit();
}

void replace_file(const std::filesystem::path& partial, const std::filesystem::path& path) {
    const int descriptor = ::open(partial.c_str(), O_RDONLY | O_CLOEXEC);
    const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
    const int code = errno;
    if (descriptor >= 0) ::close(descriptor);
    if (!synced)
        throw system_error(fmt::format("cannot sync '{}': {}", partial.string(), std::strerror(code)));
    if (::rename(partial.c_str(), path.c_str()) != 0)
        throw system_error(fmt::format("cannot rename '{}' to '{}': {}", partial.string(), path.string(),
                                       std::strerror(errno)));
    sync_folder(path);
}

std::string read_text_file(const std::filesystem::path& path) {
    if (std::filesystem::is_directory(path))
        throw bad_input(fmt::format("cannot read '{}': it is a folder, expected a file", path.string()));
    std::ifstream stream(path, std::ios::binary);
    if (!stream) throw bad_input(fmt::format("cannot read '{}': {}", path.string(), std::strerror(errno)));
    std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    if (stream.bad())
        throw system_error(fmt::format("cannot read '{}' after {} bytes", path.string(), text.size()));
    return text;
}

}  // namespace tumble
