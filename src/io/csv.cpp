#include "io/csv.hpp"

#include <fmt/format.h>

#include <cmath>

#include "io/atomic_file.hpp"
#include "tumble/error.hpp"

namespace tumble {

namespace {

std::string field(double value) {
    return std::isnan(value) ? "nan" : fmt::format("{}", value);
}
std::string field(std::int64_t value) {
    return std::to_string(value);
}
std::string field(const std::string& value) {
    if (value.find_first_of(",\"\r\n") == std::string::npos) return value;
    std::string quoted(1, '"');
    for (const char c : value) quoted.append(c == '"' ? 2 : 1, c);
    quoted.push_back('"');
    return quoted;
}

}  // namespace

void write_csv(const std::filesystem::path& path, const std::vector<CsvColumn>& columns) {
    const auto size = [](const CsvColumn& column) {
        return std::visit([](const auto& v) { return v.size(); }, column.values);
    };
    const std::size_t rows = columns.empty() ? 0 : size(columns[0]);
    std::string text;
    for (std::size_t c = 0; c < columns.size(); c++) {
        if (size(columns[c]) != rows)
            throw bad_input(fmt::format("'{}': column '{}' has {} values, expected {}", path.string(),
                                        columns[c].name, size(columns[c]), rows));
        if (c > 0) text.push_back(',');
        text.append(field(columns[c].name));
    }
    text += '\n';
    for (std::size_t row = 0; row < rows; row++) {
        for (std::size_t c = 0; c < columns.size(); c++) {
            if (c > 0) text.push_back(',');
            text.append(std::visit([&](const auto& v) { return field(v[row]); }, columns[c].values));
        }
        text += '\n';
    }
    write_text_file(path, text);
}

}  // namespace tumble
