// `tumble reconstruct`: particle images to poses, half maps, a map and atoms with error bars.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <numbers>
#include <stdexcept>
#include <utility>

#include "app/config_file.hpp"
#include "app/input_images.hpp"
#include "app/option_checks.hpp"
#include "app/output_folder.hpp"
#include "app/result_files.hpp"
#include "app/run_file.hpp"
#include "app/summary.hpp"
#include "app/terminal_progress.hpp"
#include "app/verb.hpp"
#include "app/version_line.hpp"
#include "io/atomic_file.hpp"
#include "tumble/build_information.hpp"
#include "tumble/option_table.hpp"
#include "tumble/reconstruct.hpp"

namespace tumble::app {

namespace {

/// The options as typed; 0 and "" stand for "not given".
struct Arguments {
    std::string images, element, poses, reference, out, log_file, config_file;
    double pixel_size_A = 0, max_resolution_A = 0, diameter_A = 0;
    std::string search = "auto", motif = "auto", consecutive = "auto", invert_contrast = "auto", device = "auto", progress = "auto";
    std::uint64_t seed = 1;
    int threads = 0;
    bool polish = false, flip_hand = false, resume = false, overwrite = false, dry_run = false, quiet = false;
};

/// The line of the option table for the option, with its choices and its default.
std::string help_of(const std::string& name) {
    const auto table = option_table();
    const auto entry = std::find_if(table.begin(), table.end(), [&](const OptionEntry& e) { return name == e.name; });
    if (entry == table.end()) throw std::logic_error("no option is called " + name);
    std::string text = entry->text, choices = entry->choices;
    for (auto& c : choices)
        if (c == '|') c = ',';
    if (!choices.empty()) text += ": " + choices;
    const std::string standard = entry->default_value;
    if (!standard.empty() && standard != "0") text += " (default: " + standard + ")";
    return text;
}

void add_input_options(CLI::App& verb, Arguments& a) {
    verb.add_option("IMAGES", a.images, "Stack of particle images, MRC (.mrcs, .mrc, .gz)")
        ->type_name("FILE")
        ->group("Input");
    verb.add_option("--pixel-size", a.pixel_size_A, help_of("pixel-size") + " (default: the file's)")
        ->type_name("A")
        ->check(positive_number("A"))
        ->group("Input");
    verb.add_option("--element", a.element, help_of("element") + " (required)")
        ->type_name("SYMBOLS")
        ->group("Input");
    verb.add_option("--poses", a.poses, "Start from the poses of this STAR file (RELION 3.0 or 3.1)")
        ->type_name("FILE")
        ->group("Input");
    verb.add_flag("--polish", a.polish, help_of("polish"))->group("Input");
    verb.add_option("--reference", a.reference, "Start from this map (MRC)")
        ->type_name("FILE")
        ->group("Input");
    verb.add_flag("--invert-contrast{yes}", a.invert_contrast, help_of("invert-contrast"))
        ->check(one_of({"auto", "yes", "no"}))
        ->group("Input");
}

std::string motif_words() {
    std::string words;
    for (const auto& name : motif_names()) words.append(words.empty() ? " " : ",").append(name);
    return words;
}

void add_work_options(CLI::App& verb, Arguments& a) {
    const char* group = "Work";
    verb.add_option("--search", a.search, help_of("search"))
        ->check(one_of({"auto", "shc", "snhc", "exhaustive", "soft"}))
        ->type_name("RULE")
        ->group(group);
    verb.add_option("--motif", a.motif, help_of("motif") + ";" + motif_words())
        ->type_name("NAMES")
        ->group(group);
    verb.add_option("--consecutive", a.consecutive, help_of("consecutive"))
        ->check(one_of({"auto", "yes", "no"}))
        ->type_name("WORD")
        ->group(group);
    verb.add_option("--max-resolution", a.max_resolution_A, help_of("max-resolution"))
        ->type_name("A")
        ->check(positive_number("A"))
        ->group(group);
    verb.add_option("--diameter", a.diameter_A, help_of("diameter"))
        ->type_name("A")
        ->check(positive_number("A"))
        ->group(group);
    verb.add_flag("--flip-hand", a.flip_hand, help_of("flip-hand"))
        ->group(group);
    verb.add_option("--seed", a.seed, help_of("seed"))
        ->type_name("N")
        ->check(whole_number(0))
        ->group(group);
    verb.add_option("--threads", a.threads, help_of("threads"))
        ->type_name("N")
        ->check(whole_number(1))
        ->group(group);
    verb.add_option("--device", a.device, help_of("device"))
        ->type_name("DEVICE")
        ->group(group);
}

void add_output_options(CLI::App& verb, Arguments& a) {
    const char* group = "Output";
    verb.add_option("--out", a.out, "Folder for the results (required)")->type_name("DIR")->group(group);
    verb.add_flag("--resume", a.resume, "Go on with the interrupted run in --out")->group(group);
    verb.add_flag("--overwrite", a.overwrite, "Replace the run in --out")->group(group);
    verb.add_flag("--dry-run", a.dry_run, "Check the input, print the plan (memory, time), stop")
        ->group(group);
    verb.add_option("--progress", a.progress,
                    "auto, bar, plain or json (one object a line on stdout; default: auto)")
        ->check(one_of({"auto", "bar", "plain", "json"}))
        ->type_name("STYLE")
        ->group(group);
    verb.add_flag("--quiet", a.quiet, "Say nothing but errors; log.txt is written all the same")
        ->group(group);
    verb.add_option("--log", a.log_file, "A second copy of log.txt")->type_name("FILE")->group(group);
    verb.add_option("--config", a.config_file,
                    "TOML file of options under their long names; the command line wins")
        ->type_name("FILE")
        ->group(group);
}

void check_device(const std::string& device) {
    const bool cuda = device == "cuda" || device.rfind("cuda:", 0) == 0;
    if (device != "auto" && device != "cpu" && !cuda)
        throw bad_input(fmt::format("--device: found '{}', expected auto, cpu, cuda, cuda:N, several as in cuda:0,1, or cuda:all", device));
    for (const BackendInformation& backend : build_information().backends)
        if (cuda && backend.name == "cuda" && !backend.available)
            throw bad_input(
                fmt::format("--device: found '{}', but {}; expected auto or cpu", device, backend.detail));
}

void check_motifs(const std::string& text) {
    const auto known = motif_names();
    ReconstructOptions options;
    set_option(options, "motif", text);
    for (const auto& name : options.motifs)
        if (name != "none" && std::find(known.begin(), known.end(), name) == known.end())
            throw bad_input(fmt::format("--motif: found '{}', expected auto, none or some of{}", name, motif_words()));
}

/// Everything that can be judged before a file is read.
void check_arguments(const Arguments& a) {
    require_option("reconstruct", "IMAGES", a.images, "a stack of particle images (MRC)");
    require_option("reconstruct", "--element", a.element, "what the particle is made of, for instance Pt");
    if (!a.dry_run) require_option("reconstruct", "--out", a.out, "a folder for the results");
    if (!a.poses.empty() && !a.reference.empty())
        throw bad_input("reconstruct: found both --poses and --reference, expected one start");
    if (a.polish && a.poses.empty())
        throw bad_input(
            "--polish: found without --poses, expected --poses FILE.star whose poses are to be refined");
    if (a.resume && a.overwrite)
        throw bad_input("reconstruct: found both --resume and --overwrite, expected one of them");
    if (a.resume && !build_information().hdf5)
        throw bad_input("--resume: this build has no HDF5, hence no run.h5 to go on from");
    check_device(a.device);
    check_motifs(a.motif);
}

ReconstructOptions library_options(const Arguments& a) {
    ReconstructOptions options;
    options.elements = element_list(a.element);
    options.polish = a.polish;
    for (const auto& [name, word] : {std::pair{"search", a.search}, {"motif", a.motif}, {"consecutive", a.consecutive}, {"invert-contrast", a.invert_contrast}})
        set_option(options, name, word);
    options.max_resolution_A = a.max_resolution_A;
    options.diameter_A = a.diameter_A;
    options.flip_hand = a.flip_hand;
    options.seed = a.seed;
    options.threads = a.threads;
    options.device = a.device;
    options.resume = a.resume;
    return options;
}

/// Reads the start into `options`: poses or a reference. Returns a line for the log.
std::string read_start(const Arguments& a, const InputImages& input, ReconstructOptions& options) {
    if (!a.poses.empty()) {
        InputPoses start = read_input_poses(a.poses, input.stack.images, input.pixel_size_A);
        options.poses = std::move(start.poses);
        options.halves = std::move(start.halves);
        return fmt::format("start: {} poses from {}{}", options.poses.size(), a.poses,
                           options.halves.empty() ? "" : ", halves from rlnRandomSubset");
    }
    if (a.reference.empty()) return "start: blind, from the images alone";
    options.reference = read_input_map("--reference", a.reference);
    const Volume& map = *options.reference;
    std::string line =
        fmt::format("start: map {}, {} voxels of {:.4g} A a side", a.reference, map.box, map.voxel_A);
    const bool fits = map.box == input.stack.width && std::abs(map.voxel_A / input.pixel_size_A - 1) < 1e-3;
    if (!fits)
        line += fmt::format("; resampled to the images' {} pixels of {:.4g} A", input.stack.width,
                            input.pixel_size_A);
    return line;
}

ExistingRun existing_run(const Arguments& a) {
    return a.resume ? ExistingRun::resume : a.overwrite ? ExistingRun::overwrite : ExistingRun::refuse;
}

std::string resolution_text(const Resolution& resolution) {
    if (!(resolution.d_A > 0)) return "not known";
    return fmt::format("{:.2f} A{}", resolution.d_A,
                       resolution.limited_by_nyquist ? " (limited by Nyquist)" : "");
}

std::string views_text(const ReconstructResult& result) {
    const Vec3 axis = result.largest_gap_axis;
    std::string text = fmt::format("views       none within {:.0f} deg of ({:.2f}, {:.2f}, {:.2f}), the widest gap", result.largest_gap_deg, axis.x, axis.y, axis.z);
    if (!(result.turn_deg > 0)) return text + "; frames are not consecutive";
    // A free turn about three axes by theta rms in a frame's time is a rotational diffusion of theta^2 / 6.
    const double turn = result.turn_deg * std::numbers::pi / 180;
    return text + fmt::format("; turn {:.1f} deg rms from frame to frame (rotational diffusion {:.2g} rad^2 a frame)", result.turn_deg, turn * turn / 6);
}

std::vector<std::string> closing_lines(const ReconstructResult& result, const OutputFolder& folder) {
    std::size_t rejected = 0;
    for (const ImageResult& image : result.images) rejected += image.rejected ? 1 : 0;
    std::vector<std::string> lines = {
        fmt::format("images      {} used, {} rejected", result.images.size() - rejected, rejected),
        fmt::format("resolution  {} at FSC 0.143, {} at 0.5", resolution_text(result.resolution_0143),
                    resolution_text(result.resolution_05)),
        fmt::format("atoms       {}, precision {:.1f} pm (rms, three dimensions)", result.atoms.size(),
                    result.atoms_precision_pm),
        views_text(result),
        "hand        not known: projections fit the mirror image as well (--flip-hand gives it)",
        fmt::format("verdict     {}", name_of(result.verdict.status)),
    };
    for (const std::string& reason : result.verdict.reasons) lines.push_back("            " + reason);
    lines.push_back(fmt::format("results     {}", folder.path().string()));
    return lines;
}

/// The result, or one with a failed verdict where the images do not even show a particle.
ReconstructResult judged_result(const InputImages& input, const ReconstructOptions& options, TerminalProgress& progress) {
    try {
        return reconstruct(input.stack.view(), options, progress);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::unsupported) throw;
        ReconstructResult nothing;
        nothing.verdict = {VerdictStatus::failed, {error.what()}};
        nothing.device = "cpu";
        return nothing;
    }
}

/// The work proper, into a folder that is ready.
int work(const Arguments& a, const std::string& command, const InputImages& input,
         const ReconstructOptions& options, OutputFolder& folder, TerminalProgress& progress) {
    const ReconstructResult result = judged_result(input, options, progress);
    progress.finish();
    const int box = static_cast<int>(input.stack.width);
    const std::string summary =
        summary_json({command, a.images, input.stack.images, box, input.pixel_size_A, a.seed}, result);
    if (!result.images.empty()) {
        write_result_files(folder, result, {a.images, input.pixel_size_A, box});
        if (build_information().hdf5) write_run_file(folder.file("run.h5"), result, summary);
    }
    for (const std::string& line : closing_lines(result, folder)) progress.log(line);
    write_text_file(folder.file("summary.json"), summary);
    folder.commit();
    if (result.verdict.status != VerdictStatus::failed) return 0;
    const std::string why =
        result.verdict.reasons.empty() ? "see summary.json" : result.verdict.reasons.front();
    throw Error(ErrorKind::unsupported,
                fmt::format("{}: the data do not support a result: {}", a.images, why));
}

int run(const Arguments& a, const CLI::App& verb, const std::string& command) {
    check_arguments(a);
    ReconstructOptions options = library_options(a);
    std::optional<OutputFolder> folder;
    if (!a.out.empty()) folder.emplace(a.out, existing_run(a));

    TerminalProgress progress(progress_style(a.progress, a.quiet));
    progress.log(version_line());
    progress.log("command: " + command);
    const InputImages input = read_input_images(a.images, a.pixel_size_A);
    options.pixel_size_A = input.pixel_size_A;
    for (const std::string& note : input.notes) progress.log(note);
    progress.log(read_start(a, input, options));
    const ReconstructPlan plan =
        plan_reconstruction(input.stack.images, input.stack.height, input.stack.width, options);
    for (const std::string& line : plan.lines) progress.log(line);
    if (a.dry_run) return 0;

    folder->prepare();
    try {
        progress.open_log(folder->file("log.txt"), a.resume);
        if (!a.log_file.empty()) progress.open_log(a.log_file, a.resume);
        progress.open_picture(folder->file("progress.svg"), input.pixel_size_A);
        write_text_file(folder->file("config.toml"), config_text(verb));
        if (build_information().hdf5) options.checkpoint_file = folder->file("run.h5");
        return work(a, command, input, options, *folder, progress);
    } catch (const Error& error) {
        progress.finish();
        if (error.kind() == ErrorKind::input)
            folder->discard();
        else
            folder->commit();
        throw;
    }
}

}  // namespace

Verb reconstruct_verb(CLI::App& program) {
    const auto a = std::make_shared<Arguments>();
    CLI::App* verb =
        program.add_subcommand("reconstruct", "Particle images to poses, half maps, a map and atoms");
    add_input_options(*verb, *a);
    add_work_options(*verb, *a);
    add_output_options(*verb, *a);
    verb->footer(
        "Example: tumble reconstruct images.mrcs --pixel-size 0.358 --element Pt --poses poses.star --out "
        "result\n"
        "Writes map.mrc half1.mrc half2.mrc mask.mrc fsc.csv poses.star atoms.xyz atoms.cif run.h5 "
        "progress.svg\n"
        "summary.json config.toml log.txt (docs/formats.md). Ctrl-C leaves a checkpoint: the same command\n"
        "with --resume goes on.");
    return {verb, [a, verb](const std::string& command) { return run(*a, *verb, command); }};
}

}  // namespace tumble::app
