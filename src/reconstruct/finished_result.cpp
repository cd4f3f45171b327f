#include "reconstruct/finished_result.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>

#include "core/units.hpp"
#include "fourier/filters.hpp"
#include "io/element.hpp"
#include "reconstruct/final_result.hpp"
#include "reconstruct/half_refinement.hpp"
#include "reconstruct/verdict.hpp"
#include "reconstruct/view_coverage.hpp"

namespace tumble {
namespace {

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

/// Half maps, map, atoms and verdict, on the working box.
void add_maps_atoms_and_verdict(Run& run, const RunState& state, ReconstructResult& result) {
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

ReconstructResult finished_result(Run& run, const RunState& state, int stack_box) {
    ReconstructResult result;
    add_maps_atoms_and_verdict(run, state, result);
    result.contrast_inverted = state.contrast_inverted || run.options.contrast == Contrast::dark_atoms;
    result.start = state.start;
    result.turn_deg = degrees(std::sqrt(3.0) * state.turn_sigma_rad);
    result.particle_diameter_A = 2 * run.images.particle_radius_A;
    result.device = run.backend.device();
    pad_to_stack(result, stack_box);
    if (run.options.flip_hand) flip_hand(result);
    result.peak_memory_bytes = peak_memory();
    return result;
}

}  // namespace tumble
