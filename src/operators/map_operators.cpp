// What is done with half maps, and the refinement of atoms against images.
#include <fmt/format.h>

#include <algorithm>

#include "fourier/fsc.hpp"
#include "map/mask.hpp"
#include "map/restoration.hpp"
#include "operators/states.hpp"
#include "reconstruct/image_refinement.hpp"
#include "reconstruct/reported_atoms.hpp"
#include "tumble/error.hpp"

namespace tumble {

ShellCorrelation correlate_halves(const Device& device, const Volume& half1, const Volume& half2, VolumeView mask, std::uint64_t seed) {
    if (half1.box != half2.box || half1.box < 8 || (mask.data && mask.box != half1.box))
        throw bad_input(fmt::format("the half maps have boxes of {} and {} voxels, the mask of {}: expected the same, at least 8", half1.box, half2.box, mask.box));
    return shell_correlation(half1, half2, mask, seed, backend_of(device).pool());
}

Resolution resolution_of(std::span<const double> frequency_per_A, std::span<const double> curve, double threshold) {
    if (frequency_per_A.size() != curve.size() || curve.size() < 2)
        throw bad_input(fmt::format("found {} frequencies and {} values, expected as many of both, at least 2", frequency_per_A.size(), curve.size()));
    return resolution_at({frequency_per_A.begin(), frequency_per_A.end()}, {curve.begin(), curve.end()}, threshold);
}

Volume restored_map(const Device& device, const Volume& map, std::span<const double> fsc) {
    if (map.box < 8) throw bad_input(fmt::format("the map has a box of {} voxels: expected at least 8", map.box));
    const auto shells = static_cast<std::size_t>(map.box / 2 + 1);
    if (fsc.size() != shells) throw bad_input(fmt::format("fsc: found {} values, expected one a shell of a box of {} voxels, {}", fsc.size(), map.box, shells));
    return restore(map, fsc, backend_of(device).pool()).map;
}

Volume particle_mask(const Device& device, const Volume& map) {
    if (map.box < 8) throw bad_input(fmt::format("the map has a box of {} voxels: expected at least 8", map.box));
    return find_mask(map, {}, backend_of(device).pool());
}

Atoms refine_atoms(const ParticleImages& images, std::span<const WeightedPose> poses, const Atoms& start, Progress& progress) {
    if (start.empty()) throw bad_input("there are no atoms to refine: expected at least one");
    std::vector<Pose> all(static_cast<std::size_t>(images.count()));
    std::vector<float> weights(all.size(), 0.0f);
    for (const auto& p : poses) {
        require_image(images, p.image, "poses");
        const auto i = static_cast<std::size_t>(p.image);
        if (weights[i] != 0) throw bad_input(fmt::format("poses: image {} is there twice, expected once", p.image));
        all[i] = p.pose, weights[i] = p.weight;
    }
    if (std::all_of(weights.begin(), weights.end(), [](float w) { return w == 0; })) throw bad_input("poses: no image has a weight, expected at least one");
    std::vector<FittedAtom> fitted;
    for (const auto& atom : start) {
        fitted.emplace_back();
        fitted.back().position_A = atom.position_A, fitted.back().height = atom.height, fitted.back().width_A = atom.width_A;
    }
    const auto refined = refine_atoms(images.state()->resident, all, weights, fitted, ImageRefinementOptions{}, backend_of(images.device()), progress);
    Atoms out = reported_atoms(refined.atoms, start.front().element);
    for (std::size_t a = 0; a < out.size(); a++) out[a].element = start[a].element;
    return out;
}

}  // namespace tumble
