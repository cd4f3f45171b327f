#include "io/extxyz.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <sstream>

#include "io/atomic_file.hpp"
#include "io/element.hpp"
#include "tumble/error.hpp"

namespace tumble {

namespace {

// Without the sign of a negative zero, so that writing what was read gives the same text.
std::string four_decimals(double value) {
    std::string text = fmt::format("{:.4f}", value);
    return text == "-0.0000" ? "0.0000" : text;
}

}  // namespace

double sigma_per_axis_A(const Atom& atom) {
    return length(atom.sigma_A) / std::sqrt(3.0);
}

void write_extxyz(const std::filesystem::path& path, const Atoms& atoms,
                  const std::vector<std::pair<std::string, std::string>>& info,
                  std::span<const AtomColumn> columns) {
    std::string text = fmt::format(
        "{}\nProperties=species:S:1:pos:R:3:id:I:1:sigma:R:1:height:R:1:width:R:1:half_distance:R:1",
        atoms.size());
    for (const AtomColumn& column : columns) {
        if (column.values.size() != atoms.size() * static_cast<std::size_t>(column.width))
            throw bad_input(fmt::format("'{}': column '{}' has {} values, expected {}", path.string(),
                                        column.name, column.values.size(),
                                        atoms.size() * static_cast<std::size_t>(column.width)));
        text += fmt::format(":{}:{}:{}", column.name, column.type, column.width);
    }
    text += " pbc=\"F F F\" units=\"A\" sigma_definition=\"per_axis_rms\"";
    for (const auto& [key, value] : info) text += fmt::format(" {}=\"{}\"", key, value);
    text += '\n';
    for (std::size_t i = 0; i < atoms.size(); i++) {
        const Atom& atom = atoms[i];
        text += fmt::format("{:<2} {:>11} {:>11} {:>11} {:5d} {:8.4f} {:8.4f} {:8.4f} {:8.4f}", atom.element,
                            four_decimals(atom.position_A.x), four_decimals(atom.position_A.y),
                            four_decimals(atom.position_A.z), i + 1, sigma_per_axis_A(atom), atom.height,
                            atom.width_A, atom.half_distance_A);
        for (const AtomColumn& column : columns)
            for (std::size_t c = 0; c < static_cast<std::size_t>(column.width); c++) {
                const double value = column.values[i * static_cast<std::size_t>(column.width) + c];
                text += column.type == 'I' ? fmt::format(" {}", std::llround(value))
                                           : fmt::format(" {:.4f}", value);
            }
        text += '\n';
    }
    write_text_file(path, text);
}

namespace {

struct Property {
    std::string name;
    std::size_t first = 0, width = 1;
};

std::optional<std::size_t> whole_number(const std::string& text) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::vector<std::string> words_of(const std::string& line) {
    std::istringstream stream(line);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    return words;
}

// key=value pairs; a value with blanks stands in double quotes; a bare key is true.
std::map<std::string, std::string> parse_info(const std::string& line) {
    std::map<std::string, std::string> info;
    std::size_t at = 0;
    while ((at = line.find_first_not_of(" \t\r", at)) != std::string::npos) {
        const std::size_t end = std::min(line.find_first_of("= \t\r", at), line.size());
        const std::string key = line.substr(at, end - at);
        if (end == line.size() || line[end] != '=') {
            info.insert_or_assign(key, std::string(1, 'T'));
            at = end;
            continue;
        }
        const bool quoted = end + 1 < line.size() && line[end + 1] == '"';
        const std::size_t first = end + (quoted ? 2 : 1);
        const std::size_t last = std::min(line.find_first_of(quoted ? "\"" : " \t\r", first), line.size());
        info[key] = line.substr(first, last - first);
        at = last + (quoted ? 1 : 0);
        if (at >= line.size()) break;
    }
    return info;
}

std::vector<Property> parse_properties(const std::string& text, const std::string& name) {
    std::vector<Property> properties;
    std::size_t column = 0;
    std::istringstream stream(text);
    for (std::string field, type, width; std::getline(stream, field, ':');) {
        std::size_t count = 0;
        if (std::getline(stream, type, ':') && std::getline(stream, width, ':'))
            count = whole_number(width).value_or(0);
        if (count < 1 || count > 1000)
            throw bad_input(
                fmt::format("'{}', line 2: Properties is '{}', expected name:type:count", name, text));
        properties.push_back({field, column, count});
        column += count;
    }
    return properties;
}

class AtomLine {
  public:
    AtomLine(const std::string& file, std::size_t line, std::vector<std::string> words)
        : file_(file), line_(line), words_(std::move(words)) {}
    const std::string& word(std::size_t column) const {
        if (column >= words_.size())
            throw bad_input(fmt::format("'{}', line {}: found {} values, expected at least {}", file_, line_,
                                        words_.size(), column + 1));
        return words_[column];
    }
    double number(std::size_t column) const {
        const std::string& value = word(column);
        double result = 0;
        const char* first = value.data() + (value.starts_with('+') ? 1 : 0);
        const auto [end, error] = std::from_chars(first, value.data() + value.size(), result);
        if (error != std::errc() || end != value.data() + value.size() || !std::isfinite(result))
            throw bad_input(
                fmt::format("'{}', line {}: found '{}', expected a finite number", file_, line_, value));
        return result;
    }
    /// From a symbol or an atomic number: plain XYZ files have either.
    std::string element(std::size_t column) const {
        const std::string& value = word(column);
        const auto number = whole_number(value);
        try {
            return number ? element_symbol(static_cast<int>(std::min<std::size_t>(*number, 1000)))
                          : find_element(value).symbol;
        } catch (const Error& error) {
            throw bad_input(fmt::format("'{}', line {}: {}", file_, line_, error.what()));
        }
    }
    Vec3 vector(std::size_t column) const { return {number(column), number(column + 1), number(column + 2)}; }

