#pragma once
// The options of a reconstruction by name: one table for the program's help, the C interface and the manual.
#include <cstdint>
#include <span>
#include <string>

#include "tumble/reconstruct.hpp"

namespace tumble {

enum class OptionType { whole_number, number, text };

struct OptionEntry {
    const char* name;           ///< the program's long option without its dashes
    OptionType type;            ///< switches are whole numbers, 0 or 1
    const char* unit;           ///< "A", or ""
    const char* default_value;  ///< as text; "" where the option must be given
    double minimum, maximum;    ///< of numbers, both allowed; unbounded where infinite
    const char* choices;        ///< words that a text may be, separated by "|"; "" for free text
    const char* text;           ///< one line
};

/// All options. The strings live as long as the process. Any thread.
std::span<const OptionEntry> option_table();

/// Sets an option by its name. Throws Error(input) for a name that is not in the table, for another type than the table's (a
/// whole number also sets a number), for a number out of bounds, and for a word that is none of the choices.
void set_option(ReconstructOptions& options, const std::string& name, std::int64_t value);
void set_option(ReconstructOptions& options, const std::string& name, double value);
void set_option(ReconstructOptions& options, const std::string& name, const std::string& value);

}  // namespace tumble
