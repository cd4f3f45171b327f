#pragma once
// Tables of numbers and names as CSV: comma, dot, LF, units in the column names (`x_A`), `nan` for undefined.
#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

namespace tumble {

struct CsvColumn {
    std::string name;
    std::variant<std::vector<double>, std::vector<std::int64_t>, std::vector<std::string>> values;
};

/// Writes a header row and the columns, numbers with the fewest digits that give the same value back. Atomic.
/// Throws bad_input where the columns differ in length.
void write_csv(const std::filesystem::path& path, const std::vector<CsvColumn>& columns);

}  // namespace tumble
