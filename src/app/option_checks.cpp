#include "app/option_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "io/element.hpp"
#include "tumble/error.hpp"

namespace tumble::app {

namespace {

template <typename T>
bool reads_as(const std::string& text, T& value) {
    const char* end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, value);
    return failure == std::errc() && stop == end;
}

}  // namespace

CLI::Validator positive_number(const std::string& unit) {
    const std::string expected = "expected a number above 0" + (unit.empty() ? "" : " (" + unit + ")");
    return {[expected](std::string& text) {
                double value = 0;
                const bool good = reads_as(text, value) && std::isfinite(value) && value > 0;
                return good ? std::string() : fmt::format("found '{}', {}", text, expected);
            },
            ""};
}

CLI::Validator whole_number(long long smallest) {
    return {[smallest](std::string& text) {
                long long value = 0;
                const bool good = reads_as(text, value) && value >= smallest;
                return good ? std::string()
                            : fmt::format("found '{}', expected a whole number of at least {}", text,
                                          smallest);
            },
            ""};
}

CLI::Validator one_of(const std::vector<std::string>& words) {
    return {[words](std::string& text) {
                if (std::find(words.begin(), words.end(), text) != words.end()) return std::string();
                std::string list;
                for (const std::string& word : words) list += (list.empty() ? "" : ", ") + word;
                return fmt::format("found '{}', expected {}", text, list);
            },
            ""};
}

std::vector<std::string> element_list(const std::string& text) {
    std::vector<std::string> symbols;
    try {
        for (const Element& element : parse_elements(text)) symbols.push_back(element.symbol);
    } catch (const Error& error) {
        throw bad_input(fmt::format("--element: {}", error.what()));
    }
    return symbols;
}

void require_option(const std::string& verb, const std::string& option, const std::string& value,
                    const std::string& expected) {
    if (value.empty()) throw bad_input(fmt::format("{}: {} is missing, expected {}", verb, option, expected));
}

}  // namespace tumble::app
