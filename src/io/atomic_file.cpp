#include "io/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "tumble/error.hpp"

namespace tumble {

namespace fs = std::filesystem;

namespace {

std::string reason_text(int reason) {
    return std::generic_category().message(reason);
}

/// Where the bytes go in the end: a link stays a link.
fs::path link_target(const std::string& path) {
    std::error_code failure;
    if (!fs::is_symlink(path, failure)) return path;
    const fs::path target = fs::weakly_canonical(path, failure);
    return failure ? fs::path(path) : target;
}

bool is_device_or_pipe(const std::string& path) {
    std::error_code failure;
    const fs::file_status status = fs::status(path, failure);
    return !failure && fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
}

/// Not every file system can flush; one that cannot is no failure of the write.
bool flush(int descriptor) {
    return fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP || errno == EROFS;
}

void flush_folder_of(const fs::path& file) {
    const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
    const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    fsync(descriptor);
    close(descriptor);
}

void rename_partial(const std::string& partial, const std::string& path) {
    const fs::path target = link_target(path);
    std::error_code failure;
    fs::rename(partial, target, failure);
    if (failure) {
        const std::string reason = failure.message();
        fs::remove(partial, failure);
        throw system_error(fmt::format("{}: {} could not be renamed to it ({})", path, partial, reason));
    }
    flush_folder_of(target);
}

}  // namespace

std::string partial_path(const std::string& path) {
    return link_target(path).string() + ".partial";
}

void commit_partial_file(const std::string& partial, const std::string& path) {
    const int descriptor = open(partial.c_str(), O_RDWR | O_CLOEXEC);
    const bool flushed = descriptor >= 0 && flush(descriptor);
    const int reason = errno;
    if (descriptor >= 0) close(descriptor);
    if (!flushed) {
        unlink(partial.c_str());
        throw system_error(
            fmt::format("{}: the file could not be written to the disk ({})", path, reason_text(reason)));
    }
    rename_partial(partial, path);
}

void write_file_atomically(const std::string& path, const std::string& content) {
    AtomicFile file(path);
    file.append(content);
    file.commit();
}

AtomicFile::AtomicFile(const std::string& path) : path_(path) {
    std::error_code failure;
    if (fs::is_directory(path, failure))
        throw bad_input(fmt::format("{}: found a folder, expected the name of a file to write", path));
    const bool direct = is_device_or_pipe(path);
    if (!direct) partial_ = partial_path(path);
    const std::string& opened = direct ? path_ : partial_;
    descriptor_ = open(opened.c_str(), O_WRONLY | O_CLOEXEC | (direct ? 0 : O_CREAT | O_TRUNC), 0666);
    if (descriptor_ < 0)
        throw bad_input(fmt::format("{}: the file cannot be made ({}), expected a folder that can be written",
                                    path, reason_text(errno)));
}

AtomicFile::~AtomicFile() {
    discard();
}

void AtomicFile::discard() noexcept {
    if (descriptor_ < 0) return;
    close(descriptor_);
    descriptor_ = -1;
    if (!partial_.empty()) unlink(partial_.c_str());
}

void AtomicFile::fail(int reason) {
    discard();
    throw system_error(
        fmt::format("{}: writing stopped after {} bytes ({}); the unfinished file was not kept", path_,
                    written_, reason_text(reason)));
}

void AtomicFile::write_all(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t done = write(descriptor_, bytes.data(), bytes.size());
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) fail(done == 0 ? ENOSPC : errno);
        written_ += static_cast<std::uint64_t>(done);
        bytes = bytes.subspan(static_cast<std::size_t>(done));
    }
}

void AtomicFile::append(std::span<const std::byte> bytes) {
    write_all(bytes);
}

void AtomicFile::append(const std::string& text) {
    write_all(std::as_bytes(std::span(text)));
}

void AtomicFile::overwrite(std::uint64_t offset, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t done = pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) fail(done == 0 ? ENOSPC : errno);
        offset += static_cast<std::uint64_t>(done);
        bytes = bytes.subspan(static_cast<std::size_t>(done));
    }
}

void AtomicFile::commit() {
    if (!partial_.empty() && !flush(descriptor_)) fail(errno);
    // Some file systems report a full disk only here.
    const int closed = close(descriptor_);
    const int reason = errno;
    descriptor_ = -1;
    if (closed != 0) {
        if (!partial_.empty()) unlink(partial_.c_str());
        throw system_error(fmt::format("{}: the file could not be closed after {} bytes ({})", path_,
                                       written_, reason_text(reason)));
    }
    if (!partial_.empty()) rename_partial(partial_, path_);
}

}  // namespace tumble
