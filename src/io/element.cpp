#include "io/element.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <iterator>
#include <numbers>

#include "tumble/error.hpp"

namespace tumble {

namespace {

constexpr std::array<const char*, 118> symbols{
    "H",  "He", "Li", "Be", "B",  "C",  "N",  "O",  "F",  "Ne", "Na", "Mg", "Al", "Si", "P",  "S",  "Cl",
    "Ar", "K",  "Ca", "Sc", "Ti", "V",  "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga", "Ge", "As", "Se",
    "Br", "Kr", "Rb", "Sr", "Y",  "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd", "Ag", "Cd", "In", "Sn", "Sb",
    "Te", "I",  "Xe", "Cs", "Ba", "La", "Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er",
    "Tm", "Yb", "Lu", "Hf", "Ta", "W",  "Re", "Os", "Ir", "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Po", "At",
    "Rn", "Fr", "Ra", "Ac", "Th", "Pa", "U",  "Np", "Pu", "Am", "Cm", "Bk", "Cf", "Es", "Fm", "Md", "No",
    "Lr", "Rf", "Db", "Sg", "Bh", "Hs", "Mt", "Ds", "Rg", "Cn", "Nh", "Fl", "Mc", "Lv", "Ts", "Og"};

enum class Lattice { fcc, bcc, hcp, diamond };

// Lattice constants at room temperature in A (Kittel, Introduction to Solid State Physics, 8th ed.,
// table 1.3). For hcp the neighbour in the close-packed plane at distance a and the one between planes
// differ: the shorter is taken.
struct Crystal {
    const char* symbol;
    Lattice lattice;
    double a_A, c_A;
};
constexpr Crystal crystals[] = {{"Li", Lattice::bcc, 3.510, 0},     {"Be", Lattice::hcp, 2.286, 3.584},
                                {"C", Lattice::diamond, 3.567, 0},  {"Na", Lattice::bcc, 4.291, 0},
                                {"Mg", Lattice::hcp, 3.209, 5.211}, {"Al", Lattice::fcc, 4.050, 0},
                                {"Si", Lattice::diamond, 5.431, 0}, {"K", Lattice::bcc, 5.328, 0},
                                {"Ca", Lattice::fcc, 5.588, 0},     {"Sc", Lattice::hcp, 3.309, 5.273},
                                {"Ti", Lattice::hcp, 2.951, 4.683}, {"V", Lattice::bcc, 3.024, 0},
                                {"Cr", Lattice::bcc, 2.885, 0},     {"Fe", Lattice::bcc, 2.866, 0},
                                {"Co", Lattice::hcp, 2.507, 4.069}, {"Ni", Lattice::fcc, 3.524, 0},
                                {"Cu", Lattice::fcc, 3.615, 0},     {"Zn", Lattice::hcp, 2.665, 4.947},
                                {"Ge", Lattice::diamond, 5.658, 0}, {"Rb", Lattice::bcc, 5.705, 0},
                                {"Sr", Lattice::fcc, 6.085, 0},     {"Y", Lattice::hcp, 3.647, 5.731},
                                {"Zr", Lattice::hcp, 3.232, 5.148}, {"Nb", Lattice::bcc, 3.301, 0},
                                {"Mo", Lattice::bcc, 3.147, 0},     {"Tc", Lattice::hcp, 2.743, 4.400},
                                {"Ru", Lattice::hcp, 2.706, 4.282}, {"Rh", Lattice::fcc, 3.803, 0},
                                {"Pd", Lattice::fcc, 3.890, 0},     {"Ag", Lattice::fcc, 4.086, 0},
                                {"Cd", Lattice::hcp, 2.979, 5.618}, {"Cs", Lattice::bcc, 6.141, 0},
                                {"Ba", Lattice::bcc, 5.023, 0},     {"Ce", Lattice::fcc, 5.161, 0},
                                {"Gd", Lattice::hcp, 3.634, 5.781}, {"Tb", Lattice::hcp, 3.606, 5.697},
                                {"Dy", Lattice::hcp, 3.592, 5.650}, {"Ho", Lattice::hcp, 3.578, 5.618},
                                {"Er", Lattice::hcp, 3.559, 5.585}, {"Tm", Lattice::hcp, 3.538, 5.554},
                                {"Yb", Lattice::fcc, 5.485, 0},     {"Lu", Lattice::hcp, 3.505, 5.549},
                                {"Hf", Lattice::hcp, 3.195, 5.051}, {"Ta", Lattice::bcc, 3.303, 0},
                                {"W", Lattice::bcc, 3.165, 0},      {"Re", Lattice::hcp, 2.761, 4.456},
                                {"Os", Lattice::hcp, 2.734, 4.317}, {"Ir", Lattice::fcc, 3.839, 0},
                                {"Pt", Lattice::fcc, 3.924, 0},     {"Au", Lattice::fcc, 4.078, 0},
                                {"Tl", Lattice::hcp, 3.457, 5.525}, {"Pb", Lattice::fcc, 4.951, 0},
                                {"Th", Lattice::fcc, 5.085, 0}};

double nearest_neighbour(const Crystal& crystal) {
    using std::numbers::sqrt2, std::numbers::sqrt3;
    switch (crystal.lattice) {
        case Lattice::fcc:
            return crystal.a_A / sqrt2;
        case Lattice::bcc:
            return crystal.a_A * sqrt3 / 2;
        case Lattice::diamond:
            return crystal.a_A * sqrt3 / 4;
        default:
            return std::min(crystal.a_A, std::hypot(crystal.a_A / sqrt3, crystal.c_A / 2));
    }
}

Element element(std::size_t index) {
    Element found{static_cast<int>(index) + 1, symbols[index], 0};
    for (const Crystal& crystal : crystals)
        if (found.symbol == crystal.symbol) found.nearest_neighbour_A = nearest_neighbour(crystal);
    return found;
}

// Levenshtein distance, for the hint.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); j++) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); i++) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); j++) {
            const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

std::string in_symbol_case(std::string_view text) {
    std::string out(text);
    for (std::size_t i = 0; i < out.size(); i++) {
        const auto c = static_cast<unsigned char>(out[i]);
        out[i] = static_cast<char>(i == 0 ? std::toupper(c) : std::tolower(c));
    }
    return out;
}

// Of equally near symbols the one that begins alike and has a tabulated crystal, as the likelier to be meant.
std::string nearest_symbol(const std::string& wanted) {
    std::size_t best = 0, best_cost = ~std::size_t{0};
    for (std::size_t i = 0; i < symbols.size(); i++) {
        const std::size_t first_letter = !wanted.empty() && symbols[i][0] == wanted[0] ? 0 : 2;
        const std::size_t cost = 10 * edit_distance(wanted, symbols[i]) + first_letter +
                                 (element(i).nearest_neighbour_A > 0 ? 0 : 1);
        if (cost < best_cost) best = i, best_cost = cost;
    }
    return symbols[best];
}

}  // namespace

Element find_element(std::string_view symbol) {
    const std::string wanted = in_symbol_case(symbol);
    const auto* found =
        std::find_if(symbols.begin(), symbols.end(), [&](const char* s) { return wanted == s; });
    if (found != symbols.end()) return element(static_cast<std::size_t>(found - symbols.begin()));
    throw bad_input(fmt::format("unknown element '{}': expected a chemical symbol, did you mean '{}'?",
                                symbol, nearest_symbol(wanted)));
}

std::vector<Element> parse_elements(std::string_view list) {
    std::vector<Element> elements;
    while (true) {
        const std::size_t comma = std::min(list.find(','), list.size());
        std::string_view item = list.substr(0, comma);
        while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
        while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
        if (item.empty())
            throw bad_input(
                "an element name is empty: expected chemical symbols separated by commas, such as Fe,Pt");
        elements.push_back(find_element(item));
        if (comma == list.size()) return elements;
        list.remove_prefix(comma + 1);
    }
}

std::string element_symbol(int number) {
    if (number < 1 || number > static_cast<int>(symbols.size()))
        throw bad_input(
            fmt::format("atomic number {} is not known: expected 1 to {}", number, symbols.size()));
    return symbols[static_cast<std::size_t>(number) - 1];
}

}  // namespace tumble
