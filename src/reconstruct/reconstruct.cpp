// The whole: from the stack to atoms and a verdict. Declarations in include/tumble/reconstruct.hpp.
#include "tumble/reconstruct.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "backend/backend.hpp"
#include "backend/loader.hpp"
#include "core/units.hpp"
#include "fourier/filters.hpp"
#include "io/element.hpp"
#include "pose/image_preparation.hpp"
#include "reconstruct/atomic_map.hpp"
#include "reconstruct/atomic_rounds.hpp"
#include "reconstruct/blind_start.hpp"
#include "reconstruct/centring.hpp"
#include "reconstruct/checked_options.hpp"
#include "reconstruct/final_result.hpp"
#include "reconstruct/frame_continuity.hpp"
#include "reconstruct/half_refinement.hpp"
#include "reconstruct/particle_signal.hpp"
#include "reconstruct/reconstruct_on.hpp"
#include "reconstruct/reference_start.hpp"
#include "reconstruct/round_schedule.hpp"
#include "reconstruct/run_state.hpp"
#include "reconstruct/starting_reference.hpp"
#include "reconstruct/verdict.hpp"
#include "reconstruct/view_coverage.hpp"
#include "reconstruct/working_bands.hpp"

namespace tumble {
namespace {

constexpr int half_rounds = 2;
// A settled structure explained 0.90 to 1.00 of the signal on nine particles, a wrong one at most 0.78 (docs/dev/blind.md).
constexpr double enough_explained = 0.8;
constexpr int rounds_to_show = 8;  // a start that does not explain that much by then is given up

/// Reports stages to the caller and keeps the time of each.
class StageClock {
  public:
    StageClock(Progress& progress, std::vector<std::pair<std::string, double>>& times) : progress_(progress), times_(times) {}
    template <class Work>
    auto stage(const std::string& name, Work work) {
        if (progress_.cancelled()) throw Error(ErrorKind::interrupted, fmt::format("interrupted before the stage '{}'", name));
        progress_.stage(name);
        const Timer timer{*this, name, std::chrono::steady_clock::now()};
        return work();
    }

