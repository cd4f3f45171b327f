// `tumble benchmark`: how fast this machine is, as ratios and fractions taken in one run
// (docs/performance.md).
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/verb.hpp"
#include "benchmarks/density_benchmark.hpp"
#include "benchmarks/device_benchmark.hpp"
#include "benchmarks/fourier_benchmark.hpp"
#include "benchmarks/iteration_benchmark.hpp"
#include "benchmarks/relion_benchmark.hpp"
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
    fmt::print("\n{}\n{:<28} {:>9}  {:<12}  {}\n", group.name, "ratio or fraction", "measured", "wanted",
               "detail");
    for (const benchmark::BenchmarkRatio& ratio : group.ratios)
        fmt::print("{:<28} {:>9}  {:<12}  {}\n", ratio.name,
                   std::isnan(ratio.value) ? "skipped" : fmt::format("{:.3g}", ratio.value), ratio.wanted,
                   ratio.detail);
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

struct Section {
    const char* name;
    std::vector<benchmark::BenchmarkRatio> (*measure)(bool quick);
};
constexpr std::array sections{
    Section{"search", benchmark::search_benchmark}, Section{"fourier", benchmark::fourier_benchmark},
    Section{"density", benchmark::density_benchmark}, Section{"iteration", benchmark::iteration_benchmark},
    Section{"relion", benchmark::relion_benchmark}};

int run(bool quick, const std::string& only, const std::string& device, const std::string& json_file) {
    const BuildInformation info = build_information();
    fmt::print("tumble {} ({}), {}, {} cores; each ratio is taken in this one run\n", info.version,
               info.revision, info.instruction_set, info.cores);
    std::vector<Group> groups;
    const auto measured = [&](const char* name, std::vector<benchmark::BenchmarkRatio> ratios) {
        groups.push_back({name, std::move(ratios)});
        print_table(groups.back());
        std::fflush(stdout);
    };
    if (!device.empty()) {
        measured("device", benchmark::device_benchmark(device, quick));
    } else {
        for (const Section& section : sections)
            if (only.empty() || only == section.name) measured(section.name, section.measure(quick));
    }
    if (!json_file.empty()) write_text_file(json_file, as_json(groups, quick));
    return 0;
}

}  // namespace

Verb benchmark_verb(CLI::App& program) {
    const auto quick = std::make_shared<bool>(false);
    const auto only = std::make_shared<std::string>();
    const auto device = std::make_shared<std::string>();
    const auto json_file = std::make_shared<std::string>();
    CLI::App* options = program.add_subcommand("benchmark", "How fast this machine is");
    options->add_flag("--quick", *quick, "Small sizes, under a minute");
    options->add_option("--only", *only, "One section: search, fourier, density, iteration or relion")
        ->check(CLI::IsMember({"search", "fourier", "density", "iteration", "relion"}));
    options->add_option("--device", *device, "cuda or cuda:N: each operation on this device beside the processor, instead of the sections")
        ->type_name("DEVICE")
        ->excludes("--only");
    options->add_option("--json", *json_file, "Also write the figures to this file");
    options->footer("Example: tumble benchmark --quick --json benchmark.json");
    return {options, [=](const std::string&) { return run(*quick, *only, *device, *json_file); }};
}

}  // namespace tumble::app
