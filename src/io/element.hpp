#pragma once
// Chemical elements: symbols, atomic numbers, nearest-neighbour distances.
#include <string>
#include <string_view>
#include <vector>

namespace tumble {

struct Element {
    int number = 0;  ///< atomic number Z
    std::string symbol;
    double nearest_neighbour_A = 0;  ///< in the elemental solid at room temperature, A; 0 where not tabulated
};

/// Finds an element by its symbol, in any case. Throws bad_input with the nearest symbol as a hint.
Element find_element(std::string_view symbol);

/// Elements of a list such as "Fe,Pt"; blanks are allowed. Throws bad_input as find_element, also for an
/// empty list.
std::vector<Element> parse_elements(std::string_view list);

/// Symbol of an atomic number; bad_input outside 1 to 118.
std::string element_symbol(int number);

}  // namespace tumble
