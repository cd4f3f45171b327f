#pragma once
// Chemical elements 1 (H) to 96 (Cm): symbol, atomic number, distance of neighbours in the solid.
#include <string>
#include <string_view>
#include <vector>

namespace tumble {

/// True for a symbol in its proper spelling ("Pt", not "pt").
bool is_element(std::string_view symbol);

/// Throws Error(input): "unknown element 'Ptt': expected a chemical symbol, did you mean 'Pt'?".
int atomic_number(std::string_view symbol);

/// Throws Error(input) for a number outside 1 to 96.
std::string element_symbol(int atomic_number);

/// Distance of nearest neighbours in the elemental solid at room temperature, in A: from the lattice
/// constants (Kittel, Introduction to Solid State Physics, 8th ed., ch. 1; CRC Handbook) where it is a metal
/// or has the diamond structure, else twice the covalent radius (Cordero et al., Dalton Trans. 2832 (2008)).
/// Throws as atomic_number.
double nearest_neighbour_A(std::string_view symbol);

/// "Fe,Pt" -> {"Fe", "Pt"}; blanks about the symbols are dropped. Throws as atomic_number, and for a symbol
/// given twice.
std::vector<std::string> parse_elements(std::string_view list);

}  // namespace tumble
