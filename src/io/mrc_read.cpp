#include "io/mrc_read.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "io/byte_source.hpp"
#include "io/half_float.hpp"
#include "tumble/error.hpp"

namespace tumble {

namespace {

constexpr std::int64_t piece_bytes = std::int64_t{4} << 20;

template <typename Unsigned>
Unsigned byte_swapped(Unsigned value) {
    if constexpr (sizeof(Unsigned) == 4)
        return __builtin_bswap32(value);
    else
        return __builtin_bswap16(value);
}

template <typename Word, typename Convert>
void decode_words(const unsigned char* bytes, std::int64_t count, bool swapped, float* out, Convert convert) {
    for (std::int64_t i = 0; i < count; i++) {
        Word word;
        std::memcpy(&word, bytes + static_cast<std::size_t>(i) * sizeof(Word), sizeof(Word));
        out[i] = convert(swapped ? byte_swapped(word) : word);
    }
}

// `count` is the number of values; in mode 101 two of them share a byte, the low half first.
void decode(const MrcInfo& info, const unsigned char* bytes, std::int64_t count, float* out) {
    using Word16 = std::uint16_t;
    switch (info.mode) {
        case 0:
            for (std::int64_t i = 0; i < count; i++)
                out[i] = info.signed_bytes ? static_cast<float>(static_cast<signed char>(bytes[i]))
                                           : static_cast<float>(bytes[i]);
            return;
        case 1:
            return decode_words<Word16>(bytes, count, info.swapped, out, [](Word16 w) {
                return static_cast<float>(static_cast<std::int16_t>(w));
            });
        case 2:
            return decode_words<std::uint32_t>(bytes, count, info.swapped, out,
                                               [](std::uint32_t w) { return std::bit_cast<float>(w); });
        case 6:
            return decode_words<Word16>(bytes, count, info.swapped, out,
                                        [](Word16 w) { return static_cast<float>(w); });
        case 12:
            return decode_words<Word16>(bytes, count, info.swapped, out, half_to_float);
        default:
            for (std::int64_t i = 0; i < count; i++)
                out[i] = static_cast<float>(i % 2 == 0 ? bytes[i / 2] & 15 : bytes[i / 2] >> 4);
    }
}

bool is_permuted(const MrcInfo& info) {
    return info.axes != std::array<int, 3>{0, 1, 2};
}

std::int64_t expected_bytes(const MrcInfo& info) {
    return info.data_offset + mrc_row_bytes(info) * info.stored[1] * info.stored[2];
}

[[noreturn]] void too_short(const std::string& name, std::int64_t found, std::int64_t expected) {
    throw bad_input(
        fmt::format("'{}' is truncated: found {} bytes, expected {} from its header", name, found, expected));
}

}  // namespace

MrcReader::MrcReader(const std::filesystem::path& path, MrcBytes bytes)
    : name_(path.string()), source_(std::make_unique<ByteSource>(path)) {
    std::array<unsigned char, mrc_header_bytes> header{};
    const std::int64_t found = source_->read(0, header.data(), mrc_header_bytes);
    if (found < static_cast<std::int64_t>(mrc_header_bytes))
        throw bad_input(fmt::format("'{}' is too short for an MRC file: found {} bytes, expected at least {}",
                                    name_, found, mrc_header_bytes));
    info_ = parse_mrc_header(header, name_, bytes);
    const std::int64_t expected = expected_bytes(info_);
    if (source_->size() < 0) return;
    if (source_->size() < expected) too_short(name_, source_->size(), expected);
    if (source_->size() > expected)
        info_.notes.push_back(
            fmt::format("'{}' is longer than its header says: {} bytes, expected {}; the rest is ignored",
                        name_, source_->size(), expected));
}

MrcReader::~MrcReader() = default;
MrcReader::MrcReader(MrcReader&&) noexcept = default;
MrcReader& MrcReader::operator=(MrcReader&&) noexcept = default;

void MrcReader::read_stored(std::int64_t first, std::int64_t count, float* out) {
    const std::int64_t row_bytes = mrc_row_bytes(info_), columns = info_.stored[0];
    std::int64_t row = first * info_.stored[1];
    const std::int64_t last_row = (first + count) * info_.stored[1];
    const std::int64_t rows_a_piece = std::max<std::int64_t>(1, piece_bytes / row_bytes);
    std::vector<unsigned char> bytes(
        static_cast<std::size_t>(std::min(rows_a_piece, last_row - row) * row_bytes));
    while (row < last_row) {
        const std::int64_t rows = std::min(rows_a_piece, last_row - row),
                           offset = info_.data_offset + row * row_bytes;
        const std::int64_t found = source_->read(offset, bytes.data(), rows * row_bytes);
        if (found < rows * row_bytes) too_short(name_, offset + found, expected_bytes(info_));
        decode(info_, bytes.data(), rows * columns, out);
        out += rows * columns;
        row += rows;
    }
    // The check sum of a gzip file is compared only when its end is read.
    unsigned char beyond;
    if (source_->size() < 0 && first + count == info_.stored[2])
        source_->read(expected_bytes(info_), &beyond, 1);
}

void MrcReader::read_transposed() {
    const auto& stored = info_.stored;
    std::vector<float> values(static_cast<std::size_t>(stored[0] * stored[1] * stored[2]));
    read_stored(0, stored[2], values.data());
    const std::array<std::int64_t, 3> axis_stride{1, info_.nx, info_.nx * info_.ny};
    std::array<std::int64_t, 3> stride{};
    for (std::size_t i = 0; i < 3; i++) stride[i] = axis_stride[static_cast<std::size_t>(info_.axes[i])];
    transposed_.resize(values.size());
    std::size_t from = 0;
    for (std::int64_t s = 0; s < stored[2]; s++)
        for (std::int64_t r = 0; r < stored[1]; r++)
            for (std::int64_t c = 0; c < stored[0]; c++)
                transposed_[static_cast<std::size_t>(c * stride[0] + r * stride[1] + s * stride[2])] =
                    values[from++];
}

void MrcReader::read_images(std::int64_t first, std::int64_t count, float* out) {
    if (first < 0 || count < 0 || first + count > info_.nz)
        throw bad_input(fmt::format("'{}': images {} to {} asked for, expected between 1 and {}", name_,
                                    first + 1, first + count, info_.nz));
    if (count == 0) return;
    if (!is_permuted(info_)) return read_stored(first, count, out);
    if (transposed_.empty()) read_transposed();
    const std::int64_t pixels = info_.nx * info_.ny;
    std::copy_n(transposed_.begin() + first * pixels, count * pixels, out);
}

MrcInfo read_mrc_info(const std::filesystem::path& path, MrcBytes bytes) {
    return MrcReader(path, bytes).info();
}

void require_usable_images(StackView images, const std::string& name, std::int64_t first) {
    for (std::int64_t i = 0; i < images.images; i++) {
        const float* pixels = images.image(i);
        const std::int64_t count = images.height * images.width;
        bool varies = count == 1;
        for (std::int64_t p = 0; p < count; p++) {
            if (!std::isfinite(pixels[p]))
                throw bad_input(fmt::format(
                    "'{}': image {} holds the value {} at column {}, row {}, expected finite numbers", name,
                    first + i + 1, pixels[p], p % images.width + 1, p / images.width + 1));
            varies |= pixels[p] != pixels[0];
        }
        if (!varies)
            throw bad_input(fmt::format("'{}': image {} is constant ({}), expected a picture", name,
                                        first + i + 1, pixels[0]));
    }
}

namespace {

double pixel_size_or_unknown(const MrcInfo& info, double given_A, const std::string& name,
                             std::vector<std::string>& notes) {
    return given_A > 0 || info.pixel_size_A > 0 ? resolved_pixel_size(info, given_A, name, notes) : 0;
}

void require_square(const MrcInfo& info, const std::string& name) {
    if (info.nx != info.ny)
        throw bad_input(fmt::format("'{}': images of {} columns and {} rows, expected square ones", name,
                                    info.nx, info.ny));
}

}  // namespace

ImageStack read_stack(const std::filesystem::path& path, const MrcReadOptions& options,
                      std::vector<std::string>* notes) {
    MrcReader reader(path, options.bytes);
    std::vector<std::string> all_notes = reader.info().notes;
    const MrcInfo& info = reader.info();
    require_square(info, path.string());
    ImageStack stack{info.nz,
                     info.ny,
                     info.nx,
                     pixel_size_or_unknown(info, options.pixel_size_A, path.string(), all_notes),
                     {}};
    stack.values.resize(static_cast<std::size_t>(info.nx * info.ny * info.nz));
    reader.read_images(0, info.nz, stack.values.data());
    require_usable_images(stack.view(), path.string());
    if (notes) notes->insert(notes->end(), all_notes.begin(), all_notes.end());
    return stack;
}

Volume read_map(const std::filesystem::path& path, const MrcReadOptions& options,
                std::vector<std::string>* notes) {
    MrcReader reader(path, options.bytes);
    std::vector<std::string> all_notes = reader.info().notes;
    const MrcInfo& info = reader.info();
    if (info.nx != info.ny || info.nx != info.nz)
        throw bad_input(fmt::format("'{}': a map of {} x {} x {} voxels, expected a cube", path.string(),
                                    info.nx, info.ny, info.nz));
    const auto& pixel = info.cell_pixel_A;
    if (options.pixel_size_A <= 0 && pixel[0] > 0 &&
        (info.pixel_size_A <= 0 || std::abs(pixel[2] / pixel[0] - 1) > 1e-3))
        throw bad_input(fmt::format(
            "'{}': voxel sizes {:.6g}, {:.6g}, {:.6g} A on x, y, z, expected equal ones within 0.1 %",
            path.string(), pixel[0], pixel[1], pixel[2]));
    Volume map(static_cast<int>(info.nx),
               pixel_size_or_unknown(info, options.pixel_size_A, path.string(), all_notes));
    reader.read_images(0, info.nz, map.values.data());
    for (std::size_t i = 0; i < map.values.size(); i++)
        if (!std::isfinite(map.values[i]))
            throw bad_input(fmt::format("'{}': voxel {} holds the value {}, expected finite numbers",
                                        path.string(), i + 1, map.values[i]));
    if (notes) notes->insert(notes->end(), all_notes.begin(), all_notes.end());
    return map;
}

}  // namespace tumble
