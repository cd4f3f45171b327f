#include "reconstruct/atomic_map.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "atoms/atomic_model.hpp"
#include "reconstruct/image_refinement.hpp"

namespace tumble {
namespace {

constexpr double largest_height = 1.15;  // two atoms that the map does not yet divide are not twice an atom
constexpr std::size_t least_atoms = 20;

}  // namespace

AtomicModel model_of_peaks(const Volume& map, std::span<const Peak> peaks, std::size_t count, Backend& backend) {
    AtomicModel model;
    const double median = peaks[count / 2].height;
    for (const Peak& peak : peaks.first(count)) {
        model.positions_A.push_back(peak.position_A);
        model.heights.push_back(std::min(largest_height, peak.height / median));
    }
    model.shell_amplitude = fit_shell_amplitude(map, model.positions_A, model.heights, backend.pool());
    for (auto& f : model.shell_amplitude) f = std::max(0.0, f);
    return model;
}

std::optional<AtomicModel> atomic_model_of(const Volume& map, double radius_A, double min_distance_A, Backend& backend) {
    const auto peaks = find_peaks(map, radius_A, min_distance_A, backend.pool());
    const auto selection = select_atoms(peaks);
    if (selection.atoms < 4) return std::nullopt;
    return model_of_peaks(map, peaks, selection.atoms, backend);
}

std::optional<AtomicModel> tentative_model_of(const Volume& map, double radius_A, double min_distance_A, std::size_t most, Backend& backend) {
    const auto peaks = find_peaks(map, radius_A, min_distance_A, backend.pool());
    const double least_height = 0.75 * select_atoms(peaks).threshold;
    const auto end = std::find_if(peaks.begin(), peaks.end(), [&](const Peak& p) { return !(p.height > least_height); });
    const std::size_t count = std::min(most, static_cast<std::size_t>(end - peaks.begin()));
    if (count < least_atoms) return std::nullopt;
    return model_of_peaks(map, peaks, count, backend);
}

Volume rendered(const AtomicModel& model, int box, double voxel_A, Backend& backend) {
    return render_atoms(box, voxel_A, model.positions_A, model.heights, model.shell_amplitude, backend.pool());
}

AtomicModel refined(const AtomicModel& model, const ResidentImages& images, std::span<const Pose> poses, std::span<const float> weights,
                    Backend& backend, Progress& progress) {
    std::vector<FittedAtom> start(model.positions_A.size());
    for (std::size_t a = 0; a < start.size(); a++) start[a].position_A = model.positions_A[a], start[a].height = model.heights[a];
    ImageRefinementOptions options;
    options.rounds = 2;
    auto fit = refine_atoms(images, poses, weights, start, options, backend, progress);
    AtomicModel out;
    for (const auto& atom : fit.atoms) out.positions_A.push_back(atom.position_A), out.heights.push_back(atom.height);
    out.shell_amplitude = std::move(fit.shell_amplitude);
    return out;
}

std::size_t close_packed_count(double radius_A, double neighbour_A) {
    return static_cast<std::size_t>(4.0 / 3 * std::numbers::pi * std::numbers::sqrt2 * std::pow(radius_A / neighbour_A, 3));
}

}  // namespace tumble
