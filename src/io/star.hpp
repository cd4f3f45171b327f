#pragma once
// STAR files as tables of text: unknown columns and the digits of numbers survive reading and writing
// unchanged. Also reads the loops of mmCIF, which share the syntax.
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tumble {

/// One block: a loop of rows, or a list of single values (one row, is_loop false).
struct StarTable {
    std::string name;                            ///< after "data_"; may be empty
    std::vector<std::string> columns;            ///< without the leading underscore
    std::vector<std::vector<std::string>> rows;  ///< as many values as columns, without quotes
    bool is_loop = true;

    std::optional<std::size_t> column(std::string_view column_name) const;
};

/// The tables of a file in order; mmCIF puts several under one block name.
struct StarFile {
    std::vector<StarTable> tables;
    const StarTable* find(std::string_view table_name) const;
};

/// One row a line (RELION), or values that may run over lines (mmCIF).
enum class StarLayout { row_per_line, free };

/// Throws bad_input naming file and line: no block, a value outside a block, a row of the wrong length, an
/// open quote.
StarFile read_star(const std::filesystem::path& path, StarLayout layout = StarLayout::row_per_line);
/// The same from text; `name` stands in error sentences.
StarFile parse_star(std::string_view text, const std::string& name,
                    StarLayout layout = StarLayout::row_per_line);

/// Writes every table under "# version 30001", as RELION 3.1 does; atomic.
void write_star(const std::filesystem::path& path, const StarFile& file);

}  // namespace tumble
