#include "reconstruct/final_result.hpp"

#include <algorithm>
#include <cmath>

#include "atoms/joint_fit.hpp"
#include "atoms/peak_detection.hpp"
#include "fourier/fsc.hpp"
#include "map/mask.hpp"
#include "map/restoration.hpp"
#include "reconstruct/map_estimate.hpp"
#include "reconstruct/reported_atoms.hpp"
#include "tumble/error.hpp"

namespace tumble {
namespace {

constexpr int final_steps = 20;       // conjugate-gradient steps: the maps' error stands still from about ten on
constexpr int refinement_rounds = 4;
constexpr std::size_t least_places = 4;
constexpr double matched_A = 0.6;     // an atom of one half is looked for within this distance in the other

/// Poses of the images of `half` (0: of both) that count.
std::vector<WeightedPose> poses_of_half(const FinalStageInput& in, int half) {
    std::vector<WeightedPose> out;
    for (std::size_t i = 0; i < in.poses.size(); i++)
        if ((half == 0 || in.half[i] == half) && !in.rejected[i]) out.push_back({in.poses[i].image, in.poses[i].pose, 1.0f});
    return out;
}

std::vector<Pose> plain_poses(const FinalStageInput& in) {
    std::vector<Pose> out;
    for (const auto& p : in.poses) out.push_back(p.pose);
    return out;
}

/// 1 for those images, 0 for the others.
std::vector<float> image_weights(const FinalStageInput& in, int half) {
    std::vector<float> out;
    for (std::size_t i = 0; i < in.poses.size(); i++) out.push_back((half == 0 || in.half[i] == half) && !in.rejected[i] ? 1.0f : 0.0f);
    return out;
}

std::vector<Vec3> atom_places(const Volume& map, const FinalStageInput& in, Backend& backend) {
    const auto peaks = find_peaks(map, in.images->mask_radius_A, in.min_distance_A, backend.pool());
    const auto selection = select_atoms(peaks);
    std::vector<Vec3> places;
    for (std::size_t a = 0; a < selection.atoms; a++) places.push_back(peaks[a].position_A);
    return places;
}

/// Where atoms stand out of a quick map of the images of `half` (0: of both).
std::vector<Vec3> quick_places(const FinalStageInput& in, int half, Backend& backend) {
    const Band band = band_of(in.images, 0.1 * in.bands.low, in.bands.polish_high);
    const auto equations = equations_of(in.images, poses_of_half(in, half), band, backend);
    return atom_places(solve_map(equations, in.images, in.bands.polish_high, final_steps / 2, backend), in, backend);
}

double rms_distance(const Atoms& a, const Atoms& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); i++) {
        const Vec3 d = a[i].position_A - b[i].position_A;
        sum += dot(d, d);
    }
    return a.empty() ? 0 : std::sqrt(sum / static_cast<double>(a.size()));
}

const FittedAtom* nearest_atom(const std::vector<FittedAtom>& atoms, Vec3 place) {
    const FittedAtom* nearest = nullptr;
    double best = matched_A;
    for (const auto& a : atoms)
        if (const double d = length(a.position_A - place); d < best) best = d, nearest = &a;
    return nearest;
}

/// Distances between the halves; returns the 3D rms error of the merged atoms that they imply: an atom from all the data is
/// the mean of two independent ones, so its error is half their distance.
double fill_half_distances(Atoms& atoms, const HalfAtoms (&halves)[2]) {
    double sum = 0, count = 0;
    for (auto& atom : atoms) {
        const auto* a = nearest_atom(halves[0].atoms, atom.position_A);
        const auto* b = nearest_atom(halves[1].atoms, atom.position_A);
        if (!a || !b) continue;
        atom.half_distance_A = length(a->position_A - b->position_A);
        sum += atom.half_distance_A * atom.half_distance_A, count += 1;
    }
    return count > 0 ? 0.5 * std::sqrt(sum / count) : 0;
}

}  // namespace

std::vector<Vec3> HalfAtoms::positions() const {
    std::vector<Vec3> out;
    for (const auto& a : atoms) out.push_back(a.position_A);
    return out;
}

