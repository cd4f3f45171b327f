#include "io/star.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "io/atomic_file.hpp"
#include "tumble/error.hpp"

namespace tumble {

std::optional<std::size_t> StarTable::column(std::string_view column_name) const {
    const auto found = std::find(columns.begin(), columns.end(), column_name);
    if (found == columns.end()) return std::nullopt;
    return static_cast<std::size_t>(found - columns.begin());
}

const StarTable* StarFile::find(std::string_view table_name) const {
    for (const StarTable& table : tables)
        if (table.name == table_name) return &table;
    return nullptr;
}

namespace {

struct Token {
    std::string text;
    bool quoted = false;
};

bool begins_with_word(std::string_view text, std::string_view lower_case_word) {
    return text.size() >= lower_case_word.size() &&
           std::equal(lower_case_word.begin(), lower_case_word.end(), text.begin(),
                      [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
}
bool begins_block(std::string_view text) {
    return begins_with_word(text, "data_");
}
bool begins_loop(std::string_view text) {
    return text.size() == 5 && begins_with_word(text, "loop_");
}

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

class StarParser {
  public:
    StarParser(std::string_view text, const std::string& name, StarLayout layout)
        : rest_(text), name_(name), layout_(layout) {}

    StarFile parse() {
        while (next_line()) {
            if (take_text_field()) continue;
            for (const Token& token : tokens_of_line()) take(token);
            if (layout_ == StarLayout::row_per_line && in_rows_) finish_row();
        }
        finish_table();
        if (file_.tables.empty())
            throw bad_input(fmt::format("'{}' is not a STAR file: no 'data_' block found", name_));
        return std::move(file_);
    }

  private:
    bool next_line() {
        if (rest_.empty()) return false;
        const std::size_t end = std::min(rest_.find('\n'), rest_.size());
        line_ = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        line_number_++;
        return true;
    }

    [[noreturn]] void fail(const std::string& what) const {
        throw bad_input(fmt::format("'{}', line {}: {}", name_, line_number_, what));
    }

    // A value of several lines: from a line that begins with ';' to a line that is ';'.
    bool take_text_field() {
        if (line_.empty() || line_[0] != ';') return false;
        std::string text(line_.substr(1));
        for (;;) {
            if (!next_line()) fail("a text field that begins with ';' has no end");
            if (!line_.empty() && line_[0] == ';') break;
            text.append("\n").append(line_);
        }
        take({text, true});
        return true;
    }

    std::vector<Token> tokens_of_line() const {
        std::vector<Token> tokens;
        std::size_t at = 0;
        while (at < line_.size()) {
            const char c = line_[at];
            if (is_blank(c)) {
                at++;
            } else if (c == '#') {
                break;
            } else if (c == '"' || c == '\'') {
                // A quote ends a value only before a blank, so that names such as O5' survive.
                std::size_t end = at + 1;
                while (end < line_.size() &&
                       !(line_[end] == c && (end + 1 == line_.size() || is_blank(line_[end + 1]))))
                    end++;
                if (end == line_.size()) fail("a quoted value has no closing quote");
                tokens.push_back({std::string(line_.substr(at + 1, end - at - 1)), true});
                at = end + 1;
            } else {
                std::size_t end = at;
                while (end < line_.size() && !is_blank(line_[end])) end++;
                tokens.push_back({std::string(line_.substr(at, end - at)), false});
                at = end;
            }
        }
        return tokens;
    }

    void take(const Token& token) {
        if (!token.quoted && begins_block(token.text)) return begin_block(token.text.substr(5));
        if (!has_block_) fail(fmt::format("found '{}' before the first 'data_' block", token.text));
        if (!token.quoted && begins_loop(token.text)) return begin_loop();
        if (!token.quoted && token.text.starts_with('_')) return take_name(token.text.substr(1));
        take_value(token.text);
    }

    void begin_block(const std::string& name) {
        finish_table();
        table_.name = name;
        has_block_ = true;
    }

    void begin_loop() {
        const std::string name = table_.name;
        finish_table();
        table_.name = name;
        table_.is_loop = true;
        in_names_ = true;
    }

    void take_name(const std::string& name) {
        if (in_rows_) {  // a single value after a loop: a table of its own
            const std::string block = table_.name;
            finish_table();
            table_.name = block;
        }
        if (table_.column(name)) fail(fmt::format("column '{}' appears twice", name));
        if (!table_.is_loop && table_.columns.size() > row_.size())
            fail(fmt::format("'{}' has no value", table_.columns.back()));
        table_.columns.push_back(name);
    }

    void take_value(const std::string& value) {
        if (table_.columns.empty()) fail(fmt::format("found the value '{}' before any column name", value));
        if (table_.is_loop) in_names_ = false, in_rows_ = true;
        if (row_.size() == table_.columns.size())
            fail(fmt::format("found more than {} values, expected {}", row_.size(), row_.size()));
        row_.push_back(value);
        if (table_.is_loop && layout_ == StarLayout::free && row_.size() == table_.columns.size())
            finish_row();
    }

    void finish_row() {
        if (row_.empty()) return;
        if (row_.size() != table_.columns.size())
            fail(fmt::format("found {} values, expected {} as there are columns", row_.size(),
                             table_.columns.size()));
        table_.rows.push_back(std::move(row_));
        row_.clear();
    }

    void finish_table() {
        if (table_.is_loop && in_names_ && table_.columns.empty()) fail("'loop_' without column names");
        finish_row();
        if (!table_.columns.empty()) file_.tables.push_back(std::move(table_));
        table_ = {};
        table_.is_loop = false;
        row_.clear();
        in_rows_ = in_names_ = false;
    }

    std::string_view rest_, line_;
    std::string name_;
    StarLayout layout_;
    std::size_t line_number_ = 0;
    StarFile file_;
    StarTable table_{{}, {}, {}, false};
    std::vector<std::string> row_;
    bool has_block_ = false, in_names_ = false, in_rows_ = false;
};

// A quote inside a value closes it where a blank follows.
bool closes_early(const std::string& value, char quote) {
    for (std::size_t i = 0; i < value.size(); i++)
        if (value[i] == quote && (i + 1 == value.size() || is_blank(value[i + 1]))) return true;
    return false;
}

std::string quoted_where_needed(const std::string& value) {
    const bool plain = !value.empty() && value.find_first_of(" \t\r\n\"'") == std::string::npos &&
                       value[0] != '#' && value[0] != '_' && value[0] != ';' && !begins_block(value) &&
                       !begins_loop(value);
    if (plain) return value;
    if (value.find_first_of("\r\n") != std::string::npos)
        throw bad_input("a STAR value holds a line break, expected one line");
    for (const char quote : {'"', '\''})
        if (!closes_early(value, quote)) return fmt::format("{0}{1}{0}", quote, value);
    throw bad_input(fmt::format(
        "the STAR value {} cannot be written: both kinds of quote stand before blanks in it", value));
}

void append_loop(std::string& text, const StarTable& table) {
    std::vector<std::size_t> width(table.columns.size(), 0);
    for (const auto& row : table.rows)
        for (std::size_t c = 0; c < row.size(); c++)
            width[c] = std::max(width[c], quoted_where_needed(row[c]).size());
    text += "loop_\n";
    for (std::size_t c = 0; c < table.columns.size(); c++)
        text += fmt::format("_{} #{}\n", table.columns[c], c + 1);
    for (const auto& row : table.rows) {
        for (std::size_t c = 0; c < row.size(); c++)
            text += fmt::format("{}{:>{}}", c == 0 ? "" : " ", quoted_where_needed(row[c]), width[c]);
        text += '\n';
    }
}

}  // namespace

StarFile parse_star(std::string_view text, const std::string& name, StarLayout layout) {
    return StarParser(text, name, layout).parse();
}

StarFile read_star(const std::filesystem::path& path, StarLayout layout) {
    const std::string text = read_text_file(path);
    if (text.empty()) throw bad_input(fmt::format("cannot read '{}': the file is empty", path.string()));
    return parse_star(text, path.string(), layout);
}

void write_star(const std::filesystem::path& path, const StarFile& file) {
    std::string text;
    const std::string* block = nullptr;  // tables of one name in a row make one block
    for (const StarTable& table : file.tables) {
        if (block == nullptr || *block != table.name)
            text += fmt::format("\n# version 30001\n\ndata_{}\n\n", table.name);
        block = &table.name;
        if (table.is_loop) {
            append_loop(text, table);
        } else {
            for (std::size_t c = 0; c < table.columns.size(); c++)
                text +=
                    fmt::format("_{} {}\n", table.columns[c], quoted_where_needed(table.rows.at(0).at(c)));
        }
        text += '\n';
    }
    write_text_file(path, text);
}

}  // namespace tumble
