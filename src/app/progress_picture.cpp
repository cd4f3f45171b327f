#include "app/progress_picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <exception>
#include <string_view>
#include <utility>

#include "io/atomic_file.hpp"

namespace tumble::app {

namespace {

// Sizes in pixels of the picture.
constexpr double picture_width = 980, picture_height = 420;
struct Panel {
    double left, top, width, height;
    double right() const { return left + width; }
    double bottom() const { return top + height; }
    double middle() const { return left + 0.5 * width; }
};
constexpr Panel section_panel{24, 84, 280, 280}, shares_panel{368, 84, 256, 280},
    score_panel{694, 84, 262, 280};
constexpr std::string_view ink = "#222222", faint = "#dddddd", strong = "#1f5fa8", pale = "#b5cde8",
                           accent = "#d9730d";

constexpr double bar_A = 5;

/// False for NaN, infinities, and what would overflow in a difference.
bool known(double value) {
    return std::abs(value) < 1e300;
}

// ---- the section as a PNG ----

void append_big_endian(std::string& bytes, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> shift & 0xff));
}

/// CRC-32 of ISO 3309, as the PNG specification (ISO/IEC 15948, annex D) asks for.
std::uint32_t crc32(std::string_view bytes) {
    std::uint32_t crc = 0xffffffffU;
    for (const char byte : bytes) {
        crc ^= static_cast<unsigned char>(byte);
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0U);
    }
    return ~crc;
}

std::uint32_t adler32(std::string_view bytes) {
    std::uint32_t a = 1, b = 0;
    for (const char byte : bytes) {
        a = (a + static_cast<unsigned char>(byte)) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

/// A zlib stream of stored blocks (RFC 1950, RFC 1951 section 3.2.4): a section is some ten kilobytes, too
/// little for the program to need the compression library that belongs to the reading of files.
std::string stored_stream(std::string_view bytes) {
    constexpr std::size_t longest_block = 65535;
    std::string stream = "\x78\x01";
    for (std::size_t at = 0; at < bytes.size(); at += longest_block) {
        const std::string_view block = bytes.substr(at, longest_block);
        const auto length = static_cast<unsigned>(block.size());
        stream.push_back(at + block.size() == bytes.size() ? '\1' : '\0');
        for (const unsigned word : {length, ~length})
            for (const unsigned shift : {0U, 8U}) stream.push_back(static_cast<char>(word >> shift & 0xff));
        stream.append(block);
    }
    append_big_endian(stream, adler32(bytes));
    return stream;
}

void append_chunk(std::string& png, std::string_view type, std::string_view data) {
    append_big_endian(png, static_cast<std::uint32_t>(data.size()));
    const std::string body = std::string(type).append(data);
    png += body;
    append_big_endian(png, crc32(body));
}

/// Rows of bytes, each led by filter type 0.
std::string section_rows(VolumeView map) {
    const int z = map.box / 2;
    const auto side = static_cast<std::size_t>(map.box);
    const std::span<const float> section(map.data + map.index(0, 0, z), side * side);
    double low = 0, high = 0;
    bool any = false;
    for (const float value : section) {
        if (!std::isfinite(value)) continue;
        low = any ? std::min(low, double{value}) : value;
        high = any ? std::max(high, double{value}) : value;
        any = true;
    }
    const double scale = high > low ? 255 / (high - low) : 0;
    std::string rows;
    for (std::size_t i = 0; i < section.size(); i++) {
        if (i % side == 0) rows.push_back('\0');
        const double grey = std::isfinite(section[i]) ? (section[i] - low) * scale : 0;
        rows.push_back(static_cast<char>(static_cast<unsigned char>(std::lround(grey))));
    }
    return rows;
}

std::string section_png(VolumeView map) {
    std::string header;
    for (int i = 0; i < 2; i++) append_big_endian(header, static_cast<std::uint32_t>(map.box));
    header.append({8, 0, 0, 0, 0});  // 8 bits, grey, deflate, adaptive filters, not interlaced
    std::string png = "\x89PNG\r\n\x1a\n";
    append_chunk(png, "IHDR", header);
    append_chunk(png, "IDAT", stored_stream(section_rows(map)));
    append_chunk(png, "IEND", "");
    return png;
}

std::string base64(std::string_view bytes) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::string_view group = bytes.substr(at, 3);
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < 3; i++)
            bits = bits << 8 | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0U);
        for (std::size_t i = 0; i < 4; i++)
            text.push_back(i <= group.size() ? digits[bits >> (18 - 6 * i) & 63] : '=');
    }
    return text;
}

// ---- marks ----

std::string escaped(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        if (c == '&')
            safe += "&amp;";
        else if (c == '<')
            safe += "&lt;";
        else if (c == '>')
            safe += "&gt;";
        else
            safe.push_back(c);
    }
    return safe;
}

struct Writing {
    std::string_view anchor = "middle";
    int size = 12;
};

