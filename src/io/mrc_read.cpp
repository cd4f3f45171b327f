#include "io/mrc_read.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "io/mrc_samples.hpp"
#include "tumble/error.hpp"

namespace tumble {

namespace fs = std::filesystem;

/// The bytes of a file, unpacked where they begin with gzip's magic number (zlib hands other bytes through).
class MrcReader::Source {
  public:
    explicit Source(const std::string& path) : path_(path) {
        std::error_code failure;
        const fs::file_status status = fs::status(path, failure);
        if (!fs::exists(status)) throw bad_input(fmt::format("{}: the file was not found", path));
        if (fs::is_directory(status))
            throw bad_input(fmt::format("{}: found a folder, expected an MRC file", path));
        file_.reset(gzopen(path.c_str(), "rb"));
        if (!file_) throw bad_input(fmt::format("{}: the file cannot be opened for reading", path));
        gzbuffer(file_.get(), 1U << 18);
        file_bytes_ =
            fs::is_regular_file(status) ? static_cast<std::int64_t>(fs::file_size(path, failure)) : -1;
    }

    /// True for packed files; known after the first read.
    bool gzipped() const { return gzdirect(file_.get()) == 0; }
    /// Of the file as it lies on the disk; -1 for a pipe.
    std::int64_t file_bytes() const { return file_bytes_; }

    void seek(std::int64_t offset) {
        if (gztell(file_.get()) == offset) return;
        if (gzseek(file_.get(), static_cast<z_off_t>(offset), SEEK_SET) < 0) fail_broken();
    }

    /// How many bytes there were, at most `bytes`. Throws Error(input) for a broken gzip stream.
    std::int64_t read(std::byte* to, std::int64_t bytes) {
        constexpr std::int64_t largest_piece = 1 << 30;
        std::int64_t done = 0;
        while (done < bytes) {
            const auto piece = static_cast<unsigned>(std::min(bytes - done, largest_piece));
            const int got = gzread(file_.get(), to + done, piece);
            if (got < 0) fail_broken();
            if (got == 0) break;
            done += got;
        }
        check_stream(done < bytes);
        return done;
    }

  private:
    struct Close {
        void operator()(gzFile_s* file) const { gzclose(file); }
    };

    void check_stream(bool ended) {
        int code = Z_OK;
        gzerror(file_.get(), &code);
        if (code != Z_OK && (ended || code != Z_BUF_ERROR)) fail_broken();
    }

    [[noreturn]] void fail_broken() {
        int code = Z_OK;
        const std::string reason = gzerror(file_.get(), &code);
        if (code == Z_ERRNO)
            throw system_error(fmt::format("{}: the file cannot be read ({})", path_, std::strerror(errno)));
        throw bad_input(
            fmt::format("{}: found a broken gzip file after {} unpacked bytes ({}), expected a whole one",
                        path_, static_cast<std::int64_t>(gztell(file_.get())),
                        code == Z_BUF_ERROR ? "it ends too early" : "its data are damaged"));
    }

