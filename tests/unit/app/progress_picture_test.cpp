#include "app/progress_picture.hpp"

#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>

#include "app/terminal_progress.hpp"
#include "catch.hpp"

namespace fs = std::filesystem;
using namespace tumble;
using namespace tumble::app;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

struct Scratch {
    fs::path path;
    Scratch() {
        std::string pattern = (fs::temp_directory_path() / "tumble-picture-XXXXXX").string();
        REQUIRE(mkdtemp(pattern.data()));
        path = pattern;
    }
    ~Scratch() { fs::remove_all(path); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
};

std::string read(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

// ---- XML ----

bool name_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == ':';
}

/// What is wrong with `xml`, or "": one root, balanced tags, quoted attributes each once, no bare & or <.
std::string fault_of_xml(const std::string& xml) {
    const std::string head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    if (xml.rfind(head, 0) != 0) return "no XML declaration";
    std::vector<std::string> open;
    int roots = 0;
    std::size_t i = head.size();
    const auto entity_here = [&] {
        for (const char* entity : {"&amp;", "&lt;", "&gt;", "&quot;"})
            if (xml.compare(i, std::string(entity).size(), entity) == 0) return true;
        return false;
    };
    const auto take_name = [&] {
        std::string name;
        while (i < xml.size() && name_character(xml[i])) name.push_back(xml[i++]);
        return name;
    };
    while (i < xml.size()) {
        if (xml[i] == '&' && !entity_here()) return "bare &";
        if (xml[i] == '>') return "bare >";
        if (xml[i] != '<') {
            if (open.empty() && !std::isspace(static_cast<unsigned char>(xml[i])))
                return "text outside the root";
            i++;
            continue;
        }
        const bool closing = xml[++i] == '/';
        if (closing) i++;
        const std::string name = take_name();
        if (name.empty()) return "a tag without a name";
        if (closing) {
            if (open.empty() || open.back() != name) return "</" + name + "> closes nothing";
            open.pop_back();
            if (xml[i++] != '>') return "</" + name + " does not end";
            continue;
        }
        if (open.empty() && ++roots > 1) return "two roots";
        std::vector<std::string> attributes;
        while (i < xml.size() && xml[i] == ' ') {
            i++;
            const std::string attribute = take_name();
            if (std::count(attributes.begin(), attributes.end(), attribute)) return attribute + " twice";
            attributes.push_back(attribute);
            if (attribute.empty() || xml.compare(i, 2, "=\"") != 0) return name + ": no quoted value";
            const std::size_t end = xml.find('"', i + 2);
            if (end == std::string::npos) return name + ": a value does not end";
            if (xml.substr(i + 2, end - i - 2).find_first_of("<&") != std::string::npos)
                return name + ": bare < or &";
            i = end + 1;
        }
        const bool empty = xml[i] == '/';
        if (empty) i++;
        if (i >= xml.size() || xml[i] != '>') return name + ": the tag does not end";
        i++;
        if (!empty) open.push_back(name);
    }
    if (!open.empty()) return "<" + open.back() + "> stays open";
    return roots == 1 ? "" : "no root";
}

/// Values of `attribute` in the elements `element`, in order.
std::vector<std::string> values(const std::string& xml, const std::string& element,
                                const std::string& attribute) {
    std::vector<std::string> found;
    for (std::size_t at = xml.find("<" + element + " "); at != std::string::npos;
         at = xml.find("<" + element + " ", at + 1)) {
        const std::string tag = xml.substr(at, xml.find('>', at) - at);
        const std::string lead = " " + attribute + "=\"";
        const std::size_t from = tag.find(lead);
        if (from == std::string::npos) continue;
        const std::size_t begin = from + lead.size();
        found.push_back(tag.substr(begin, tag.find('"', begin) - begin));
    }
    return found;
}

std::vector<double> numbers(const std::vector<std::string>& texts) {
    std::vector<double> all;
    for (const std::string& text : texts) {
        std::size_t used = 0;
        all.push_back(std::stod(text, &used));
        CHECK(used == text.size());
    }
    return all;
}

std::string without_picture_data(const std::string& svg) {
    const std::size_t from = svg.find("base64,");
    return from == std::string::npos ? svg : svg.substr(0, from) + svg.substr(svg.find('"', from));
}

/// Well-formed, every coordinate a finite number on the picture, and no word of a number gone wrong.
void check_sound(const std::string& svg) {
    CHECK(fault_of_xml(svg) == "");
    const std::string words = without_picture_data(svg);
    for (const char* wrong : {"nan", "inf", "-0.0\""}) CHECK(words.find(wrong) == std::string::npos);
    for (const char* element : {"text", "rect", "line", "circle", "image"})
        for (const char* attribute : {"x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height"})
            for (const double number : numbers(values(svg, element, attribute))) {
                CHECK(std::isfinite(number));
                CHECK(number >= 0);
                CHECK(number <= 980);
            }
}

// ---- PNG ----

std::string from_base64(const std::string& text) {
    const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    REQUIRE(text.size() % 4 == 0);
    std::string bytes;
    std::uint32_t bits = 0;
    int held = 0;
    for (const char c : text) {
        if (c == '=') break;
        REQUIRE(digits.find(c) != std::string::npos);
        bits = bits << 6 | static_cast<std::uint32_t>(digits.find(c));
        held += 6;
        if (held < 8) continue;
        held -= 8;
        bytes.push_back(static_cast<char>(bits >> held & 0xff));
    }
    CHECK(bytes.size() ==
          text.size() / 4 * 3 - static_cast<std::size_t>(std::count(text.begin(), text.end(), '=')));
    return bytes;
}

std::uint32_t big_endian(const std::string& bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; i++) value = value << 8 | static_cast<unsigned char>(bytes.at(at + i));
    return value;
}