  private:
    struct Timer {
        StageClock& clock;
        const std::string& name;
        std::chrono::steady_clock::time_point start;
        ~Timer() {
            const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
            auto known = std::find_if(clock.times_.begin(), clock.times_.end(), [&](const auto& t) { return t.first == name; });
            if (known != clock.times_.end())
                known->second += seconds;
            else
                clock.times_.emplace_back(name, seconds);
        }
    };
    Progress& progress_;
    std::vector<std::pair<std::string, double>>& times_;
};

/// What stays fixed during a run.
struct Run {
    const ReconstructOptions& options;
    Backend& backend;
    PreparedImages images;
    ResidentImages resident;  // of images
    WorkingBands bands;
    double min_distance_A = 0;
    std::vector<int> half;
    std::string fingerprint;
    Progress& progress;
    StageClock clock;
};

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

/// Everything that follows from the distance of neighbouring atoms.
void set_scale(Run& run, double neighbour_A) {
    run.bands = working_bands(neighbour_A, run.options.pixel_size_A, run.options.max_resolution_A);
    run.min_distance_A = 0.72 * neighbour_A;
}

void save(const Run& run, const RunState& state) {
    if (!run.options.checkpoint_file.empty()) save_checkpoint(run.options.checkpoint_file, run.fingerprint, state);
}

void invert(Run& run) {
    run.resident = {};
    invert_contrast(run.images);
    run.resident = run.backend.resident(run.images);
}

void require_particle(Run& run) {
    const ParticleSignal signal = particle_signal(run.images, run.bands.search_low, run.bands.polish_high);
    run.progress.log(fmt::format("signal power over noise power inside the particle, {:.2f} - {:.2f} 1/A: {:.3f}", run.bands.search_low,
                                 run.bands.polish_high, signal.ratio));
    if (!signal.present())
        throw Error(ErrorKind::unsupported,
                    fmt::format("the images show no particle: signal power is {:.4f} of the noise inside a radius of {:.1f} A, expected more than 0.01",
                                signal.ratio, run.images.mask_radius_A));
}

/// Mean cube of the map over its rms cubed: positive where atoms are bright.
double skewness(const Volume& map) {
    double m1 = 0, m2 = 0, m3 = 0;
    const auto n = static_cast<double>(map.values.size());
    for (const float v : map.values) m1 += v / n;
    for (const float v : map.values) m2 += (v - m1) * (v - m1) / n, m3 += (v - m1) * (v - m1) * (v - m1) / n;
    return m2 > 0 ? m3 / std::pow(m2, 1.5) : 0;
}

bool poses_want_inversion(Run& run, const RunState& state) {
    const auto equations = equations_of(run.resident, weighted_poses(state.poses), band_of(run.images, run.bands.low, run.bands.polish_high), run.backend);
    return skewness(solve_map(equations, run.images, run.bands.polish_high, 6, run.backend)) < 0;
}

void start_from_poses(Run& run, RunState& state) {
    state.start = "given poses";
    state.poses = certain_poses(run.options.poses);
    if (run.options.contrast == Contrast::automatic) state.contrast_inverted = poses_want_inversion(run, state);
    if (state.contrast_inverted) invert(run);
}

double measured_centring(const Run& run, const Volume& map) {
    const double sigma = measure_centring_sigma(run.resident, map, run.bands, run.options.seed, run.backend);
    run.progress.log(fmt::format("centring error {:.2f} A on each axis", sigma));
    return sigma;
}

void start_from_reference(Run& run, RunState& state) {
    require_particle(run);
    const Volume& given = *run.options.reference;
    if (given.box != run.images.box || std::abs(given.voxel_A / run.images.pixel_size_A - 1) > 1e-4)
        run.progress.log(fmt::format("reference of {} voxels of {:.4f} A resampled to {} voxels of {:.4f} A", given.box, given.voxel_A,
                                     run.images.box, run.images.pixel_size_A));
    const Volume matched = matched_reference(given, run.images, run.backend.pool());
    if (run.options.contrast == Contrast::automatic)
        state.contrast_inverted = map_wants_inversion(run.resident, matched, run.bands, run.options, run.backend);
    if (state.contrast_inverted) invert(run);
    state.start = "a reference map";
    state.shift_sigma_A = measured_centring(run, matched);
    state.poses = poses_from_reference(run.resident, matched, run.bands, state.shift_sigma_A, run.options, run.backend, run.progress);
}

void start_blind(Run& run, RunState& state) {
    require_particle(run);
    const auto ranking = ranked_motifs(run.images, run.options, run.backend.pool());
    state.neighbour_A = ranking.front().neighbour_A;
    set_scale(run, state.neighbour_A);
    FirstModelOptions options;
    options.bands = run.bands;
    options.neighbour_A = state.neighbour_A;
    options.seed = run.options.seed;
    FirstModel model = first_model(run.resident, ranking, run.options, state.attempt, options, run.backend, run.progress);
    run.progress.log(fmt::format("start: {}; score {:.1f} an image", model.structure, model.score));
    state.start = model.structure;
    if (run.options.contrast == Contrast::automatic && map_wants_inversion(run.resident, model.map, run.bands, run.options, run.backend)) {
        state.contrast_inverted = true;
        invert(run);
        model = first_model(run.resident, ranking, run.options, state.attempt, options, run.backend, run.progress);
    }
    options.shift_sigma_A = state.shift_sigma_A = measured_centring(run, model.map);
    state.poses = poses_from_model(run.resident, model, options, run.backend, run.progress);
}

/// Where the order of the images is not told, the poses tell it.
double turn_sigma(const Run& run, const RunState& state, std::span<const NearSymmetry> symmetries) {
    if (run.options.order == FrameOrder::unordered) return 0;
    const FrameSteps steps = measure_frame_steps(best_poses(state.poses), symmetries);
    const bool consecutive = run.options.order == FrameOrder::consecutive || steps.consecutive();
    return consecutive ? steps.sigma_rad() : 0;
}

/// Mean posterior share of the best pose, of the second, and so on.
std::vector<double> mean_shares(const std::vector<PosteriorPoses>& poses) {
    std::vector<double> shares(8, 0.0);
    for (const auto& p : poses)
        for (std::size_t k = 0; k < std::min(shares.size(), p.shares.size()); k++) shares[k] += p.shares[k] / static_cast<double>(poses.size());
    return shares;
}

void run_round(Run& run, RunState& state, const RoundStep& step) {
    RoundOptions options;
    options.low_per_A = run.bands.low;
    options.high_per_A = run.bands.round_high;
    options.temperature = step.temperature;
    options.turn_sigma_rad = state.turn_sigma_rad;
    options.search = step.search;
    options.search_scope.low_per_A = run.bands.search_low;
    options.search_scope.high_per_A = run.bands.search_high;
    options.search_scope.shift_radius_A = search_shift_radius(state.shift_sigma_A);
    options.shift_sigma_A = state.shift_sigma_A;
    options.min_distance_A = run.min_distance_A;
    options.most_atoms = close_packed_count(run.images.particle_radius_A + 1.5, state.neighbour_A);
    options.seed = run.options.seed;
    options.pass = static_cast<std::uint32_t>(state.rounds_done);
    auto round = atomic_round(run.resident, state.poses, options, run.backend, run.progress);
    state.poses = std::move(round.images);
    state.explained = round.mean_score / expected_score(run.images, run.bands.low, run.bands.round_high);
    run.progress.round({state.rounds_done + 1, step.search, round.mean_score, state.explained, round.moved, mean_shares(state.poses), round.atoms, round.map.view()});
    const Vec3 centre = recentre(state.poses);
    state.rounds_done++;
    state.moved = round.moved;
    if (step.search) state.strayed = round.strayed;
    if (round.symmetries.size() > 1) state.turn_sigma_rad = turn_sigma(run, state, round.symmetries);
    run.progress.log(fmt::format("round {}{}: temperature {:.1f}, held-out score {:.1f} an image ({:.2f} of the signal), {} atoms, {} near symmetries, "
                                 "{:.1f} % of the images moved, {:.1f} % strayed, origin moved by {:.3f} A, turn {:.2f} deg about each axis",
                                 state.rounds_done, step.search ? " with a search" : "", step.temperature, round.mean_score,
                                 state.explained, round.atoms,
                                 round.symmetries.size(), 100 * round.moved, 100 * round.strayed, length(centre), degrees(state.turn_sigma_rad)));
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

void start(Run& run, RunState& state) {
    const bool given_poses = !run.options.poses.empty();
    run.clock.stage(given_poses ? "given poses" : run.options.reference ? "search" : "first model", [&] {
        if (given_poses)
            start_from_poses(run, state);
        else if (run.options.reference)
            start_from_reference(run, state);
        else
            start_blind(run, state);
    });
    state.rounds_done = 0;
    save(run, state);
}

void run_rounds(Run& run, RunState& state) {
    while (const auto step = next_round({state.rounds_done, state.moved, state.strayed}, state.turn_sigma_rad > 0)) {
        if (state.rounds_done >= rounds_to_show && state.explained < enough_explained) break;
        run.clock.stage("rounds", [&] { run_round(run, state, *step); });
        save(run, state);
    }
}

/// The poses from which the halves are refined: of the first blind attempt that explains enough, or of the best of all.
void settle_poses(Run& run, RunState& state) {
    const bool given_poses = !run.options.poses.empty();
    const int attempts = given_poses || run.options.reference ? 1 : blind_attempts(run.options);
    for (;;) {
        if (state.rounds_done < 0) start(run, state);
        if (given_poses || state.half_rounds_done > 0) return;
        run_rounds(run, state);
        if (state.explained >= enough_explained || state.attempt + 1 >= attempts) break;
        run.progress.log(fmt::format("attempt {} explains {:.2f} of the signal, expected {:.2f} or more: another start", state.attempt + 1,
                                     state.explained, enough_explained));
        RunState next;
        next.attempt = state.attempt + 1;
        const bool better = state.explained > state.kept_explained;
        next.kept_explained = better ? state.explained : state.kept_explained;
        next.kept_start = better ? state.start : state.kept_start;
        next.kept = std::move(better ? state.poses : state.kept);
        if (state.contrast_inverted) invert(run);
        state = std::move(next);
    }
    if (state.kept_explained > state.explained) state.poses = state.kept, state.start = state.kept_start, state.explained = state.kept_explained;
    state.kept.clear(), state.kept_explained = 0;
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
    run.clock.stage("verdict", [&] { result.verdict = judge(result, test_predictions(input, halves, scores, run.backend)); });
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
