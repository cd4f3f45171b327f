// `tumble atoms`: a map from anywhere to its atoms.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "app/input_images.hpp"
#include "app/option_checks.hpp"
#include "app/output_folder.hpp"
#include "app/result_files.hpp"
#include "app/terminal_progress.hpp"
#include "app/verb.hpp"
#include "app/version_line.hpp"
#include "tumble/reconstruct.hpp"

namespace tumble::app {

namespace {

struct Arguments {
    std::string map, half1, half2, element, out, progress = "auto", log_file;
    double min_distance_A = 0, radius_A = 0;
    int threads = 0;
    bool overwrite = false, quiet = false;
};

void check_arguments(const Arguments& a) {
    require_option("atoms", "MAP", a.map, "a map (MRC)");
    require_option("atoms", "--element", a.element, "what the particle is made of, for instance Pt");
    require_option("atoms", "--out", a.out, "a folder for the results");
    if (a.half1.empty() != a.half2.empty())
        throw bad_input("atoms: found one of --half1 and --half2, expected both or neither");
}

void check_same_shape(const std::string& field, const std::string& file, const Volume& half,
                      const Volume& map) {
    if (half.box != map.box || std::abs(half.voxel_A / map.voxel_A - 1) > 1e-3)
        throw bad_input(
            fmt::format("{} {}: found {} voxels of {:.4g} A a side, expected the map's {} of {:.4g} A", field,
                        file, half.box, half.voxel_A, map.box, map.voxel_A));
}

/// Rms standard error in three dimensions, in pm.
double precision_pm(const Atoms& atoms) {
    double squares = 0;
    for (const Atom& atom : atoms) squares += dot(atom.sigma_A, atom.sigma_A);
    return atoms.empty() ? 0 : 100 * std::sqrt(squares / static_cast<double>(atoms.size()));
}

int run(const Arguments& a, const std::string& command) {
    check_arguments(a);
    MapAtomsOptions options{element_list(a.element), a.min_distance_A, a.radius_A, a.threads};
    OutputFolder folder(a.out, a.overwrite ? ExistingRun::overwrite : ExistingRun::refuse);
    const Volume map = read_input_map("MAP", a.map);
    Volume half1, half2;
    if (!a.half1.empty()) {
        half1 = read_input_map("--half1", a.half1);
        half2 = read_input_map("--half2", a.half2);
        check_same_shape("--half1", a.half1, half1, map);
        check_same_shape("--half2", a.half2, half2, map);
    }
    TerminalProgress progress(progress_style(a.progress, a.quiet));
    progress.log(version_line());
    progress.log("command: " + command);
    folder.prepare();
    try {
        progress.open_log(folder.file("log.txt"), false);
        if (!a.log_file.empty()) progress.open_log(a.log_file, false);
        const Atoms atoms = fit_map_atoms(map, half1, half2, options, progress);
        progress.finish();
        write_atom_files(folder, atoms);
        progress.log(fmt::format("atoms       {}, precision {:.1f} pm (rms, three dimensions)", atoms.size(),
                                 precision_pm(atoms)));
        progress.log(fmt::format("results     {}", folder.path().string()));
        folder.commit();
        return 0;
    } catch (const Error& error) {
        progress.finish();
        folder.discard();
        throw;
    }
}

}  // namespace

Verb atoms_verb(CLI::App& program) {
    const auto a = std::make_shared<Arguments>();
    CLI::App* verb = program.add_subcommand("atoms", "A map to its atoms with error bars");
    verb->add_option("MAP", a->map, "Map (MRC), atoms positive")->type_name("FILE")->group("Input");
    verb->add_option("--half1", a->half1, "First half map: with both, half-map distances are given")
        ->type_name("FILE")
        ->group("Input");
    verb->add_option("--half2", a->half2, "Second half map")->type_name("FILE")->group("Input");
    verb->add_option("--element", a->element, "What the particle is made of: Pt, or Fe,Pt (required)")
        ->type_name("SYMBOLS")
        ->group("Input");
    verb->add_option("--min-distance", a->min_distance_A,
                     "Closest two atoms, in A (default: 0.75 of the element's nearest-neighbour distance)")
        ->type_name("A")
        ->check(positive_number("A"))
        ->group("Work");
    verb->add_option("--radius", a->radius_A,
                     "Atoms farther from the map's origin are ignored, in A (default: found)")
        ->type_name("A")
        ->check(positive_number("A"))
        ->group("Work");
    verb->add_option("--threads", a->threads,
                     "Threads (default: all cores; the result does not depend on it)")
        ->type_name("N")
        ->check(whole_number(1))
        ->group("Work");
    verb->add_option("--out", a->out, "Folder for atoms.xyz, atoms.cif and log.txt (required)")
        ->type_name("DIR")
        ->group("Output");
    verb->add_flag("--overwrite", a->overwrite, "Replace the run in --out")->group("Output");
    verb->add_option("--progress", a->progress, "auto, bar, plain or json (default: auto)")
        ->check(one_of({"auto", "bar", "plain", "json"}))
        ->type_name("STYLE")
        ->group("Output");
    verb->add_flag("--quiet", a->quiet, "Say nothing but errors")->group("Output");
    verb->add_option("--log", a->log_file, "A second copy of log.txt")->type_name("FILE")->group("Output");
    verb->footer(
        "Example: tumble atoms map.mrc --half1 half1.mrc --half2 half2.mrc --element Pt --out result");
    return {verb, [a](const std::string& command) { return run(*a, command); }};
}

}  // namespace tumble::app
