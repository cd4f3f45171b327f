#pragma once
// What a verb of the program is: its options, and what it does with them. One file a verb.
#include <CLI/CLI.hpp>
#include <functional>
#include <string>

namespace tumble::app {

struct Verb {
    CLI::App* options = nullptr;  ///< owned by the program's CLI::App
    /// Does the work once the options are parsed; `command` is the command line as typed. Returns the exit
    /// code.
    std::function<int(const std::string& command)> run;
};

Verb reconstruct_verb(CLI::App& program);
Verb atoms_verb(CLI::App& program);
Verb info_verb(CLI::App& program);
Verb convert_verb(CLI::App& program);
#ifdef TUMBLE_HAS_BENCHMARKS
Verb benchmark_verb(CLI::App& program);
#endif

}  // namespace tumble::app