struct Chunk {
    std::string type, data;
};

std::vector<Chunk> chunks(const std::string& png) {
    REQUIRE(png.substr(0, 8) == "\x89PNG\r\n\x1a\n");
    std::vector<Chunk> all;
    for (std::size_t at = 8; at < png.size();) {
        const std::size_t length = big_endian(png, at);
        const std::string body = png.substr(at + 4, 4 + length);
        REQUIRE(body.size() == 4 + length);
        const auto sum =
            crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
        CHECK(sum == big_endian(png, at + 8 + length));
        all.push_back({body.substr(0, 4), body.substr(4)});
        at += 12 + length;
    }
    return all;
}

/// The grey values of the picture within `svg`, row after row; checks the PNG on the way.
std::vector<int> section_pixels(const std::string& svg, int side) {
    const auto links = values(svg, "image", "href");
    REQUIRE(links.size() == 1);
    const std::string lead = "data:image/png;base64,";
    REQUIRE(links[0].rfind(lead, 0) == 0);
    const auto all = chunks(from_base64(links[0].substr(lead.size())));
    REQUIRE(all.size() == 3);
    CHECK(all[0].type == "IHDR");
    CHECK(all[1].type == "IDAT");
    CHECK(all[2].type == "IEND");
    REQUIRE(all[0].data.size() == 13);
    CHECK(big_endian(all[0].data, 0) == static_cast<std::uint32_t>(side));
    CHECK(big_endian(all[0].data, 4) == static_cast<std::uint32_t>(side));
    CHECK(all[0].data.substr(8) == std::string("\x08\0\0\0\0", 5));
    const auto n = static_cast<std::size_t>(side);
    std::vector<unsigned char> rows(n * (n + 1) + 1);
    uLongf size = rows.size();
    REQUIRE(uncompress(rows.data(), &size, reinterpret_cast<const Bytef*>(all[1].data.data()),
                       all[1].data.size()) == Z_OK);
    REQUIRE(size == n * (n + 1));
    std::vector<int> pixels;
    for (std::size_t y = 0; y < n; y++) {
        CHECK(rows[y * (n + 1)] == 0);
        pixels.insert(pixels.end(), rows.begin() + static_cast<std::ptrdiff_t>(y * (n + 1) + 1),
                      rows.begin() + static_cast<std::ptrdiff_t>((y + 1) * (n + 1)));
    }
    return pixels;
}

// ---- material ----

/// Every section has values of its own, so that a wrong one shows.
Volume slanted_map(int box) {
    Volume map(box, 0.4);
    for (int z = 0; z < box; z++)
        for (int y = 0; y < box; y++)
            for (int x = 0; x < box; x++)
                map.at(x, y, z) =
                    static_cast<float>(std::sin(0.9 * x + 0.3 * z) + 0.5 * std::cos(1.7 * y) - 0.01 * z);
    return map;
}

std::vector<RoundSummary> three_rounds() {
    return {{1, true, 20, 0.15, 1.0, {0.4, 0.3, 0.2}, 160},
            {2, false, 35, 0.3, 0.4, {0.6, 0.2, 0.1}, 171},
            {3, true, 50, 0.42, 0.123, {0.75, 0.125}, 179}};
}

}  // namespace