  private:
    const std::string& file_;
    std::size_t line_;
    std::vector<std::string> words_;
};

void take_property(const Property& property, const AtomLine& line, Atom& atom) {
    if (property.name == "species" || property.name == "element")
        atom.element = line.element(property.first);
    else if (property.name == "Z" && atom.element.empty())
        atom.element = line.element(property.first);
    else if (property.name == "pos" && property.width == 3)
        atom.position_A = line.vector(property.first);
    else if (property.name == "sigma" && property.width == 3)
        atom.sigma_A = line.vector(property.first);
    else if (property.name == "sigma")
        atom.sigma_A = line.number(property.first) * Vec3{1, 1, 1};
    else if (property.name == "height")
        atom.height = line.number(property.first);
    else if (property.name == "width")
        atom.width_A = line.number(property.first);
    else if (property.name == "half_distance")
        atom.half_distance_A = line.number(property.first);
}

}  // namespace

AtomsFile read_extxyz(const std::filesystem::path& path) {
    const std::string name = path.string();
    std::istringstream stream(read_text_file(path));
    std::string line;
    std::getline(stream, line);
    const auto first = words_of(line);
    const auto count = first.size() == 1 ? whole_number(first[0]) : std::nullopt;
    if (!count)
        throw bad_input(
            fmt::format("'{}', line 1: found '{}', expected the number of atoms", name, line.substr(0, 40)));
    std::getline(stream, line);
    AtomsFile file;
    if (line.find('=') != std::string::npos) file.info = parse_info(line);
    const auto given = file.info.extract("Properties");
    const auto properties = parse_properties(given.empty() ? "species:S:1:pos:R:3" : given.mapped(), name);
    const auto has = [&](auto wanted) { return std::any_of(properties.begin(), properties.end(), wanted); };
    if (!has([](const Property& p) { return p.name == "pos" && p.width == 3; }))
        throw bad_input(fmt::format("'{}', line 2: Properties has no 'pos:R:3'", name));
    if (!has([](const Property& p) { return p.name == "species" || p.name == "element" || p.name == "Z"; }))
        throw bad_input(fmt::format("'{}', line 2: Properties has neither 'species:S:1' nor 'Z:I:1'", name));
    for (std::size_t i = 0; i < *count; i++) {
        if (!std::getline(stream, line))
            throw bad_input(fmt::format("'{}' is truncated: found {} atoms, expected {}", name, i, *count));
        const AtomLine atom_line(name, i + 3, words_of(line));
        Atom& atom = file.atoms.emplace_back();
        for (const Property& property : properties) take_property(property, atom_line, atom);
    }
    return file;
}

}  // namespace tumble
