#include "io/mrc_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "tumble/error.hpp"

namespace tumble {

namespace {

constexpr std::uint32_t imod_stamp = 1146047817;
constexpr std::uint32_t imod_signed_bytes = 1, imod_packed_bytes = 16;
constexpr double allowed_anisotropy = 1e-3;
constexpr const char* accepted_modes =
    "0 (int8), 1 (int16), 2 (float32), 6 (uint16), 12 (float16) or 101 (4-bit)";

/// Words of the header by their number in the specification, which counts from 1.
class Words {
  public:
    Words(std::span<const std::byte, mrc_header_bytes> bytes, bool swapped)
        : bytes_(bytes), swapped_(swapped) {}

    std::uint32_t bits(std::size_t word) const {
        std::uint32_t value = 0;
        std::memcpy(&value, bytes_.data() + 4 * (word - 1), 4);
        return swapped_ ? __builtin_bswap32(value) : value;
    }
    std::int32_t integer(std::size_t word) const { return static_cast<std::int32_t>(bits(word)); }
    /// Numbers that are no numbers read as 0, which means unknown everywhere.
    double real(std::size_t word) const {
        const auto value = std::bit_cast<float>(bits(word));
        return std::isfinite(value) ? static_cast<double>(value) : 0;
    }

  private:
    std::span<const std::byte, mrc_header_bytes> bytes_;
    bool swapped_;
};

bool known_mode(int mode) {
    constexpr std::array modes = {0, 1, 2, 3, 4, 6, 12, 16, 101};
    return std::find(modes.begin(), modes.end(), mode) != modes.end();
}

bool axes_unset(const Words& words) {
    return words.bits(17) == 0 && words.bits(18) == 0 && words.bits(19) == 0;
}

bool axes_are_permutation(const Words& words) {
    std::array axes = {words.integer(17), words.integer(18), words.integer(19)};
    std::sort(axes.begin(), axes.end());
    return axes == std::array{1, 2, 3};
}

bool plausible(const Words& words) {
    constexpr int largest = 1 << 20;
    for (const std::size_t word : {1, 2, 3})
        if (words.integer(word) < 0 || words.integer(word) > largest) return false;
    return known_mode(words.integer(4)) && (axes_unset(words) || axes_are_permutation(words));
}

/// The machine stamp's word; nothing where it is nonsense.
std::optional<bool> swapped_by_stamp(std::span<const std::byte, mrc_header_bytes> header) {
    const auto first = std::to_integer<int>(header[212]);
    const auto second = std::to_integer<int>(header[213]);
    const bool little = first == 0x44 && (second == 0x44 || second == 0x41);
    const bool big = first == 0x11 && second == 0x11;
    if (!little && !big) return {};
    return big == (std::endian::native == std::endian::little);
}

bool has_map_stamp(std::span<const std::byte, mrc_header_bytes> header) {
    return std::memcmp(header.data() + 208, "MAP", 3) == 0;
}

bool find_byte_order(std::span<const std::byte, mrc_header_bytes> header, const std::string& path,
                     std::vector<std::string>& notes) {
    const std::optional<bool> stamped = swapped_by_stamp(header);
    const bool native_fits = plausible(Words(header, false));
    const bool swapped_fits = plausible(Words(header, true));
    if (stamped && plausible(Words(header, *stamped))) return *stamped;
    if (native_fits || swapped_fits) {
        notes.push_back(fmt::format(
            "{}: machine stamp {:02x}{:02x} is {}, the byte order was found from the sizes and the mode",
            path, std::to_integer<int>(header[212]), std::to_integer<int>(header[213]),
            stamped ? "wrong" : "not set"));
        return !native_fits;
    }
    if (!has_map_stamp(header))
        throw bad_input(fmt::format(
            "{}: found no MRC header, expected an MRC file (sizes, mode and axes in the first 1024 "
            "bytes make no sense in either byte order)",
            path));
    return stamped.value_or(false);
}

void check_mode(const Words& words, const std::string& path) {
    const int mode = words.integer(4);
    constexpr std::array accepted = {0, 1, 2, 6, 12, 101};
    if (std::find(accepted.begin(), accepted.end(), mode) == accepted.end())
        throw bad_input(fmt::format("{}: MODE: found {}{}, expected {}", path, mode,
                                    mode == 3   ? " (complex int16)"
                                    : mode == 4 ? " (complex float32)"
                                                : "",
                                    accepted_modes));
}

void read_sizes(const Words& words, const std::string& path, MrcInfo& info) {
    constexpr std::array names = {"NX", "NY", "NZ"};
    for (std::size_t i = 0; i < 3; i++)
        if (words.integer(i + 1) < 1)
            throw bad_input(
                fmt::format("{}: {}: found {}, expected at least 1", path, names[i], words.integer(i + 1)));
    info.columns = words.integer(1);
    info.rows = words.integer(2);
    info.sections = words.integer(3);
    if (info.mode == MrcMode::packed4 && info.columns % 2 != 0)
        throw bad_input(
            fmt::format("{}: NX: found {}, expected an even number in mode 101 (programs disagree on how odd "
                        "rows of 4-bit values are padded)",
                        path, info.columns));
    const std::int64_t largest = std::int64_t{1} << 60;
    if (info.columns > largest / info.rows / info.sections)
        throw bad_input(
            fmt::format("{}: NX, NY, NZ: found {} x {} x {} values, expected a size that a file can have",
                        path, info.columns, info.rows, info.sections));
}

void read_axes(const Words& words, const std::string& path, MrcInfo& info) {
    if (axes_unset(words)) return;
    if (!axes_are_permutation(words))
        throw bad_input(
            fmt::format("{}: MAPC, MAPR, MAPS: found {}, {}, {}, expected a permutation of 1, 2, 3", path,
                        words.integer(17), words.integer(18), words.integer(19)));
    for (std::size_t i = 0; i < 3; i++) info.axes[i] = words.integer(17 + i) - 1;
}

double pixel_size(const Words& words, std::size_t axis) {
    const double intervals = words.integer(8 + axis);
    const double cell_A = words.real(11 + axis);
    return intervals > 0 && cell_A > 0 ? cell_A / intervals : 0;
}

void read_pixel_size(const Words& words, const std::string& path, MrcInfo& info) {
    info.pixel_size_A = {pixel_size(words, 0), pixel_size(words, 1), pixel_size(words, 2)};
    for (std::size_t axis = 0; axis < 3; axis++)
        if (words.real(11 + axis) < 0) {
            info.notes.push_back(
                fmt::format("{}: the cell size {:g} A in the header is negative and taken as unknown", path,
                            words.real(11 + axis)));
            return;
        }
}

void read_data_offset(const Words& words, const std::string& path, MrcInfo& info) {
    const std::int64_t extended = words.integer(24);
    if (extended < 0)
        throw bad_input(fmt::format("{}: NSYMBT: found {}, expected 0 or more bytes", path, extended));
    info.data_offset = static_cast<std::int64_t>(mrc_header_bytes) + extended;
}

void note_contradicted_sign(const std::string& path, MrcInfo& info) {
    if (info.maximum < info.minimum) return;
    const bool contradicted = info.bytes_signed ? info.maximum > 127 : info.minimum < 0;
    if (contradicted)
        info.notes.push_back(
            fmt::format("{}: bytes were read as {}, but the header says that values run from {:g} to {:g}",
                        path, info.bytes_signed ? "signed" : "unsigned", info.minimum, info.maximum));
}

void settle_byte_sign(const Words& words, const std::string& path, MrcByteSign wanted, MrcInfo& info) {
    if (info.mode != MrcMode::int8) return;
    const bool by_imod = words.bits(39) == imod_stamp;
    const std::uint32_t flags = words.bits(40);
    if (by_imod && (flags & imod_packed_bytes) != 0)
        throw bad_input(fmt::format(
            "{}: MODE: found 0 with IMOD's flag for packed 4-bit values, expected mode 101 for those", path));
    if (wanted == MrcByteSign::automatic)
        info.bytes_signed = !by_imod || (flags & imod_signed_bytes) != 0;
    else
        info.bytes_signed = wanted == MrcByteSign::signed_bytes;
    note_contradicted_sign(path, info);
}

std::vector<std::string> read_labels(std::span<const std::byte, mrc_header_bytes> header, int count) {
    std::vector<std::string> labels;
    for (int i = 0; i < std::clamp(count, 0, 10); i++) {
        std::string label;
        for (std::size_t j = 0; j < 80; j++) {
            const auto letter =
                std::to_integer<unsigned char>(header[224 + 80 * static_cast<std::size_t>(i) + j]);
            if (letter == 0) break;
            label.push_back(letter >= 32 && letter < 127 ? static_cast<char>(letter) : '?');
        }
        label.erase(label.find_last_not_of(' ') + 1);
        labels.push_back(label);
    }
    return labels;
}

double common_size(const MrcInfo& info, const std::string& path, std::span<const double> sizes) {
    const auto [smallest, largest] = std::minmax_element(sizes.begin(), sizes.end());
    if (*smallest <= 0) return 0;
    if (*largest > *smallest * (1 + allowed_anisotropy))
        throw bad_input(
            fmt::format("{}: CELLA: found pixels of {:.5g} x {:.5g} x {:.5g} A, expected the same size along "
                        "every axis",
                        path, info.pixel_size_A.x, info.pixel_size_A.y, info.pixel_size_A.z));
    return sizes.front();
}

}  // namespace

std::string mrc_mode_text(MrcMode mode) {
    switch (mode) {
        case MrcMode::int8:
            return "0 (int8)";
        case MrcMode::int16:
            return "1 (int16)";
        case MrcMode::float32:
            return "2 (float32)";
        case MrcMode::uint16:
            return "6 (uint16)";
        case MrcMode::float16:
            return "12 (float16)";
        case MrcMode::packed4:
            return "101 (4-bit)";
    }
    return "unknown";
}

std::array<std::int64_t, 3> MrcInfo::size() const {
    std::array<std::int64_t, 3> n{};
    n[static_cast<std::size_t>(axes[0])] = columns;
    n[static_cast<std::size_t>(axes[1])] = rows;
    n[static_cast<std::size_t>(axes[2])] = sections;
    return n;
}

std::int64_t MrcInfo::section_bytes() const {
    const std::int64_t values = columns * rows;
    switch (mode) {
        case MrcMode::packed4:
            return values / 2;
        case MrcMode::int8:
            return values;
        case MrcMode::float32:
            return 4 * values;
        default:
            return 2 * values;
    }
}

MrcInfo parse_mrc_header(std::span<const std::byte, mrc_header_bytes> header, const std::string& path,
                         MrcByteSign bytes) {
    MrcInfo info;
    info.swapped = find_byte_order(header, path, info.notes);
    const Words words(header, info.swapped);
    check_mode(words, path);
    info.mode = static_cast<MrcMode>(words.integer(4));
    read_sizes(words, path, info);
    read_axes(words, path, info);
    read_pixel_size(words, path, info);
    read_data_offset(words, path, info);
    info.space_group = words.integer(23);
    info.minimum = words.real(20);
    info.maximum = words.real(21);
    info.mean = words.real(22);
    info.rms = words.real(55);
    info.origin_A = {words.real(50), words.real(51), words.real(52)};
    info.labels = read_labels(header, words.integer(56));
    settle_byte_sign(words, path, bytes, info);
    return info;
}

double image_pixel_size_A(const MrcInfo& info, const std::string& path) {
    const std::array sizes = {info.pixel_size_A.x, info.pixel_size_A.y};
    return common_size(info, path, sizes);
}

double map_voxel_size_A(const MrcInfo& info, const std::string& path) {
    const std::array sizes = {info.pixel_size_A.x, info.pixel_size_A.y, info.pixel_size_A.z};
    return common_size(info, path, sizes);
}

}  // namespace tumble
