// `tumble benchmark`: how fast this machine is, as ratios and fractions taken in one run
// (docs/performance.md).
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/verb.hpp"
#include "benchmarks/fourier_benchmark.hpp"
#include "benchmarks/search_benchmark.hpp"
#include "io/atomic_file.hpp"
#include "tumble/build_information.hpp"
#include "tumble/error.hpp"

namespace tumble::app {

namespace {

struct Group {
    std::string name;
    std::vector<benchmark::BenchmarkRatio> ratios;
};

void print_table(const Group& group) {
    fmt::print("\n{}\n{:<46} {:>10} {:>10}\n", group.name, "ratio or fraction", "measured", "wanted");
    for (const benchmark::BenchmarkRatio& ratio : group.ratios)
        fmt::print("{:<46} {:>10.3g} {:>10}  {}\n", ratio.name, ratio.value, ratio.wanted, ratio.detail);
}

std::string as_json(const std::vector<Group>& groups, bool quick) {
    const BuildInformation info = build_information();
    nlohmann::ordered_json document = {{"tool_version", info.version},
                                       {"revision", info.revision},
                                       {"instruction_set", info.instruction_set},
                                       {"cores", info.cores},
                                       {"quick", quick}};
    for (const Group& group : groups)
        for (const benchmark::BenchmarkRatio& ratio : group.ratios)
            document["ratios"].push_back({{"group", group.name},
                                          {"name", ratio.name},
                                          {"value", ratio.value},
                                          {"wanted", ratio.wanted},
                                          {"detail", ratio.detail}});
    return document.dump(2) + "\n";
}

int run(bool quick, const std::string& json_file) {
    const BuildInformation info = build_information();
    fmt::print("tumble {} ({}), {}, {} cores; each ratio is taken in this one run\n", info.version,
               info.revision, info.instruction_set, info.cores);
    std::vector<Group> groups;
    groups.push_back({"search", benchmark::search_benchmark(quick)});
    print_table(groups.back());
    groups.push_back({"fourier", benchmark::fourier_benchmark(quick)});
    print_table(groups.back());
    if (!json_file.empty()) write_text_file(json_file, as_json(groups, quick));
    return 0;
}

}  // namespace

Verb benchmark_verb(CLI::App& program) {
    const auto quick = std::make_shared<bool>(false);
    const auto json_file = std::make_shared<std::string>();
    CLI::App* options = program.add_subcommand("benchmark", "How fast this machine is");
    options->add_flag("--quick", *quick, "Small sizes, under a minute");
    options->add_option("--json", *json_file, "Also write the figures to this file");
    options->footer("Example: tumble benchmark --quick --json benchmark.json");
    return {options, [=](const std::string&) { return run(*quick, *json_file); }};
}

}  // namespace tumble::app