void text(std::string& svg, double x, double y, std::string_view words, Writing writing = {}) {
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"{}\" text-anchor=\"{}\">{}</text>\n", x,
                       y, writing.size, writing.anchor, escaped(words));
}

void line(std::string& svg, double x1, double y1, double x2, double y2, std::string_view colour,
          double width = 1) {
    svg += fmt::format(
        "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\" stroke-width=\"{}\"/>\n",
        x1, y1, x2, y2, colour, width);
}

void box(std::string& svg, double x, double y, double width, double height, std::string_view colour) {
    svg += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"{}\"/>\n",
                       x, y, width, height, colour);
}

/// A ring where the round had a search, else a dot.
void point(std::string& svg, double x, double y, bool search) {
    svg += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\" fill=\"{}\" stroke=\"{}\" stroke-width=\"2\"/>\n", x, y,
        search ? 5 : 3, search ? "#ffffff" : strong, search ? accent : strong);
}

void axes(std::string& svg, const Panel& panel) {
    line(svg, panel.left, panel.top, panel.left, panel.bottom(), ink);
    line(svg, panel.left, panel.bottom(), panel.right(), panel.bottom(), ink);
}

/// 1, 2 or 5 times a power of ten, so that `span` holds at most `most` steps.
double round_step(double span, int most) {
    const double least = span / most, power = std::pow(10, std::floor(std::log10(least)));
    for (const double factor : {1.0, 2.0, 5.0})
        if (factor * power >= least) return factor * power;
    return 10 * power;
}

struct Range {
    double low, high;
    double fraction(double value) const { return (value - low) / (high - low); }
};

/// Multiples of a round step within `range`.
std::vector<double> ticks(Range range, int most, double least_step = 0) {
    const double step = std::max(round_step(range.high - range.low, most), least_step);
    std::vector<double> values;
    for (double k = std::ceil(range.low / step); k <= std::floor(range.high / step); k++)
        values.push_back(k * step + 0.0);  // + 0.0 takes the sign from a negative zero
    return values;
}

// ---- panels ----

void draw_section(std::string& svg, VolumeView map, double voxel_A) {
    const Panel& panel = section_panel;
    text(svg, panel.middle(), panel.top - 14, "Central section of the map", {"middle", 14});
    if (map.box < 1) return;
    svg += fmt::format(
        "<image x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" "
        "href=\"data:image/png;base64,{}\"/>\n",
        panel.left, panel.top, panel.width, panel.height, base64(section_png(map)));
    if (!known(voxel_A) || voxel_A <= 0) return;
    const double length = bar_A / (voxel_A * map.box) * panel.width;
    if (length > panel.width) return;
    line(svg, panel.left, panel.bottom() + 14, panel.left + length, panel.bottom() + 14, ink, 4);
    text(svg, panel.left + length + 8, panel.bottom() + 18, fmt::format("{:.0f} Å", bar_A), {"start", 12});
}

void draw_share(std::string& svg, double left, double width, double share, std::string_view colour) {
    const double height = std::clamp(share, 0.0, 1.0) * shares_panel.height;
    box(svg, left, shares_panel.bottom() - height, width, height, colour);
}

void draw_shares(std::string& svg, std::span<const RoundSummary> history) {
    const Panel& panel = shares_panel;
    text(svg, panel.middle(), panel.top - 14, "Mean posterior share of a pose", {"middle", 14});
    for (const double level : {0.0, 0.25, 0.5, 0.75, 1.0}) {
        const double y = panel.bottom() - level * panel.height;
        line(svg, panel.left, y, panel.right(), y, faint);
        text(svg, panel.left - 8, y + 4, fmt::format("{}", level), {"end", 11});
    }
    const std::vector<double>& now = history.back().shares;
    const std::vector<double> before =
        history.size() > 1 ? history[history.size() - 2].shares : std::vector<double>{};
    const double slot = panel.width / static_cast<double>(std::max<std::size_t>(now.size(), 1));
    for (std::size_t k = 0; k < now.size(); k++) {
        const double left = panel.left + static_cast<double>(k) * slot;
        if (k < before.size() && known(before[k]))
            draw_share(svg, left + 0.12 * slot, 0.3 * slot, before[k], pale);
        if (known(now[k])) {
            draw_share(svg, left + 0.42 * slot, 0.46 * slot, now[k], strong);
            text(svg, left + 0.6 * slot, panel.bottom() - std::clamp(now[k], 0.0, 1.0) * panel.height - 4,
                 fmt::format("{:.2f}", now[k]), {"middle", 10});
        }
        text(svg, left + 0.5 * slot, panel.bottom() + 16, fmt::format("{}", k + 1), {"middle", 11});
    }
    axes(svg, panel);
    text(svg, panel.middle(), panel.bottom() + 36, "an image's poses, best first");
    box(svg, panel.right() - 110, panel.top + 8, 10, 10, strong);
    text(svg, panel.right() - 94, panel.top + 17, "this round", {"start", 11});
    if (history.size() < 2) return;
    box(svg, panel.right() - 110, panel.top + 26, 10, 10, pale);
    text(svg, panel.right() - 94, panel.top + 35, "the round before", {"start", 11});
}

