#include "reconstruct/settled_poses.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/units.hpp"
#include "reconstruct/atomic_map.hpp"
#include "reconstruct/atomic_rounds.hpp"
#include "reconstruct/blind_start.hpp"
#include "reconstruct/centring.hpp"
#include "reconstruct/frame_continuity.hpp"
#include "reconstruct/particle_signal.hpp"
#include "reconstruct/pose_start.hpp"
#include "reconstruct/round_schedule.hpp"

namespace tumble {
namespace {

constexpr double largest_turn_sigma_rad = 0.25;  // frames that turn farther tell each other nothing
constexpr int rounds_to_show = 8;  // a start that does not explain that much by then is given up

/// Where the order of the images is not told, the poses tell it.
double turn_sigma(const Run& run, const RunState& state, std::span<const NearSymmetry> symmetries) {
    if (run.options.order == FrameOrder::unordered) return 0;
    const FrameSteps steps = measure_frame_steps(best_poses(state.poses), symmetries);
    const bool consecutive = run.options.order == FrameOrder::consecutive || steps.consecutive();
    return consecutive ? std::min(steps.sigma_rad(), largest_turn_sigma_rad) : 0;
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
    // A first model that fits badly scatters the shifts: the error seems larger than it is, and each search costs by its square.
    state.shift_sigma_A = std::min(state.shift_sigma_A, centring_sigma_of(state.poses));
    state.rounds_done++;
    state.moved = round.moved;
    if (step.search) state.strayed = round.strayed;
    state.turn_sigma_rad = turn_sigma(run, state, round.symmetries);
    run.progress.log(fmt::format("round {}{}: temperature {:.1f}, held-out score {:.1f} an image ({:.2f} of the signal), {} atoms, {} near symmetries, "
                                 "{:.1f} % of the images moved, {:.1f} % strayed, origin moved by {:.3f} A, turn {:.2f} deg about each axis",
                                 state.rounds_done, step.search ? " with a search" : "", step.temperature, round.mean_score,
                                 state.explained, round.atoms,
                                 round.symmetries.size(), 100 * round.moved, 100 * round.strayed, length(centre), degrees(state.turn_sigma_rad)));
}

/// The round that comes next, if any.
std::optional<RoundStep> round_left(const RunState& state) {
    if (state.rounds_done >= rounds_to_show && state.explained < enough_explained) return {};
    return next_round({state.rounds_done, state.moved, state.strayed}, state.turn_sigma_rad > 0);
}

/// Leaves an attempt that explained too little, keeping its poses where they are the best so far.
void next_attempt(Run& run, RunState& state) {
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

}  // namespace

bool settle_step(Run& run, RunState& state) {
    const bool given_poses = !run.options.poses.empty();
    const int attempts = given_poses || run.options.reference ? 1 : blind_attempts(run.options);
    if (state.rounds_done < 0) {
        start_poses(run, state);
        return true;
    }
    if (given_poses || state.half_rounds_done > 0) return false;
    if (const auto step = round_left(state)) {
        run.clock.stage("rounds", [&] { run_round(run, state, *step); });
        save(run, state);
        return true;
    }
    if (state.explained < enough_explained && state.attempt + 1 < attempts) {
        next_attempt(run, state);
        start_poses(run, state);
        return true;
    }
    if (state.kept_explained > state.explained) state.poses = state.kept, state.start = state.kept_start, state.explained = state.kept_explained;
    state.kept.clear(), state.kept_explained = 0;
    return false;
}

}  // namespace tumble
