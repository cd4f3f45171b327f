#include "io/element.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <numbers>

#include "tumble/error.hpp"

namespace tumble {

namespace {

enum class Solid { none, fcc, bcc, hcp, diamond, distance };

/// a and c in A. hcp: a, c (double-hcp metals: half of their c). distance: a is the nearest-neighbour
/// distance itself.
struct Element {
    std::string_view symbol;
    double covalent_radius_A;
    Solid solid = Solid::none;
    double a_A = 0, c_A = 0;
};

constexpr std::array<Element, 96> elements = {{
    {"H", 0.31},
    {"He", 0.28},
    {"Li", 1.28, Solid::bcc, 3.5100},
    {"Be", 0.96, Solid::hcp, 2.2858, 3.5843},
    {"B", 0.84},
    {"C", 0.76, Solid::diamond, 3.5670},
    {"N", 0.71},
    {"O", 0.66},
    {"F", 0.57},
    {"Ne", 0.58},
    {"Na", 1.66, Solid::bcc, 4.2906},
    {"Mg", 1.41, Solid::hcp, 3.2094, 5.2108},
    {"Al", 1.21, Solid::fcc, 4.0495},
    {"Si", 1.11, Solid::diamond, 5.4310},
    {"P", 1.07},
    {"S", 1.05},
    {"Cl", 1.02},
    {"Ar", 1.06},
    {"K", 2.03, Solid::bcc, 5.3280},
    {"Ca", 1.76, Solid::fcc, 5.5884},
    {"Sc", 1.70, Solid::hcp, 3.3090, 5.2733},
    {"Ti", 1.60, Solid::hcp, 2.9508, 4.6855},
    {"V", 1.53, Solid::bcc, 3.0240},
    {"Cr", 1.39, Solid::bcc, 2.8848},
    {"Mn", 1.39, Solid::distance, 2.24},
    {"Fe", 1.32, Solid::bcc, 2.8665},
    {"Co", 1.26, Solid::hcp, 2.5071, 4.0695},
    {"Ni", 1.24, Solid::fcc, 3.5240},
    {"Cu", 1.32, Solid::fcc, 3.6149},
    {"Zn", 1.22, Solid::hcp, 2.6649, 4.9468},
    {"Ga", 1.22, Solid::distance, 2.44},
    {"Ge", 1.20, Solid::diamond, 5.6575},
    {"As", 1.19, Solid::distance, 2.52},
    {"Se", 1.20, Solid::distance, 2.37},
    {"Br", 1.20},
    {"Kr", 1.16},
    {"Rb", 2.20, Solid::bcc, 5.5850},
    {"Sr", 1.95, Solid::fcc, 6.0849},
    {"Y", 1.90, Solid::hcp, 3.6474, 5.7306},
    {"Zr", 1.75, Solid::hcp, 3.2320, 5.1470},
    {"Nb", 1.64, Solid::bcc, 3.3004},
    {"Mo", 1.54, Solid::bcc, 3.1470},
    {"Tc", 1.47, Solid::hcp, 2.7350, 4.3880},
    {"Ru", 1.46, Solid::hcp, 2.7059, 4.2815},
    {"Rh", 1.42, Solid::fcc, 3.8034},
    {"Pd", 1.39, Solid::fcc, 3.8907},
    {"Ag", 1.45, Solid::fcc, 4.0862},
    {"Cd", 1.44, Solid::hcp, 2.9794, 5.6186},
    {"In", 1.42, Solid::distance, 3.25},
    {"Sn", 1.39, Solid::distance, 3.02},
    {"Sb", 1.39, Solid::distance, 2.91},
    {"Te", 1.38, Solid::distance, 2.84},
    {"I", 1.39},
    {"Xe", 1.40},
    {"Cs", 2.44, Solid::bcc, 6.1410},
    {"Ba", 2.15, Solid::bcc, 5.0280},
    {"La", 2.07, Solid::hcp, 3.7740, 6.0855},
    {"Ce", 2.04, Solid::fcc, 5.1610},
    {"Pr", 2.03, Solid::hcp, 3.6721, 5.9163},
    {"Nd", 2.01, Solid::hcp, 3.6582, 5.8983},
    {"Pm", 1.99, Solid::hcp, 3.6500, 5.8250},
    {"Sm", 1.98, Solid::distance, 3.59},
    {"Eu", 1.98, Solid::bcc, 4.5827},
    {"Gd", 1.96, Solid::hcp, 3.6336, 5.7810},
    {"Tb", 1.94, Solid::hcp, 3.6055, 5.6966},
    {"Dy", 1.92, Solid::hcp, 3.5915, 5.6501},
    {"Ho", 1.92, Solid::hcp, 3.5778, 5.6178},
    {"Er", 1.89, Solid::hcp, 3.5592, 5.5850},
    {"Tm", 1.90, Solid::hcp, 3.5375, 5.5540},
    {"Yb", 1.87, Solid::fcc, 5.4848},
    {"Lu", 1.87, Solid::hcp, 3.5052, 5.5494},
    {"Hf", 1.75, Solid::hcp, 3.1964, 5.0511},
    {"Ta", 1.70, Solid::bcc, 3.3013},
    {"W", 1.62, Solid::bcc, 3.1652},
    {"Re", 1.51, Solid::hcp, 2.7610, 4.4560},
    {"Os", 1.44, Solid::hcp, 2.7344, 4.3173},
    {"Ir", 1.41, Solid::fcc, 3.8390},
    {"Pt", 1.36, Solid::fcc, 3.9240},
    {"Au", 1.36, Solid::fcc, 4.0782},
    {"Hg", 1.32, Solid::distance, 3.01},
    {"Tl", 1.45, Solid::hcp, 3.4566, 5.5248},
    {"Pb", 1.46, Solid::fcc, 4.9508},
    {"Bi", 1.48, Solid::distance, 3.07},
    {"Po", 1.40, Solid::distance, 3.36},
    {"At", 1.50},
    {"Rn", 1.50},
    {"Fr", 2.60},
    {"Ra", 2.21, Solid::bcc, 5.1480},
    {"Ac", 2.15, Solid::fcc, 5.3110},
    {"Th", 2.06, Solid::fcc, 5.0842},
    {"Pa", 2.00, Solid::distance, 3.21},
    {"U", 1.96, Solid::distance, 2.75},
    {"Np", 1.90, Solid::distance, 2.62},
    {"Pu", 1.87, Solid::distance, 3.10},
    {"Am", 1.80, Solid::hcp, 3.4681, 5.6205},
    {"Cm", 1.69, Solid::hcp, 3.4960, 5.6655},
}};

const Element* find(std::string_view symbol) {
    const auto* const found =
        std::find_if(elements.begin(), elements.end(), [&](const Element& e) { return e.symbol == symbol; });
    return found == elements.end() ? nullptr : found;
}

/// The symbol that was most likely meant: same letters in another case, else the first two letters or the
/// first.
std::string suggestion(std::string_view word) {
    std::string spelled(word.substr(0, 2));
    for (std::size_t i = 0; i < spelled.size(); i++) {
        const auto letter = static_cast<unsigned char>(spelled[i]);
        spelled[i] = static_cast<char>(i == 0 ? std::toupper(letter) : std::tolower(letter));
    }
    if (word.size() > 3) return {};
    for (; !spelled.empty(); spelled.pop_back())
        if (find(spelled) != nullptr) return spelled;
    return {};
}

const Element& element(std::string_view symbol) {
    const Element* const found = find(symbol);
    if (found != nullptr) return *found;
    const std::string meant = suggestion(symbol);
    throw bad_input(fmt::format("unknown element '{}': expected a chemical symbol{}", symbol,
                                meant.empty() ? " such as Pt" : fmt::format(", did you mean '{}'?", meant)));
}

}  // namespace

bool is_element(std::string_view symbol) {
    return find(symbol) != nullptr;
}

int atomic_number(std::string_view symbol) {
    return static_cast<int>(&element(symbol) - elements.data()) + 1;
}

std::string element_symbol(int atomic_number) {
    if (atomic_number < 1 || atomic_number > static_cast<int>(elements.size()))
        throw bad_input(
            fmt::format("unknown atomic number {}: expected 1 to {}", atomic_number, elements.size()));
    return std::string(elements[static_cast<std::size_t>(atomic_number - 1)].symbol);
}

double nearest_neighbour_A(std::string_view symbol) {
    const Element& e = element(symbol);
    switch (e.solid) {
        case Solid::fcc:
            return e.a_A / std::numbers::sqrt2;
        case Solid::bcc:
            return e.a_A * std::numbers::sqrt3 / 2;
        case Solid::hcp:
            return std::min(e.a_A, std::sqrt(e.a_A * e.a_A / 3 + e.c_A * e.c_A / 4));
        case Solid::diamond:
            return e.a_A * std::numbers::sqrt3 / 4;
        case Solid::distance:
            return e.a_A;
        case Solid::none:
            break;
    }
    return 2 * e.covalent_radius_A;
}

std::vector<std::string> parse_elements(std::string_view list) {
    std::vector<std::string> symbols;
    for (std::size_t begin = 0; begin <= list.size();) {
        const std::size_t end = std::min(list.find(',', begin), list.size());
        std::string_view word = list.substr(begin, end - begin);
        while (!word.empty() && word.front() == ' ') word.remove_prefix(1);
        while (!word.empty() && word.back() == ' ') word.remove_suffix(1);
        symbols.emplace_back(element(word).symbol);
        if (std::count(symbols.begin(), symbols.end(), symbols.back()) > 1)
            throw bad_input(
                fmt::format("element '{}' is given twice in '{}', expected each symbol once", word, list));
        begin = end + 1;
    }
    return symbols;
}

}  // namespace tumble
