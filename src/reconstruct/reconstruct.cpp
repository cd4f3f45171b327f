// The whole: from the stack to atoms and a verdict. Declarations in include/tumble/reconstruct.hpp.
#include "tumble/reconstruct.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>

#include "backend/backend.hpp"
#include "backend/loader.hpp"
#include "core/units.hpp"
#include "fourier/filters.hpp"
#include "io/element.hpp"
#include "pose/image_preparation.hpp"
#include "reconstruct/checked_options.hpp"
#include "reconstruct/final_result.hpp"
#include "reconstruct/half_refinement.hpp"
#include "reconstruct/reconstruct_on.hpp"
#include "reconstruct/run.hpp"
#include "reconstruct/settled_poses.hpp"
#include "reconstruct/verdict.hpp"
#include "reconstruct/view_coverage.hpp"

namespace tumble {
namespace {

constexpr int half_rounds = 2;
/// Halves by blocks of ten images in turn: neighbouring frames look alike and must not sit in both.
std::vector<int> halves_of(std::int64_t images, const ReconstructOptions& options) {
    std::vector<int> half;
    for (std::int64_t i = 0; i < images; i++) half.push_back(1 + static_cast<int>(i / 10 % 2));
    const bool given = !options.halves.empty() && std::count(options.halves.begin(), options.halves.end(), 1) > 0 &&
                       std::count(options.halves.begin(), options.halves.end(), 2) > 0;
    if (given)
        for (std::size_t i = 0; i < half.size(); i++)
            if (options.halves[i] == 1 || options.halves[i] == 2) half[i] = options.halves[i];
    return half;
}

void run_half_round(Run& run, RunState& state) {
    HalfRefinementOptions options;
    options.low_per_A = run.bands.low;
    options.high_per_A = run.bands.polish_high;
    options.shift_sigma_A = state.shift_sigma_A;
    options.min_distance_A = run.min_distance_A;
    for (int half = 1; half <= 2; half++) {
        std::vector<PoseCandidate> mine;
        for (const auto& c : best_poses(state.poses))
            if (run.half[static_cast<std::size_t>(c.image)] == half) mine.push_back(c);
        refine_half(run.resident, mine, options, run.backend, run.progress);
        for (const auto& c : mine) {
            auto& p = state.poses[static_cast<std::size_t>(c.image)];
            p.candidates = {c};
            p.shares = {1.0};
        }
        run.progress.update(0.5 * half);
        if (run.progress.cancelled()) throw Error(ErrorKind::interrupted, "interrupted between the halves");
    }
    state.half_rounds_done++;
}

/// Brings everything from the box of the prepared images to that of the stack.
void pad_to_stack(ReconstructResult& result, int box) {
    for (Volume* map : {&result.map, &result.half1, &result.half2, &result.mask}) {
        const double voxel = map->voxel_A;
        *map = centred(*map, box);
        map->voxel_A = voxel;
    }
}

/// The mirror image of everything: p -> -p, R -> diag(-1, -1, 1) R.
void flip_hand(ReconstructResult& result) {
    for (Atoms* atoms : {&result.atoms, &result.fitted_atoms})
        for (auto& a : *atoms) a.position_A = -1.0 * a.position_A;
    for (auto& image : result.images) image.pose.rotation = Mat3{{-1, 0, 0, 0, -1, 0, 0, 0, 1}} * image.pose.rotation;
    for (Volume* map : {&result.map, &result.half1, &result.half2, &result.mask}) {
        const Volume old = *map;
        const int n = old.box;
        const auto mirrored = [n](int v) { return 2 * (n / 2) - v; };
        for (int z = 0; z < n; z++)
            for (int y = 0; y < n; y++)
                for (int x = 0; x < n; x++) {
                    const int u = mirrored(x), v = mirrored(y), w = mirrored(z);
                    map->at(x, y, z) = u < n && v < n && w < n ? old.at(u, v, w) : 0;
                }
    }
}

std::uint64_t peak_memory() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

void finish(Run& run, RunState& state, ReconstructResult& result) {
    std::vector<PoseCandidate> poses = best_poses(state.poses);
    std::vector<char> rejected(poses.size(), 0);
    const FinalStageInput input{run.resident, run.bands, run.min_distance_A, poses, run.half, rejected};
    HalfAtoms halves[2];
    std::vector<double> scores;
    run.clock.stage("halves", [&] {
        halves[0] = half_atoms(input, 1, run.backend, run.progress);
        halves[1] = half_atoms(input, 2, run.backend, run.progress);
        if (state.half_rounds_done > 0) {
            // Refined apart, the halves have drifted: bring the second onto the first before they are merged.
            const RigidMotion motion = align_atoms(halves[1].positions(), halves[0].positions());
            for (auto& a : halves[1].atoms) a.position_A = motion.rotation * a.position_A + motion.shift_A;
            for (std::size_t i = 0; i < poses.size(); i++)
                if (run.half[i] == 2) poses[i].pose = follow(poses[i].pose, motion);
            run.progress.log(fmt::format("second half moved onto the first by {:.1f} pm and {:.3f} deg", 100 * length(motion.shift_A),
                                         degrees(angle_between(motion.rotation, Mat3{}))));
        }
        scores = held_out_scores(input, halves, run.backend);
        // In place: `input` looks at these very flags.
        const auto bad = bad_images(scores);
        std::copy(bad.begin(), bad.end(), rejected.begin());
    });
    run.clock.stage("maps and atoms", [&] {
        final_maps_and_atoms(input, halves, find_element(run.options.elements.front()).symbol, run.options.seed, result, run.backend, run.progress);
    });
    for (std::size_t i = 0; i < poses.size(); i++)
        result.images.push_back({poses[i].pose, scores[i], state.poses[i].margin, run.half[i], rejected[i] != 0});
    std::vector<Pose> used;
    for (const auto& image : result.images)
        if (!image.rejected) used.push_back(image.pose);
    const ViewGap gap = largest_view_gap(used);
    result.largest_gap_deg = gap.half_angle_deg;
    result.largest_gap_axis = gap.axis;
    const SearchEnd end = state.rounds_done > 0 ? SearchEnd{state.moved, state.explained} : SearchEnd{};
    run.clock.stage("verdict", [&] { result.verdict = judge(result, test_predictions(input, halves, run.backend), end); });
}

}  // namespace

ReconstructResult reconstruct(StackView stack, const ReconstructOptions& options, Progress& progress) {
    check_options(stack.images, stack.height, stack.width, options);
    const backend::Choice choice = backend::choose_backend(options.device);
    progress.log("device " + choice.reason);
    Backend backend(*choice.table, choice.device, options.threads);
    return reconstruct_on(backend, stack, options, progress);
}

ReconstructResult reconstruct_on(Backend& backend, StackView stack, const ReconstructOptions& options, Progress& progress) {
    check_options(stack.images, stack.height, stack.width, options);
    if (options.resume && options.checkpoint_file.empty()) throw bad_input("a run is to be resumed, but no checkpoint is named: expected its file");
    ReconstructResult result;
    Run run{options, backend, {}, {}, {}, 0, halves_of(stack.images, options), {}, progress, StageClock(progress, result.time_s)};
    if (!options.checkpoint_file.empty()) run.fingerprint = input_fingerprint(stack, options);

    RunState state;
    state.neighbour_A = find_element(options.elements.front()).nearest_neighbour_A;
    if (options.resume) state = load_checkpoint(options.checkpoint_file, run.fingerprint);
    set_scale(run, state.neighbour_A);
    run.clock.stage("prepare", [&] {
        const ImagePreparationOptions preparation{options.pixel_size_A, options.diameter_A, options.contrast == Contrast::dark_atoms ? -1.0 : 1.0};
        run.images = prepare_images(stack, preparation, backend.pool(), progress);
        run.resident = backend.resident(run.images);
        if (state.contrast_inverted) invert(run);
    });
    progress.log(fmt::format("particle radius {:.2f} A, mask radius {:.2f} A, working box {} px", run.images.particle_radius_A,
                             run.images.mask_radius_A, run.images.box));

    const bool given_poses = !options.poses.empty();
    settle_poses(run, state);
    while ((!given_poses || options.polish) && state.half_rounds_done < half_rounds) {
        run.clock.stage("refine halves", [&] { run_half_round(run, state); });
        save(run, state);
    }
    finish(run, state, result);

    result.contrast_inverted = state.contrast_inverted || options.contrast == Contrast::dark_atoms;
    result.start = state.start;
    result.turn_deg = degrees(std::sqrt(3.0) * state.turn_sigma_rad);
    result.particle_diameter_A = 2 * run.images.particle_radius_A;
    result.device = backend.device();
    pad_to_stack(result, static_cast<int>(stack.width));
    if (options.flip_hand) flip_hand(result);
    result.peak_memory_bytes = peak_memory();
    return result;
}

}  // namespace tumble