std::vector<double> HalfAtoms::heights() const {
    std::vector<double> out;
    for (const auto& a : atoms) out.push_back(a.height);
    return out;
}

HalfAtoms half_atoms(const FinalStageInput& in, int half, Backend& backend, Progress& progress) {
    HalfAtoms out;
    auto places = quick_places(in, half, backend);
    // A half's weak atoms may be no clearer than its noise where those of all images are. Only the start is shared then: the
    // refinement sees this half alone, and held-out scores tell whether its images show these atoms.
    if (places.size() < least_places) places = quick_places(in, 0, backend);
    if (places.size() < least_places) return out;
    std::vector<FittedAtom> start(places.size());
    for (std::size_t a = 0; a < places.size(); a++) start[a].position_A = places[a], start[a].height = 1;
    ImageRefinementOptions options;
    options.rounds = refinement_rounds;
    auto refined = refine_atoms(in.images, plain_poses(in), image_weights(in, half), start, options, backend, progress);
    out.atoms = std::move(refined.atoms);
    out.shell_amplitude = std::move(refined.shell_amplitude);
    return out;
}

void final_maps_and_atoms(const FinalStageInput& in, const HalfAtoms (&halves)[2], const std::string& element, std::uint64_t seed, ReconstructResult& result,
                          Backend& backend, Progress& progress) {
    const Band band = band_of(in.images, 0, in.bands.map_high);
    ResidentEquations equations = equations_of(in.images, poses_of_half(in, 1), band, backend);
    result.half1 = solve_map(equations, in.images, in.bands.map_high, final_steps, backend);
    {
        const ResidentEquations second = equations_of(in.images, poses_of_half(in, 2), band, backend);
        result.half2 = solve_map(second, in.images, in.bands.map_high, final_steps, backend);
        backend.add(equations, second);
    }
    const Volume map = solve_map(equations, in.images, in.bands.map_high, final_steps, backend);
    progress.update(0.5);
    if (progress.cancelled()) throw Error(ErrorKind::interrupted, "interrupted after the maps");

    try {
        result.mask = find_mask(average_of_halves(result.half1, result.half2), {}, backend.pool());
    } catch (const Error&) {
        // Nothing stands out of the noise: the correlation is then taken where the particle should be.
        result.mask = spherical_mask(in.images->box, in.images->pixel_size_A, in.images->particle_radius_A + 1, 2);
    }
    result.mask.voxel_A = result.half1.voxel_A = result.half2.voxel_A = in.images->pixel_size_A;
    result.fsc = shell_correlation(result.half1, result.half2, result.mask.view(), seed, backend.pool());
    result.resolution_0143 = resolution_at(result.fsc.frequency_per_A, result.fsc.corrected, 0.143);
    result.resolution_05 = resolution_at(result.fsc.frequency_per_A, result.fsc.corrected, 0.5);
    result.map = restore(map, result.fsc.corrected, backend.pool()).map;
    result.map.voxel_A = in.images->pixel_size_A;

    // What the two halves do not show apart is not believed of their sum either.
    if (halves[0].atoms.empty() || halves[1].atoms.empty()) return;
    const auto places = atom_places(result.map, in, backend);
    progress.update(0.6);
    if (places.size() < least_places) return;
    const JointFit fit = fit_atoms(result.map, places, {}, backend.pool());
    result.fitted_atoms = reported_atoms(fit.atoms, element);
    progress.update(0.7);
    ImageRefinementOptions options;
    options.rounds = refinement_rounds;
    const auto refined = refine_atoms(in.images, plain_poses(in), image_weights(in, 0), fit.atoms, options, backend, progress);
    result.atoms = reported_atoms(refined.atoms, element);
    result.fit_shift_pm = 100 * rms_distance(result.atoms, result.fitted_atoms);
    double squares = 0;
    for (const auto& a : result.atoms) squares += dot(a.sigma_A, a.sigma_A);
    result.atoms_precision_pm = 100 * std::sqrt(squares / static_cast<double>(result.atoms.size()));
    result.atoms_half_precision_pm = 100 * fill_half_distances(result.atoms, halves);
    progress.update(1);
}

}  // namespace tumble
