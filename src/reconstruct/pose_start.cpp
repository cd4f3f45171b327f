#include "reconstruct/pose_start.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "reconstruct/blind_start.hpp"
#include "reconstruct/centring.hpp"
#include "reconstruct/lattice_free_model.hpp"
#include "reconstruct/map_estimate.hpp"
#include "reconstruct/motif_model.hpp"
#include "reconstruct/particle_signal.hpp"
#include "reconstruct/reference_start.hpp"
#include "reconstruct/starting_reference.hpp"
#include "tumble/error.hpp"

namespace tumble {
namespace {

constexpr std::size_t motifs_tried = 3;

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
    const bool from_motif = starts_from_motif(run.options, state.attempt), either_sign = run.options.contrast == Contrast::automatic;
    MotifScan scan;
    if (from_motif || either_sign) {
        const auto likeliest = std::span(ranking).first(std::min<std::size_t>(from_motif ? motifs_tried : 1, ranking.size()));
        scan = scan_motifs(run.resident, likeliest, either_sign, options, run.backend, run.progress);
    }
    state.contrast_inverted = scan.inverted;
    if (state.contrast_inverted) invert(run);
    FirstModel model;
    if (from_motif) {
        model = best_motif_model(run.resident, scan, options, run.backend, run.progress);
    } else {
        options.seed += static_cast<std::uint64_t>(state.attempt) << 32;
        model = lattice_free_model(run.resident, options, run.backend, run.progress);
    }
    state.start = model.structure;
    run.progress.log(fmt::format("start: {}; score {:.1f} an image, {:.2f} of the signal", model.structure, model.score, model.explained));
    options.shift_sigma_A = state.shift_sigma_A = measured_centring(run, model.map);
    state.poses = poses_from_model(run.resident, model, run.options, options, run.backend, run.progress);
}

}  // namespace

void start_poses(Run& run, RunState& state) {
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

}  // namespace tumble
