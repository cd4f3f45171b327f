#include "io/pdb.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>

#include "io/atomic_file.hpp"
#include "io/element.hpp"
#include "io/extxyz.hpp"
#include "tumble/error.hpp"

namespace tumble {

namespace {

constexpr const char* error_remark = "REMARK   3 B FACTOR COLUMN: 100 X STANDARD ERROR PER AXIS IN A";

std::string upper_case(std::string text) {
    for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
}

// Columns counted from 1, as in the format's description; without blanks on either side.
std::string field(const std::string& line, std::size_t first, std::size_t last) {
    if (line.size() < first) return {};
    std::string text = line.substr(first - 1, last - first + 1);
    std::erase_if(text, [](char c) { return c == ' ' || c == '\r'; });
    return text;
}

// One ATOM or HETATM record; errors name the file and the line.
class RecordLine {
  public:
    RecordLine(const std::string& line, std::size_t line_number, const std::string& file)
        : line_(line), line_number_(line_number), file_(file) {}

    double number(std::size_t first, std::size_t last) const {
        const std::string value = field(line_, first, last);
        double result = 0;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), result);
        if (error != std::errc() || end != value.data() + value.size() || !std::isfinite(result))
            throw bad_input(
                fmt::format("'{}', line {}: found '{}', expected a finite number in columns {} to {}", file_,
                            line_number_, value, first, last));
        return result;
    }
    std::string element() const {
        std::string symbol = field(line_, 77, 78);
        if (symbol.empty()) symbol = field(line_, 13, 14);
        try {
            return find_element(symbol).symbol;
        } catch (const Error& error) {
            throw bad_input(fmt::format("'{}', line {}: {}", file_, line_number_, error.what()));
        }
    }

  private:
    const std::string& line_;
    std::size_t line_number_;
    std::string file_;
};

}  // namespace

void write_pdb(const std::filesystem::path& path, const Atoms& atoms, const std::string& title) {
    std::string text = fmt::format("TITLE     {:.70}\n{}\n", title, error_remark);
    for (std::size_t i = 0; i < atoms.size(); i++) {
        const Vec3 r = atoms[i].position_A;
        if (std::min({r.x, r.y, r.z}) < -999.999 || std::max({r.x, r.y, r.z}) > 9999.999)
            throw bad_input(fmt::format("'{}': atom {} lies at {} {} {} A, beyond what PDB can hold",
                                        path.string(), i + 1, r.x, r.y, r.z));
        const std::string element = upper_case(atoms[i].element);
        const std::string name = element.size() == 2 ? element : " " + element;
        const double error = std::min(100 * sigma_per_axis_A(atoms[i]), 999.99);
        text += fmt::format(
            "HETATM{:5d} {:<4} {:>3} A{:4d}    {:8.3f}{:8.3f}{:8.3f}{:6.2f}{:6.2f}          {:>2}\n",
            i % 99999 + 1, name, element, i % 9999 + 1, r.x, r.y, r.z, 1.0, error, element);
    }
    write_text_file(path, text + "END\n");
}

Atoms read_pdb(const std::filesystem::path& path) {
    std::istringstream stream(read_text_file(path));
    Atoms atoms;
    std::size_t number = 0;
    bool errors_in_b_column = false;
    for (std::string line; std::getline(stream, line);) {
        number++;
        errors_in_b_column = errors_in_b_column || line.starts_with(error_remark);
        if (line.starts_with("ENDMDL")) break;
        if (!line.starts_with("ATOM  ") && !line.starts_with("HETATM")) continue;
        const RecordLine record(line, number, path.string());
        Atom& atom = atoms.emplace_back();
        atom.element = record.element();
        atom.position_A = {record.number(31, 38), record.number(39, 46), record.number(47, 54)};
        if (errors_in_b_column) atom.sigma_A = (record.number(61, 66) / 100) * Vec3{1, 1, 1};
    }
    if (atoms.empty()) throw bad_input(fmt::format("'{}': no ATOM or HETATM records found", path.string()));
    return atoms;
}

}  // namespace tumble
