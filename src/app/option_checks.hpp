#pragma once
// Checks of option values whose messages say what was found and what was expected.
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace tumble::app {

/// A number above zero, in `unit`.
CLI::Validator positive_number(const std::string& unit);
/// A whole number of at least `smallest`.
CLI::Validator whole_number(long long smallest);
/// One of the words.
CLI::Validator one_of(const std::vector<std::string>& words);

/// "Fe,Pt" -> {"Fe", "Pt"}. Throws Error(input) for a symbol that is no element, with the nearest one.
std::vector<std::string> element_list(const std::string& text);
/// Throws Error(input) when `value` is empty: "<verb>: --out is missing, expected <expected>".
void require_option(const std::string& verb, const std::string& option, const std::string& value,
                    const std::string& expected);

}  // namespace tumble::app
