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

}  // namespace

void write_pdb(const std::filesystem::path& path, const Atoms& atoms, const std::string& title) {
    std::string text = fmt::format(
        "TITLE     {:.70}\nREMARK   3 B FACTOR COLUMN: 100 X STANDARD ERROR PER AXIS IN A\n", title);
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
    for (std::string line; std::getline(stream, line);) {
        number++;
        if (line.starts_with("ENDMDL")) break;
        if (!line.starts_with("ATOM  ") && !line.starts_with("HETATM")) continue;
        double r[3];
        for (std::size_t axis = 0; axis < 3; axis++) {
            const std::string value = field(line, 31 + 8 * axis, 38 + 8 * axis);
            const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), r[axis]);
            if (error != std::errc() || end != value.data() + value.size() || !std::isfinite(r[axis]))
                throw bad_input(fmt::format(
                    "'{}', line {}: coordinate '{}', expected a finite number in columns {} to {}",
                    path.string(), number, value, 31 + 8 * axis, 38 + 8 * axis));
        }
        std::string element = field(line, 77, 78);
        if (element.empty()) element = field(line, 13, 14);
        atoms.push_back({find_element(element).symbol, {r[0], r[1], r[2]}, {}, 0, 0, 0});
    }
    if (atoms.empty()) throw bad_input(fmt::format("'{}': no ATOM or HETATM records found", path.string()));
    return atoms;
}

}  // namespace tumble