TEST_CASE("the picture of the progress carries the central section, pixel by pixel") {
    // 300: more than one block of 65535 bytes, and neither box is a multiple of three bytes.
    const int box = GENERATE(1, 7, 32, 300);
    Volume map = box < 300 ? slanted_map(box) : Volume(box, 0.4);
    for (int y = 0; y < box; y++)
        for (int x = 0; x < box; x++)
            if (box == 300) map.at(x, y, 150) = static_cast<float>((x * 7 + y * 13) % 251);
    float low = map.at(0, 0, box / 2), high = low;
    for (int y = 0; y < box; y++)
        for (int x = 0; x < box; x++) {
            low = std::min(low, map.at(x, y, box / 2));
            high = std::max(high, map.at(x, y, box / 2));
        }
    const auto pixels = section_pixels(progress_svg(three_rounds(), map.view(), 0.4), box);
    int wrong = 0;
    for (int y = 0; y < box; y++)
        for (int x = 0; x < box; x++) {
            const double share =
                high > low ? (double{map.at(x, y, box / 2)} - low) / (double{high} - low) : 0;
            const int pixel = pixels[static_cast<std::size_t>(y * box + x)];
            wrong += std::abs(pixel - 255 * share) > 0.5 + 1e-9 ? 1 : 0;
        }
    CHECK(wrong == 0);
}

TEST_CASE("the picture of the progress is sound and says the figures of the last round") {
    const Volume map = slanted_map(16);
    const std::string svg = progress_svg(three_rounds(), map.view(), 0.4);
    check_sound(svg);
    for (const char* words : {"Round 3: 179 atoms", "12.3 %", "&gt; 5°", "42 % of the signal explained",
                              ">0.75</text>", ">0.12</text>", "5 Å", "the round before", "with a search"})
        CHECK_THAT(svg, ContainsSubstring(words));
}

TEST_CASE("the bar of 5 A has its length on the section") {
    const Volume map = slanted_map(32);
    const std::string svg = progress_svg(three_rounds(), map.view(), 0.4);
    const double section = numbers(values(svg, "image", "width")).at(0);
    const auto widths = values(svg, "line", "stroke-width");
    const auto bar = std::find(widths.begin(), widths.end(), "4") - widths.begin();
    REQUIRE(bar < static_cast<std::ptrdiff_t>(widths.size()));
    const auto i = static_cast<std::size_t>(bar);
    const double length = numbers(values(svg, "line", "x2")).at(i) - numbers(values(svg, "line", "x1")).at(i);
    CHECK(length == Approx(5 / (32 * 0.4) * section).margin(0.11));
    for (const double voxel_A : {0.0, -1.0, not_a_number, infinity, 0.01}) {
        const std::string bare = progress_svg(three_rounds(), map.view(), voxel_A);
        check_sound(bare);
        CHECK(bare.find("5 Å") == std::string::npos);
    }
}

TEST_CASE("the scores are points at heights in proportion, searches rings") {
    const Volume map = slanted_map(8);
    const std::string svg = progress_svg(three_rounds(), map.view(), 0.4);
    const auto x = numbers(values(svg, "circle", "cx")), y = numbers(values(svg, "circle", "cy"));
    const auto fill = values(svg, "circle", "fill");
    REQUIRE(x.size() == 4);  // and the ring that explains the rings
    CHECK(x[1] - x[0] == Approx(x[2] - x[1]).margin(0.11));
    CHECK(x[1] > x[0]);
    CHECK(y[0] - y[1] == Approx(y[1] - y[2]).margin(0.11));
    CHECK(y[0] > y[1]);
    CHECK(fill[0] == fill[2]);
    CHECK(fill[0] != fill[1]);
    CHECK(values(svg, "polyline", "points").size() == 1);
}

TEST_CASE("the shares are bars with heights in proportion, the round before beside them") {
    const Volume map = slanted_map(8);
    const std::string svg = progress_svg(three_rounds(), map.view(), 0.4);
    const auto fill = values(svg, "rect", "fill");
    const auto height = numbers(values(svg, "rect", "height"));
    // White ground, then before and now for each of two poses, then two squares that explain the colours.
    REQUIRE(height.size() == 7);
    CHECK(height[2] / height[4] == Approx(0.75 / 0.125).epsilon(0.01));
    CHECK(height[1] / height[2] == Approx(0.6 / 0.75).epsilon(0.01));
    CHECK(height[3] / height[2] == Approx(0.2 / 0.75).epsilon(0.01));
    CHECK(fill[1] == fill[3]);
    CHECK(fill[2] == fill[4]);
    CHECK(fill[1] != fill[2]);
}