    std::string path_;
    std::unique_ptr<gzFile_s, Close> file_;
    std::int64_t file_bytes_ = -1;
};

namespace {

/// gzip packs at most 1032 bytes into one (zlib's documentation); a file that promises more is cut or
/// damaged.
constexpr std::int64_t largest_gzip_ratio = 1032;

std::int64_t expected_bytes(const MrcInfo& info) {
    return info.data_offset + info.sections * info.section_bytes();
}

Error too_short(const std::string& path, const MrcInfo& info, const std::string& found) {
    return bad_input(fmt::format("{}: found {}, expected {} bytes for {} x {} x {} values of mode {}", path,
                                 found, expected_bytes(info), info.columns, info.rows, info.sections,
                                 mrc_mode_text(info.mode)));
}

void check_length(const std::string& path, std::int64_t bytes, MrcInfo& info) {
    if (bytes < 0) return;
    const std::int64_t expected = expected_bytes(info);
    if (info.gzipped) {
        if (expected / largest_gzip_ratio > bytes)
            throw too_short(path, info,
                            fmt::format("{} bytes of gzip data, too few for what the header says", bytes));
        return;
    }
    if (bytes < expected) throw too_short(path, info, fmt::format("{} bytes", bytes));
    if (bytes > expected)
        info.notes.push_back(
            fmt::format("{}: the file has {} bytes, {} more than its header says; they were ignored", path,
                        bytes, bytes - expected));
}

void append_notes(std::vector<std::string>* notes, const MrcInfo& info) {
    if (notes != nullptr) notes->insert(notes->end(), info.notes.begin(), info.notes.end());
}

}  // namespace

MrcReader::MrcReader(const std::string& path, MrcByteSign bytes)
    : path_(path), source_(std::make_unique<Source>(path)) {
    std::array<std::byte, mrc_header_bytes> header{};
    const std::int64_t found = source_->read(header.data(), static_cast<std::int64_t>(header.size()));
    if (found == 0) throw bad_input(fmt::format("{}: found an empty file, expected an MRC file", path));
    if (found < static_cast<std::int64_t>(header.size()))
        throw bad_input(fmt::format("{}: found {} bytes, expected an MRC file, whose header alone has {}",
                                    path, found, header.size()));
    info_ = parse_mrc_header(header, path, bytes);
    info_.gzipped = source_->gzipped();
    check_length(path, source_->file_bytes(), info_);
}

MrcReader::~MrcReader() = default;
MrcReader::MrcReader(MrcReader&&) noexcept = default;
MrcReader& MrcReader::operator=(MrcReader&&) noexcept = default;

const MrcInfo& MrcReader::info() const {
    return info_;
}
std::int64_t MrcReader::images() const {
    return info_.size()[2];
}
std::int64_t MrcReader::height() const {
    return info_.size()[1];
}
std::int64_t MrcReader::width() const {
    return info_.size()[0];
}

void MrcReader::read_section(std::int64_t section, float* out) {
    const std::int64_t bytes = info_.section_bytes();
    raw_.resize(static_cast<std::size_t>(bytes));
    source_->seek(info_.data_offset + section * bytes);
    const std::int64_t found = source_->read(raw_.data(), bytes);
    if (found < bytes)
        throw too_short(path_, info_, fmt::format("{} bytes", info_.data_offset + section * bytes + found));
    if (info_.gzipped && section + 1 == info_.sections) {
        // The check sum comes behind the last value; only reading on compares it.
        std::byte beyond{};
        source_->read(&beyond, 1);
    }
    decode_samples(info_, raw_, {out, static_cast<std::size_t>(info_.columns * info_.rows)});
    check_finite(section, out);
}

void MrcReader::check_finite(std::int64_t section, const float* values) const {
    if (info_.mode != MrcMode::float32 && info_.mode != MrcMode::float16) return;
    const std::int64_t n = info_.columns * info_.rows;
    const float* const odd = std::find_if(values, values + n, [](float v) { return !std::isfinite(v); });
    if (odd == values + n) return;
    const std::int64_t place = odd - values;
    throw bad_input(fmt::format(
        "{}: found the value {} in image {} at column {}, row {} (counted from 1), expected finite "
        "numbers",
        path_, *odd, section + 1, place % info_.columns + 1, place / info_.columns + 1));
}

void MrcReader::scatter_section(std::int64_t section, std::int64_t first, std::int64_t count, float* out) {
    const std::array<std::int64_t, 3> n = info_.size();
    std::array<std::int64_t, 3> at{};  // x, y, z of the value at hand
    const auto [column_axis, row_axis, section_axis] =
        std::array{static_cast<std::size_t>(info_.axes[0]), static_cast<std::size_t>(info_.axes[1]),
                   static_cast<std::size_t>(info_.axes[2])};
    at[section_axis] = section;
    const float* value = section_.data();
    for (std::int64_t row = 0; row < info_.rows; row++) {
        at[row_axis] = row;
        for (std::int64_t column = 0; column < info_.columns; column++, value++) {
            at[column_axis] = column;
            const std::int64_t image = at[2] - first;
            if (image >= 0 && image < count) out[(image * n[1] + at[1]) * n[0] + at[0]] = *value;
        }
    }
}

void MrcReader::read_images(std::int64_t first, std::int64_t count, float* out) {
    if (first < 0 || count < 0 || first + count > images())
        throw bad_input(fmt::format("{}: images {} to {} were asked for, expected 1 to {}", path_, first + 1,
                                    first + count, images()));
    if (info_.axes == std::array{0, 1, 2}) {
        for (std::int64_t i = 0; i < count; i++) read_section(first + i, out + i * height() * width());
        return;
    }
    // With sections along z only those of the images are read, otherwise each section crosses every image.
    const bool sections_are_images = info_.axes[2] == 2;
    const std::int64_t begin = sections_are_images ? first : 0;
    const std::int64_t end = sections_are_images ? first + count : info_.sections;
    section_.resize(static_cast<std::size_t>(info_.columns * info_.rows));
    for (std::int64_t section = begin; section < end; section++) {
        read_section(section, section_.data());
        scatter_section(section, first, count, out);
    }
}

MrcInfo read_mrc_info(const std::string& path, MrcByteSign bytes) {
    return MrcReader(path, bytes).info();
}

ImageStack read_image_stack(const std::string& path, std::vector<std::string>* notes, MrcByteSign bytes) {
    MrcReader reader(path, bytes);
    ImageStack stack;
    stack.images = reader.images();
    stack.height = reader.height();
    stack.width = reader.width();
    stack.pixel_size_A = image_pixel_size_A(reader.info(), path);
    stack.values.resize(static_cast<std::size_t>(stack.images * stack.height * stack.width));
    reader.read_images(0, stack.images, stack.values.data());
    append_notes(notes, reader.info());
    return stack;
}

Volume read_map(const std::string& path, std::vector<std::string>* notes, MrcByteSign bytes) {
    MrcReader reader(path, bytes);
    const auto [nx, ny, nz] = reader.info().size();
    if (nx != ny || nx != nz)
        throw bad_input(fmt::format("{}: found {} x {} x {} voxels, expected a cubic map", path, nx, ny, nz));
    Volume map(static_cast<int>(nx), map_voxel_size_A(reader.info(), path));
    reader.read_images(0, nz, map.values.data());
    append_notes(notes, reader.info());
    return map;
}

}  // namespace tumble
