#include "io/mrc_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "tumble/error.hpp"

namespace tumble {

namespace {

static_assert(std::endian::native == std::endian::little,
              "the MRC reader and writer are made for little-endian machines");

constexpr std::uint32_t imod_stamp = 1146047817;  // "IMOD"

// Words counted from 1, as in the specification.
struct Words {
    std::span<const unsigned char, mrc_header_bytes> bytes;
    bool swapped;
    std::uint32_t raw(int word) const {
        std::uint32_t value;
        std::memcpy(&value, bytes.data() + 4 * (word - 1), 4);
        return swapped ? __builtin_bswap32(value) : value;
    }
    std::int32_t integer(int word) const { return static_cast<std::int32_t>(raw(word)); }
    double real(int word) const { return static_cast<double>(std::bit_cast<float>(raw(word))); }
};

bool axes_plausible(const Words& words) {
    std::array<int, 3> axes{words.integer(17), words.integer(18), words.integer(19)};
    std::sort(axes.begin(), axes.end());
    return axes == std::array<int, 3>{1, 2, 3} || axes == std::array<int, 3>{0, 0, 0};
}

bool plausible(const Words& words) {
    const int mode = words.integer(4);
    const bool known_mode = (mode >= 0 && mode <= 7) || mode == 12 || mode == 16 || mode == 101;
    return known_mode && axes_plausible(words) && std::abs(words.integer(1)) < (1 << 24);
}

// The machine stamp first; files with a wrong one are common enough that it must agree with the rest of the
// header.
bool is_swapped(std::span<const unsigned char, mrc_header_bytes> header, const std::string& name,
                std::vector<std::string>& notes) {
    const bool native_ok = plausible({header, false}), swapped_ok = plausible({header, true});
    const unsigned char stamp = header[212];
    if (stamp == 0x44 && native_ok) return false;
    if (stamp == 0x11 && swapped_ok) return true;
    if (!native_ok && !swapped_ok) {
        const Words words{header, stamp == 0x11};
        throw bad_input(fmt::format(
            "'{}' is not an MRC file: found mode {} and axis order {} {} {}, expected a known mode "
            "and a permutation of 1 2 3 in one of the two byte orders",
            name, words.integer(4), words.integer(17), words.integer(18), words.integer(19)));
    }
    notes.push_back(fmt::format(
        "'{}': machine stamp {:#04x} says nothing, byte order taken from mode and axes", name, stamp));
    return !native_ok;
}

void read_axes(const Words& words, const std::string& name, MrcInfo& info) {
    const std::array<int, 3> order{words.integer(17), words.integer(18), words.integer(19)};
    if (order == std::array<int, 3>{0, 0, 0}) return;
    if (!axes_plausible(words))
        throw bad_input(fmt::format("'{}': axis order {} {} {} is not a permutation of 1 2 3", name, order[0],
                                    order[1], order[2]));
    for (std::size_t i = 0; i < 3; i++) info.axes[i] = order[i] - 1;
}

void read_pixel_size(const Words& words, const std::string& name, MrcInfo& info) {
    for (int axis = 0; axis < 3; axis++) {
        const int intervals = words.integer(8 + axis);
        const double cell = words.real(11 + axis);
        const double pixel = intervals > 0 ? cell / intervals : 0;
        info.cell_pixel_A[static_cast<std::size_t>(axis)] = std::isfinite(pixel) && pixel > 0 ? pixel : 0;
    }
    // The z cell of a stack of images means nothing; read_map compares it for maps.
    const auto& pixel = info.cell_pixel_A;
    const auto [low, high] = std::minmax(pixel[0], pixel[1]);
    if (low > 0 && high <= low * (1 + 1e-3))
        info.pixel_size_A = pixel[0];
    else if (high > 0)
        info.notes.push_back(
            fmt::format("'{}': pixel sizes {:.6g} and {:.6g} A on x and y are not equal: taken as unknown",
                        name, pixel[0], pixel[1]));
}

void read_byte_sign(const Words& words, const std::string& name, MrcBytes bytes, MrcInfo& info) {
    const bool stamped = words.raw(39) == imod_stamp;
    info.signed_bytes = bytes == MrcBytes::signed_bytes ||
                        (bytes == MrcBytes::automatic && (!stamped || (words.raw(40) & 1u) != 0));
    if (info.mode != 0 || info.maximum < info.minimum) return;
    const double lowest = info.signed_bytes ? -128 : 0, highest = info.signed_bytes ? 127 : 255;
    if (info.minimum < lowest || info.maximum > highest)
        info.notes.push_back(fmt::format("'{}': the header's range {:.6g} to {:.6g} contradicts {} bytes",
                                         name, info.minimum, info.maximum,
                                         info.signed_bytes ? "signed" : "unsigned"));
}

std::string first_label(std::span<const unsigned char, mrc_header_bytes> header) {
    std::string label(reinterpret_cast<const char*>(header.data() + 224), 80);
    label.resize(std::min(label.find('\0'), label.size()));
    for (char& c : label)
        if (static_cast<unsigned char>(c) < 32 || static_cast<unsigned char>(c) > 126) c = '?';
    label.resize(label.find_last_not_of(' ') + 1);
    return label;
}

}  // namespace

MrcInfo parse_mrc_header(std::span<const unsigned char, mrc_header_bytes> header, const std::string& name,
                         MrcBytes bytes) {
    MrcInfo info;
    info.swapped = is_swapped(header, name, info.notes);
    const Words words{header, info.swapped};
    info.mode = words.integer(4);
    constexpr std::array modes{0, 1, 2, 6, 12, 101};
    if (std::find(modes.begin(), modes.end(), info.mode) == modes.end())
        throw bad_input(fmt::format("'{}': MRC mode {} is not read, expected mode 0, 1, 2, 6, 12 or 101",
                                    name, info.mode));
    info.stored = {words.integer(1), words.integer(2), words.integer(3)};
    if (std::min({info.stored[0], info.stored[1], info.stored[2]}) < 1)
        throw bad_input(fmt::format("'{}': size {} x {} x {} in the header, expected at least 1 on each axis",
                                    name, info.stored[0], info.stored[1], info.stored[2]));
    if (std::max(info.stored[0], info.stored[1]) > (1 << 20))
        throw bad_input(
            fmt::format("'{}': images of {} x {} pixels in the header, expected at most {} on a side", name,
                        info.stored[0], info.stored[1], 1 << 20));
    if (info.mode == 101 && info.stored[0] % 2 != 0)
        throw bad_input(
            fmt::format("'{}': mode 101 with {} columns, expected an even number", name, info.stored[0]));
    read_axes(words, name, info);
    std::array<std::int64_t, 3> size{};
    for (std::size_t i = 0; i < 3; i++) size[static_cast<std::size_t>(info.axes[i])] = info.stored[i];
    info.nx = size[0], info.ny = size[1], info.nz = size[2];
    const int space_group = words.integer(23);
    info.is_volume = space_group == 1;
    info.is_volume_stack = space_group >= 401 && space_group <= 630;
    const std::int64_t extended = words.integer(24);
    if (extended < 0)
        throw bad_input(fmt::format("'{}': extended header of {} bytes, expected 0 or more", name, extended));
    info.data_offset = static_cast<std::int64_t>(mrc_header_bytes) + extended;
    info.minimum = words.real(20), info.maximum = words.real(21);
    read_pixel_size(words, name, info);
    read_byte_sign(words, name, bytes, info);
    info.label = first_label(header);
    return info;
}

std::int64_t mrc_row_bytes(const MrcInfo& info) {
    switch (info.mode) {
        case 101:
            return info.stored[0] / 2;
        case 0:
            return info.stored[0];
        case 2:
            return 4 * info.stored[0];
        default:
            return 2 * info.stored[0];
    }
}

double resolved_pixel_size(const MrcInfo& info, double given_A, const std::string& name,
                           std::vector<std::string>& notes) {
    const double header_A = info.pixel_size_A;
    if (given_A <= 0 && header_A <= 0)
        throw bad_input(
            fmt::format("'{}': the header gives no single pixel size, expected one from --pixel-size", name));
    if (given_A <= 0) return header_A;
    const double difference = header_A > 0 ? std::abs(given_A / header_A - 1) : 0;
    if (difference > 0.01)
        throw bad_input(
            fmt::format("'{}': the header's pixel size is {:.6g} A, expected the given {:.6g} A within 1 % "
                        "(tumble convert --pixel-size corrects a header)",
                        name, header_A, given_A));
    if (difference > 0.005)
        notes.push_back(fmt::format("'{}': the given pixel size {:.6g} A is used, the header says {:.6g} A",
                                    name, given_A, header_A));
    return given_A;
}

}  // namespace tumble
