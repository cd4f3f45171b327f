#include "io/mmcif.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <numbers>

#include "io/atomic_file.hpp"
#include "io/element.hpp"
#include "io/extxyz.hpp"
#include "io/star.hpp"
#include "tumble/error.hpp"

namespace tumble {

namespace {

// gemmi reads no atoms without label_alt_id, which the dictionary does not demand.
constexpr const char* written_columns =
    "_atom_site.group_PDB\n"
    "_atom_site.id\n"
    "_atom_site.type_symbol\n"
    "_atom_site.label_atom_id\n"
    "_atom_site.label_alt_id\n"
    "_atom_site.label_comp_id\n"
    "_atom_site.label_asym_id\n"
    "_atom_site.label_entity_id\n"
    "_atom_site.label_seq_id\n"
    "_atom_site.Cartn_x\n"
    "_atom_site.Cartn_y\n"
    "_atom_site.Cartn_z\n"
    "_atom_site.occupancy\n"
    "_atom_site.B_iso_or_equiv\n"
    "_atom_site.auth_seq_id\n"
    "_atom_site.auth_asym_id\n"
    "_atom_site.pdbx_PDB_model_num\n"
    "_atom_site.Cartn_x_esd\n"
    "_atom_site.Cartn_y_esd\n"
    "_atom_site.Cartn_z_esd\n";

std::string upper_case(std::string text) {
    for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
}

std::size_t site_column(const StarTable& table, const std::string& name, const std::string& file) {
    for (const char* prefix : {"atom_site.", "atom_site_"})
        if (const auto column = table.column(prefix + name)) return *column;
    throw bad_input(fmt::format("'{}': _atom_site.{} is missing", file, name));
}

const StarTable& atom_sites(const StarFile& file, const std::string& name) {
    for (const StarTable& table : file.tables)
        if (table.column("atom_site.Cartn_x") || table.column("atom_site_Cartn_x")) return table;
    throw bad_input(fmt::format("'{}': no _atom_site loop with Cartn_x found", name));
}

// A CIF number may carry its standard error in brackets: 1.234(5).
double cif_number(const std::string& text, std::size_t row, const std::string& file) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = end == text.data() + text.size() || *end == '(';
    if (error != std::errc() || !whole || !std::isfinite(value))
        throw bad_input(
            fmt::format("'{}', atom {}: found '{}', expected a finite number", file, row + 1, text));
    return value;
}

// '.' and '?' stand for values that are not given.
double cif_number_or_zero(const std::string& text, std::size_t row, const std::string& file) {
    return text == "." || text == "?" ? 0 : cif_number(text, row, file);
}

std::string site_element(const std::string& text, std::size_t row, const std::string& file) {
    try {
        return find_element(text).symbol;
    } catch (const Error& error) {
        throw bad_input(fmt::format("'{}', atom {}: {}", file, row + 1, error.what()));
    }
}

}  // namespace

void write_mmcif(const std::filesystem::path& path, const Atoms& atoms, const std::string& title) {
    std::string safe_title;
    for (const char c : title) safe_title += c == '"' || c == '\n' ? ' ' : c;
    std::string text =
        fmt::format("data_tumble\n_entry.id tumble\n_struct.entry_id tumble\n_struct.title \"{}\"\nloop_\n{}",
                    safe_title, written_columns);
    for (std::size_t i = 0; i < atoms.size(); i++) {
        const Atom& atom = atoms[i];
        const std::string name = upper_case(atom.element);
        const double sigma = sigma_per_axis_A(atom),
                     b = 8 * std::numbers::pi * std::numbers::pi * sigma * sigma;
        text += fmt::format(
            "HETATM {} {} {} . {} A 1 . {:.4f} {:.4f} {:.4f} 1.00 {:.4f} {} A 1 {:.4f} {:.4f} {:.4f}\n",
            i + 1, atom.element, name, name, atom.position_A.x, atom.position_A.y, atom.position_A.z, b,
            i + 1, atom.sigma_A.x, atom.sigma_A.y, atom.sigma_A.z);
    }
    write_text_file(path, text + "#\n");
}

Atoms read_mmcif(const std::filesystem::path& path) {
    const std::string name = path.string();
    const StarFile file = read_star(path, StarLayout::free);
    const StarTable& table = atom_sites(file, name);
    const std::size_t x = site_column(table, "Cartn_x", name), y = site_column(table, "Cartn_y", name),
                      z = site_column(table, "Cartn_z", name),
                      symbol = site_column(table, "type_symbol", name);
    const auto model = table.column("atom_site.pdbx_PDB_model_num");
    const auto sigma_x = table.column("atom_site.Cartn_x_esd"),
               sigma_y = table.column("atom_site.Cartn_y_esd"),
               sigma_z = table.column("atom_site.Cartn_z_esd");
    Atoms atoms;
    for (std::size_t row = 0; row < table.rows.size(); row++) {
        const auto& values = table.rows[row];
        if (model && values[*model] != table.rows[0][*model]) break;
        Atom& atom = atoms.emplace_back();
        atom.element = site_element(values[symbol], row, name);
        atom.position_A = {cif_number(values[x], row, name), cif_number(values[y], row, name),
                           cif_number(values[z], row, name)};
        if (sigma_x && sigma_y && sigma_z)
            atom.sigma_A = {cif_number_or_zero(values[*sigma_x], row, name),
                            cif_number_or_zero(values[*sigma_y], row, name),
                            cif_number_or_zero(values[*sigma_z], row, name)};
    }
    if (atoms.empty()) throw bad_input(fmt::format("'{}': the _atom_site loop has no atoms", name));
    return atoms;
}

}  // namespace tumble