/// The known scores with room above and below for a line of text.
Range score_range(std::span<const RoundSummary> history) {
    double low = 0, high = 0;
    bool any = false;
    for (const RoundSummary& round : history) {
        if (!known(round.held_out_score)) continue;
        low = any ? std::min(low, round.held_out_score) : round.held_out_score;
        high = any ? std::max(high, round.held_out_score) : round.held_out_score;
        any = true;
    }
    const double magnitude = std::max(std::abs(low), std::abs(high));
    const bool level = high - low <= 1e-6 * magnitude;
    const double room = level ? std::max(0.1 * magnitude, 1e-6) : 0.2 * (high - low);
    return {low - room, high + room};
}

void draw_scores(std::string& svg, std::span<const RoundSummary> history) {
    const Panel& panel = score_panel;
    text(svg, panel.middle(), panel.top - 14, "Held-out score of an image", {"middle", 14});
    const Range scores = score_range(history);
    for (const double score : ticks(scores, 6)) {
        const double y = panel.bottom() - scores.fraction(score) * panel.height;
        line(svg, panel.left, y, panel.right(), y, faint);
        text(svg, panel.left - 6, y + 4, fmt::format("{:.6g}", score), {"end", 11});
    }
    const Range rounds{history.front().round - 0.5, history.back().round + 0.5};
    for (const double round : ticks(rounds, 8, 1))
        text(svg, panel.left + rounds.fraction(round) * panel.width, panel.bottom() + 16,
             fmt::format("{:.0f}", round), {"middle", 11});
    axes(svg, panel);
    text(svg, panel.middle(), panel.bottom() + 36, "round");

    std::string path, points;
    double x = 0, y = 0, previous_y = panel.bottom();
    for (const RoundSummary& round : history) {
        if (!known(round.held_out_score)) continue;
        previous_y = path.empty() ? panel.bottom() : y;
        x = panel.left + rounds.fraction(round.round) * panel.width;
        y = panel.bottom() - scores.fraction(round.held_out_score) * panel.height;
        path += fmt::format("{}{:.1f},{:.1f}", path.empty() ? "" : " ", x, y);
        point(points, x, y, round.search);
    }
    svg += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\"/>\n", path,
                       strong);
    svg += points;
    const RoundSummary& last = history.back();
    if (known(last.held_out_score) && known(last.explained)) {
        // On the side that the line does not come from.
        const double label_y = y <= previous_y ? y - 14 : y + 22;
        const bool right_half = x > panel.middle();
        text(svg, x, label_y, fmt::format("{:.0f} % of the signal explained", 100 * last.explained),
             {right_half ? "end" : "middle", 12});
    }
    if (std::none_of(history.begin(), history.end(), [](const RoundSummary& r) { return r.search; })) return;
    point(svg, panel.left + 8, panel.bottom() + 32, true);
    text(svg, panel.left + 18, panel.bottom() + 36, "with a search", {"start", 11});
}

std::string title(const RoundSummary& last) {
    const std::string moved = known(last.moved) ? fmt::format("{:.1f} %", 100 * last.moved) : "not known";
    return fmt::format("Round {}: {} atoms, images that moved (> 5°): {}", last.round, last.atoms, moved);
}

}  // namespace

std::string progress_svg(std::span<const RoundSummary> history, VolumeView map, double voxel_A) {
    const std::string words = title(history.back());
    std::string svg = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    svg += fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 "
        "{0:.0f} {1:.0f}\" "
        "role=\"img\" font-family=\"sans-serif\" fill=\"{2}\">\n<title>{3}</title>\n",
        picture_width, picture_height, ink, escaped(words));
    box(svg, 0, 0, picture_width, picture_height, "#ffffff");
    text(svg, section_panel.left, 34, words, {"start", 18});
    draw_section(svg, map, voxel_A);
    draw_shares(svg, history);
    draw_scores(svg, history);
    svg += "</svg>\n";
    return svg;
}

ProgressPicture::ProgressPicture(std::filesystem::path path, double voxel_A)
    : path_(std::move(path)), voxel_A_(voxel_A) {}

std::optional<std::string> ProgressPicture::add(const RoundReport& report) {
    history_.push_back({report.round, report.search, report.held_out_score, report.explained, report.moved,
                        report.shares, report.atoms});
    try {
        write_text_file(path_, progress_svg(history_, report.map, voxel_A_));
    } catch (const std::exception& error) {
        if (std::exchange(failed_, true)) return std::nullopt;
        return fmt::format("the picture of the progress is not written, the run goes on: {}", error.what());
    }
    return std::nullopt;
}

}  // namespace tumble::app
