#include "io/byte_source.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tumble/error.hpp"

namespace tumble {

ByteSource::ByteSource(const std::filesystem::path& path) : name_(path.string()) {
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor_ < 0) throw bad_input(fmt::format("cannot read '{}': {}", name_, std::strerror(errno)));
    struct stat status {};
    ::fstat(descriptor_, &status);
    const char* fault = S_ISDIR(status.st_mode) ? "it is a folder, expected a file"
                        : status.st_size == 0   ? "the file is empty"
                                                : nullptr;
    unsigned char magic[2] = {};
    const bool is_gzip =
        !fault && ::pread(descriptor_, magic, 2, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
    if (fault || is_gzip || path.extension() == ".gz") {
        ::close(descriptor_);
        descriptor_ = -1;
    }
    if (fault) throw bad_input(fmt::format("cannot read '{}': {}", name_, fault));
    if (path.extension() == ".gz" && !is_gzip)
        throw bad_input(
            fmt::format("'{}': the gzip data are broken (bytes 0x1f 0x8b expected at the start)", name_));
    if (is_gzip) {
        zlib_ = &zlib_functions(fmt::format("'{}' is compressed with gzip", name_));
        compressed_ = zlib_->open(path.c_str(), "rb");
    } else
        size_ = status.st_size;
    if (is_gzip && !compressed_)
        throw bad_input(fmt::format("cannot read '{}': {}", name_, std::strerror(errno)));
}

ByteSource::~ByteSource() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (compressed_) zlib_->close(compressed_);
}

std::int64_t ByteSource::read(std::int64_t offset, void* out, std::int64_t count) {
    if (compressed_ && zlib_->tell(compressed_) != offset && zlib_->seek(compressed_, offset, SEEK_SET) < 0)
        throw bad_input(fmt::format("'{}': the gzip data are broken before byte {}", name_, offset));
    char* to = static_cast<char*>(out);
    std::int64_t total = 0;
    while (total < count) {
        const auto wanted = static_cast<std::size_t>(std::min<std::int64_t>(count - total, 1 << 28));
        const std::int64_t done = compressed_
                                      ? zlib_->read(compressed_, to + total, static_cast<unsigned>(wanted))
                                      : ::pread(descriptor_, to + total, wanted, offset + total);
        int state = Z_OK;
        const char* text = compressed_ ? zlib_->error(compressed_, &state) : nullptr;
        if (state != Z_OK && state != Z_STREAM_END)
            throw bad_input(fmt::format("'{}': the gzip data are broken after byte {} ({})", name_,
                                        offset + total, text));
        if (done < 0 && errno == EINTR) continue;
        if (done < 0)
            throw bad_input(
                fmt::format("cannot read '{}' at byte {}: {}", name_, offset + total, std::strerror(errno)));
        if (done == 0) break;
        total += done;
    }
    return total;
}

}  // namespace tumble
