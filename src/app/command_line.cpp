#include "app/command_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <new>

#include "app/config_file.hpp"
#include "app/interrupt.hpp"
#include "app/nearest_name.hpp"
#include "app/verb.hpp"
#include "app/version_line.hpp"
#include "tumble/error.hpp"

namespace tumble::app {

namespace {

constexpr int wrong_use = static_cast<int>(ErrorKind::input);

constexpr const char* first_contact =
    "tumble: images of one tumbling nanocrystal in, its atoms with error bars out.\n"
    "  tumble reconstruct   particle images to poses, maps and atoms\n"
    "  tumble atoms         a map to atoms\n"
    "  tumble info          this build, or what is in a file;  tumble convert: one format to another\n"
    "  tumble benchmark     how fast this machine is;  tumble --help: everything\n"
    "Try next: tumble reconstruct --help\n";

constexpr const char* tasks =
    "By task (one example each):\n"
    "  images and known poses -> atoms\n"
    "    tumble reconstruct images.mrcs --pixel-size 0.358 --element Pt --poses poses.star --out result\n"
    "  images and a rough map -> poses and atoms\n"
    "    tumble reconstruct images.mrcs --pixel-size 0.358 --element Pt --reference map.mrc --out result\n"
    "  a map from elsewhere -> atoms\n"
    "    tumble atoms map.mrc --half1 half1.mrc --half2 half2.mrc --element Pt --out result\n"
    "  what is in this file?  what is this build?\n"
    "    tumble info images.mrcs\n"
    "  a format for another program\n"
    "    tumble convert result/atoms.xyz atoms.pdb\n"
    "  how fast is this machine?\n"
    "    tumble benchmark --quick\n"
    "'tumble help VERB' tells every option of a verb with its unit and default.\n"
    "Exit codes: 0 done, 1 a fault of ours or the system's, 2 wrong use or bad input, 3 done but the data do "
    "not\n"
    "support a result, 130 interrupted with a checkpoint.";

void complain(const std::string& sentence) {
    std::string line = sentence;
    std::replace(line.begin(), line.end(), '\n', ' ');
    std::fputs(("tumble: " + line + "\n").c_str(), stderr);
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& names) {
    const std::string nearest = nearest_name(word, names);
    return nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest);
}

std::vector<std::string> verb_names(const std::vector<Verb>& verbs) {
    std::vector<std::string> names;
    for (const Verb& verb : verbs) names.push_back(verb.options->get_name());
    return names;
}

std::vector<std::string> option_names(const CLI::App& verb) {
    std::vector<std::string> names;
    for (const CLI::Option* option : verb.get_options())
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    return names;
}

/// What to say about words that `verb` did not take, or "" when it took all.
std::string unexpected_word(const CLI::App& verb) {
    const std::vector<std::string> left = verb.remaining();
    if (left.empty()) return "";
    const auto option =
        std::find_if(left.begin(), left.end(), [](const auto& w) { return w.rfind('-', 0) == 0; });
    if (option == left.end())
        return fmt::format("{}: found one word too many, '{}' ('tumble help {}' tells what is expected)",
                           verb.get_name(), left.front(), verb.get_name());
    const std::string name = option->substr(0, option->find('='));
    return fmt::format("{}: unknown option '{}'{}", verb.get_name(), name,
                       did_you_mean(name, option_names(verb)));
}

/// CLI11's own words, made to fit behind "tumble: ".
std::string parse_complaint(const CLI::ParseError& error, const Verb* verb) {
    std::string text = error.what();
    if (dynamic_cast<const CLI::ArgumentMismatch*>(&error))
        text = text.substr(0, text.find(':')) + ": the value is missing, expected one ('--help' tells which)";
    return verb ? verb->options->get_name() + ": " + text : text;
}

std::vector<Verb> all_verbs(CLI::App& program) {
    std::vector<Verb> verbs = {reconstruct_verb(program), atoms_verb(program), info_verb(program),
                               convert_verb(program)};
#ifdef TUMBLE_HAS_BENCHMARKS
    verbs.push_back(benchmark_verb(program));
#endif
    return verbs;
}

const Verb* chosen(const std::vector<Verb>& verbs) {
    for (const Verb& verb : verbs)
        if (verb.options->parsed()) return &verb;
    return nullptr;
}

/// `tumble help`, `tumble help VERB` -> the --help that they stand for.
std::vector<std::string> help_spelled_out(std::vector<std::string> arguments) {
    if (arguments.empty() || arguments[0] != "help") return arguments;
    arguments.erase(arguments.begin());
    arguments.resize(std::min<std::size_t>(arguments.size(), 1));
    arguments.push_back("--help");
    return arguments;
}

int parse_and_run(const std::vector<std::string>& typed) {
    CLI::App program("Images of one tumbling nanocrystal in, its atoms with error bars out.", "tumble");
    program.set_help_flag("-h,--help", "This text");
    program.set_version_flag("--version", version_line(),
                             "Version, source revision and what this build can use");
    program.footer(tasks);
    program.get_formatter()->label("SUBCOMMAND", "VERB");
    program.get_formatter()->label("Subcommands", "Verbs");
    program.get_formatter()->label("OPTIONS", "options");
    program.allow_extras();
    program.require_subcommand(0, 1);
    const std::vector<Verb> verbs = all_verbs(program);
    for (const Verb& verb : verbs) {
        verb.options->allow_extras();
        verb.options->set_help_flag("-h,--help", "This text");
    }
    std::vector<std::string> arguments = help_spelled_out(typed);
    const std::vector<std::string> names = verb_names(verbs);
    if (!arguments.empty() && arguments[0].rfind('-', 0) != 0 &&
        std::find(names.begin(), names.end(), arguments[0]) == names.end())
        throw bad_input(fmt::format("unknown verb '{}'{} ('tumble --help' lists them)", arguments[0],
                                    did_you_mean(arguments[0], names)));
    try {
        arguments = with_config_file(arguments);
        std::reverse(arguments.begin(), arguments.end());  // the order that CLI11 takes a vector in
        program.parse(arguments);
    } catch (const CLI::Success& help) {
        return program.exit(help);
    } catch (const CLI::ParseError& error) {
        const Verb* verb = chosen(verbs);
        const std::string unknown = verb ? unexpected_word(*verb->options) : "";
        throw bad_input(unknown.empty() ? parse_complaint(error, verb) : unknown);
    }
    const Verb* verb = chosen(verbs);
    if (!verb) {
        const std::vector<std::string> left = program.remaining();
        if (left.empty())
            throw bad_input("no verb was given, expected one of those that 'tumble --help' lists");
        throw bad_input(fmt::format("unknown option '{}'{}", left.front(),
                                    did_you_mean(left.front(), {"--help", "--version"})));
    }
    const std::string unknown = unexpected_word(*verb->options);
    if (!unknown.empty()) throw bad_input(unknown);
    return verb->run(quoted_command(typed));
}

}  // namespace

int run_command_line(const std::vector<std::string>& arguments) {
    if (arguments.empty()) {
        std::fputs(first_contact, stderr);
        return wrong_use;
    }
    try {
        watch_for_interrupts();
        return parse_and_run(arguments);
    } catch (const Error& error) {
        complain(error.what());
        return static_cast<int>(error.kind());
    } catch (const std::bad_alloc&) {
        complain("the memory did not suffice; '--dry-run' tells what a run needs");
    } catch (const std::exception& error) {
        complain(fmt::format("a fault of tumble's own or of the system: {}", error.what()));
    }
    return static_cast<int>(ErrorKind::system);
}

std::string quoted_command(const std::vector<std::string>& arguments) {
    std::string command = "tumble";
    for (const std::string& word : arguments) {
        const bool plain = !word.empty() && word.find_first_not_of(
                                                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                "0123456789_-+=./,:@%") == std::string::npos;
        std::string quoted = "'";
        for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
        command += " " + (plain ? word : quoted + "'");
    }
    return command;
}

}  // namespace tumble::app