TEST_CASE("one round, a level score and a constant map are drawn without a division by zero") {
    Volume map(6, 0.4);
    for (const float level : {0.0F, -3.5F, 1e30F}) {
        std::fill(map.values.begin(), map.values.end(), level);
        for (const double score : {0.0, 12.5, -4e6}) {
            const std::vector<RoundSummary> one = {{4, false, score, 0.5, 0, {1.0}, 0}};
            const std::string svg = progress_svg(one, map.view(), 0.4);
            check_sound(svg);
            const auto pixels = section_pixels(svg, 6);
            CHECK(std::count(pixels.begin(), pixels.end(), pixels[0]) == 36);
            CHECK(svg.find("the round before") == std::string::npos);
            check_sound(progress_svg(std::vector<RoundSummary>(2, one[0]), map.view(), 0.4));
        }
    }
}

TEST_CASE("figures that are not finite are left out of the picture") {
    Volume map = slanted_map(6);
    map.at(2, 3, 3) = static_cast<float>(not_a_number);
    map.at(4, 3, 3) = static_cast<float>(infinity);
    for (const double bad : {not_a_number, infinity, -infinity}) {
        auto history = three_rounds();
        history[1].held_out_score = history[1].shares[0] = bad;
        const std::string svg = progress_svg(history, map.view(), 0.4);
        check_sound(svg);
        CHECK(values(svg, "circle", "cx").size() == 3);
        CHECK(section_pixels(svg, 6)[3 * 6 + 2] == 0);
        CHECK(section_pixels(svg, 6)[3 * 6 + 4] == 0);
        history[2] = {3, true, bad, bad, bad, {bad, bad}, 179};
        check_sound(progress_svg(history, map.view(), bad));
        history[2].held_out_score = 50;
        check_sound(progress_svg(history, map.view(), 0.4));
        const std::vector<RoundSummary> only_bad = {{1, true, bad, bad, bad, {}, 0}};
        check_sound(progress_svg(only_bad, VolumeView{}, 0.4));
    }
}

TEST_CASE("a long history stays on the picture") {
    const Volume map = slanted_map(6);
    std::vector<RoundSummary> history;
    for (int i = 1; i <= 250; i++)
        history.push_back(
            {i, i % 10 == 1, 100 * std::sin(0.1 * i), 2.0, 0.5, std::vector<double>(8, 0.125), 1500});
    const std::string svg = progress_svg(history, map.view(), 0.4);
    check_sound(svg);
    CHECK(values(svg, "circle", "cx").size() == 251);
}

TEST_CASE("each round replaces progress.svg, also when the program is quiet") {
    const Scratch scratch;
    const fs::path file = scratch.path / "progress.svg";
    const Volume map = slanted_map(8);
    TerminalProgress progress(ProgressStyle::quiet);
    progress.round({1, true, 20, 0.15, 1, {0.4}, 160, map.view()});
    CHECK(fs::is_empty(scratch.path));
    progress.open_picture(file.string(), 0.4);
    progress.round({1, true, 20, 0.15, 1, {0.4}, 160, map.view()});
    CHECK_THAT(read(file), ContainsSubstring("Round 1: 160 atoms"));
    progress.round({2, false, 30, 0.25, 0.5, {0.6}, 170, map.view()});
    const std::vector<RoundSummary> both = {{1, true, 20, 0.15, 1, {0.4}, 160},
                                            {2, false, 30, 0.25, 0.5, {0.6}, 170}};
    CHECK(read(file) == progress_svg(both, map.view(), 0.4));
    CHECK(std::distance(fs::directory_iterator(scratch.path), {}) == 1);
}

TEST_CASE("a picture that cannot be written is logged once, tried again, and ends nothing") {
    const Scratch scratch;
    const fs::path folder = scratch.path / "absent";
    const Volume map = slanted_map(8);
    {
        TerminalProgress progress(ProgressStyle::quiet);
        progress.open_log((scratch.path / "log.txt").string(), false);
        progress.open_picture((folder / "progress.svg").string(), 0.4);
        for (int i = 1; i <= 3; i++) progress.round({i, false, 20, 0.15, 1, {0.4}, 160, map.view()});
        fs::create_directory(folder);
        progress.round({4, false, 20, 0.15, 1, {0.4}, 160, map.view()});
    }
    const std::string log = read(scratch.path / "log.txt");
    CHECK(std::count(log.begin(), log.end(), '\n') == 1);
    CHECK_THAT(log, ContainsSubstring("progress.svg"));
    CHECK_THAT(read(folder / "progress.svg"), ContainsSubstring("Round 4"));
}
