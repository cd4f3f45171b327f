#include "tumble/option_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <sstream>
#include <string_view>

namespace tumble {
namespace {

constexpr double unbounded = std::numeric_limits<double>::infinity();
constexpr double largest_whole = 9007199254740992;  // 2^53

constexpr std::array entries{
    OptionEntry{"pixel-size", OptionType::number, "A", "", 0, unbounded, "", "Pixel size of the images"},
    OptionEntry{"element", OptionType::text, "", "", 0, 0, "", "What the particle is made of: Pt, or Fe,Pt"},
    OptionEntry{"polish", OptionType::whole_number, "", "0", 0, 1, "", "With poses to start from: refine them before the final map"},
    OptionEntry{"invert-contrast", OptionType::text, "", "auto", 0, 0, "auto|yes|no",
                "Atoms are dark in the images; auto finds out"},
    OptionEntry{"search", OptionType::text, "", "auto", 0, 0, "auto|shc|snhc|exhaustive|soft", "Rule by which orientations are searched"},
    OptionEntry{"motif", OptionType::text, "", "auto", 0, 0, "",
                "Structures that a blind start may propose: auto (all), none, or names separated by commas"},
    OptionEntry{"consecutive", OptionType::text, "", "auto", 0, 0, "auto|yes|no",
                "Image i+1 follows image i in time; auto finds out"},
    OptionEntry{"max-resolution", OptionType::number, "A", "0", 0, unbounded, "", "Finest d-spacing used; by default found from the data"},
    OptionEntry{"diameter", OptionType::number, "A", "0", 0, unbounded, "", "Diameter of the particle; by default found from the images"},
    OptionEntry{"flip-hand", OptionType::whole_number, "", "0", 0, 1, "", "Give the mirror image: projections cannot tell the hand"},
    OptionEntry{"seed", OptionType::whole_number, "", "1", 0, largest_whole, "", "Random numbers; the same seed gives the same result"},
    OptionEntry{"threads", OptionType::whole_number, "", "0", 0, 4096, "", "Threads, by default one a core; the result does not depend on it"},
    OptionEntry{"device", OptionType::text, "", "auto", 0, 0, "", "auto, cpu, cuda, cuda:N, several as in cuda:0,1, or cuda:all"},
    OptionEntry{"checkpoint", OptionType::text, "", "none", 0, 0, "", "File that is written after each step, or none"},
    OptionEntry{"resume", OptionType::whole_number, "", "0", 0, 1, "", "Go on from the checkpoint if it fits the input"},
};

const OptionEntry& entry_named(const std::string& name) {
    const auto at = std::find_if(entries.begin(), entries.end(), [&](const OptionEntry& e) { return name == e.name; });
    if (at != entries.end()) return *at;
    std::string known;
    for (const auto& e : entries) known.append(known.empty() ? "" : ", ").append(e.name);
    throw bad_input(fmt::format("option '{}' is not known: expected one of {}", name, known));
}

const char* name_of(OptionType type) {
    switch (type) {
        case OptionType::whole_number:
            return "a whole number";
        case OptionType::number:
            return "a number";
        case OptionType::text:
            break;
    }
    return "a text";
}

const OptionEntry& entry_of_type(const std::string& name, OptionType type) {
    const OptionEntry& entry = entry_named(name);
    if (entry.type != type) throw bad_input(fmt::format("option '{}': found {}, expected {}", name, name_of(type), name_of(entry.type)));
    return entry;
}

void require_bounds(const OptionEntry& entry, double value) {
    if (!(value >= entry.minimum && value <= entry.maximum))
        throw bad_input(std::isinf(entry.maximum) ? fmt::format("option '{}': found {}, expected at least {}", entry.name, value, entry.minimum)
                                                  : fmt::format("option '{}': found {}, expected {} to {}", entry.name, value, entry.minimum, entry.maximum));
}

std::vector<std::string> words_of(const std::string& list, char separator) {
    std::vector<std::string> words;
    std::istringstream in(list);
    for (std::string word; std::getline(in, word, separator);) words.push_back(word);
    return words;
}

/// Index of the word among the choices of the entry.
std::size_t chosen(const OptionEntry& entry, const std::string& word) {
    const auto choices = words_of(entry.choices, '|');
    const auto at = std::find(choices.begin(), choices.end(), word);
    if (at == choices.end()) {
        std::string all;
        for (const auto& choice : choices) all.append(all.empty() ? "" : ", ").append(choice);
        throw bad_input(fmt::format("option '{}': found '{}', expected one of {}", entry.name, word, all));
    }
    return static_cast<std::size_t>(at - choices.begin());
}

}  // namespace

std::span<const OptionEntry> option_table() { return entries; }

void set_option(ReconstructOptions& o, const std::string& name, std::int64_t value) {
    if (entry_named(name).type == OptionType::number) return set_option(o, name, static_cast<double>(value));
    const OptionEntry& entry = entry_of_type(name, OptionType::whole_number);
    require_bounds(entry, static_cast<double>(value));
    if (name == "polish") o.polish = value != 0;
    if (name == "flip-hand") o.flip_hand = value != 0;
    if (name == "seed") o.seed = static_cast<std::uint64_t>(value);
    if (name == "threads") o.threads = static_cast<int>(value);
    if (name == "resume") o.resume = value != 0;
}

void set_option(ReconstructOptions& o, const std::string& name, double value) {
    const OptionEntry& entry = entry_of_type(name, OptionType::number);
    require_bounds(entry, value);
    if (name == "pixel-size") o.pixel_size_A = value;
    if (name == "max-resolution") o.max_resolution_A = value;
    if (name == "diameter") o.diameter_A = value;
}

void set_option(ReconstructOptions& o, const std::string& name, const std::string& value) {
    const OptionEntry& entry = entry_of_type(name, OptionType::text);
    constexpr std::array contrasts{Contrast::automatic, Contrast::dark_atoms, Contrast::bright_atoms};
    constexpr std::array rules{SearchRule::automatic, SearchRule::shc, SearchRule::snhc, SearchRule::exhaustive, SearchRule::soft};
    constexpr std::array orders{FrameOrder::automatic, FrameOrder::consecutive, FrameOrder::unordered};
    const std::string_view which = name;
    if (which == "element") o.elements = words_of(value, ',');
    if (which == "invert-contrast") o.contrast = contrasts.at(chosen(entry, value));
    if (which == "search") o.search = rules.at(chosen(entry, value));
    if (which == "motif") o.motifs = value == "auto" ? std::vector<std::string>{} : words_of(value, ',');
    if (which == "consecutive") o.order = orders.at(chosen(entry, value));
    if (which == "device") o.device = value;
    if (which == "checkpoint") o.checkpoint_file = value == "none" ? "" : value;
}

}  // namespace tumble
