#include "app/config_file.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "tumble/error.hpp"

namespace tumble::app {

namespace {

bool given(const std::vector<std::string>& arguments, const std::string& option) {
    return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& word) {
        return word == option || word.rfind(option + "=", 0) == 0;
    });
}

std::vector<CLI::ConfigItem> read_config(const std::string& path) {
    if (!std::filesystem::is_regular_file(path))
        throw bad_input(fmt::format("--config {}: no such file, expected a TOML file of options", path));
    try {
        return CLI::ConfigTOML().from_file(path);
    } catch (const std::exception& error) {
        throw bad_input(
            fmt::format("--config {}: {}, expected lines such as 'pixel-size = 0.358'", path, error.what()));
    }
}

}  // namespace

std::vector<std::string> with_config_file(const std::vector<std::string>& arguments) {
    std::vector<std::string> kept;
    std::string path;
    for (std::size_t i = 0; i < arguments.size(); i++) {
        const std::string& word = arguments[i];
        if (word.rfind("--config=", 0) == 0) {
            path = word.substr(9);
        } else if (word == "--config") {
            if (i + 1 == arguments.size())
                throw bad_input("--config: the value is missing, expected a TOML file of options");
            path = arguments[++i];
        } else {
            kept.push_back(word);
        }
    }
    if (path.empty()) return kept;
    for (const CLI::ConfigItem& item : read_config(path)) {
        const std::string option = "--" + item.name;
        if (item.name == "++" || item.name == "--" || given(kept, option)) continue;
        std::string value;
        for (const std::string& part : item.inputs) value += (value.empty() ? "" : ",") + part;
        if (value == "false") continue;
        kept.push_back(value == "true" ? option : option + "=" + value);
    }
    return kept;
}

std::string config_text(const CLI::App& verb) {
    const std::vector<std::string> of_one_run = {"IMAGES", "out", "resume", "overwrite", "dry-run", "log"};
    std::istringstream lines(verb.config_to_str());
    std::string text =
        "# options of this run, for: tumble " + verb.get_name() + " IMAGES --out DIR --config FILE\n";
    for (std::string line; std::getline(lines, line);) {
        const std::string name = line.substr(0, line.find('='));
        if (!line.empty() && std::find(of_one_run.begin(), of_one_run.end(), name) == of_one_run.end())
            text += line + "\n";
    }
    return text;
}

}  // namespace tumble::app
