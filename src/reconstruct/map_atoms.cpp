// Atoms of a map alone: detection and joint fit, with half maps the distance between the halves. Declared in
// include/tumble/reconstruct.hpp.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "atoms/joint_fit.hpp"
#include "atoms/peak_detection.hpp"
#include "core/threads.hpp"
#include "io/element.hpp"
#include "map/mask.hpp"
#include "reconstruct/reported_atoms.hpp"
#include "tumble/reconstruct.hpp"

namespace tumble {
namespace {

constexpr std::size_t fewest_atoms = 4;
constexpr double largest_half_shift_A = 0.6;  // beyond it the half's fit has left the atom

double closest_distance(const MapAtomsOptions& options) {
    if (options.elements.empty()) throw bad_input("no element is given: expected at least one chemical symbol");
    const Element element = find_element(options.elements.front());
    if (options.min_distance_A > 0) return options.min_distance_A;
    if (element.nearest_neighbour_A > 0) return 0.75 * element.nearest_neighbour_A;
    throw bad_input(
        fmt::format("the nearest-neighbour distance of {} is not tabulated: expected the closest distance of "
                    "two atoms in A (--min-distance)",
                    element.symbol));
}

void require_map(const Volume& map, const char* name) {
    if (map.box < 8 || map.values.size() != map.view().size())
        throw bad_input(fmt::format("{}: found a box of {} voxels, expected at least 8", name, map.box));
    if (!(map.voxel_A > 0))
        throw bad_input(fmt::format("{}: the voxel size is not known, expected it in A", name));
}

/// Farthest that the particle's mask reaches from the origin; the sphere that the box holds where nothing
/// stands out of the noise.
double particle_reach(const Volume& map, ThreadPool& pool) {
    const double largest = (map.box / 2 - 1) * map.voxel_A;
    try {
        const Volume mask = find_mask(map, {}, pool);
        double reach = 0;
        for (int z = 0; z < map.box; z++)
            for (int y = 0; y < map.box; y++)
                for (int x = 0; x < map.box; x++)
                    if (mask.at(x, y, z) > 0.5f)
                        reach = std::max(reach, length(Vec3{x - map.box / 2.0, y - map.box / 2.0, z - map.box / 2.0}));
        return std::min(largest, reach * map.voxel_A);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::unsupported) throw;
        return largest;
    }
}

std::vector<Vec3> atom_places(const Volume& map, const MapAtomsOptions& options, ThreadPool& pool) {
    const double radius = options.radius_A > 0 ? options.radius_A : particle_reach(map, pool);
    const auto peaks = find_peaks(map, radius, closest_distance(options), pool);
    const PeakSelection selection = select_atoms(peaks);
    if (selection.atoms < fewest_atoms)
        throw Error(ErrorKind::unsupported,
                    fmt::format("the map shows no atoms: {} peaks within {:.1f} A, and their heights have no gap "
                                "between atoms and noise",
                                peaks.size(), radius));
    std::vector<Vec3> places;
    for (std::size_t a = 0; a < selection.atoms; a++) places.push_back(peaks[a].position_A);
    return places;
}

void fill_half_distances(Atoms& atoms, const std::vector<FittedAtom>& first, const std::vector<FittedAtom>& second) {
    for (std::size_t a = 0; a < atoms.size(); a++) {
        const Vec3 one = first[a].position_A, other = second[a].position_A, both = atoms[a].position_A;
        if (std::max(length(one - both), length(other - both)) < largest_half_shift_A)
            atoms[a].half_distance_A = length(one - other);
    }
}

}  // namespace

Atoms fit_map_atoms(const Volume& map, const Volume& half1, const Volume& half2, const MapAtomsOptions& options,
                    Progress& progress) {
    require_map(map, "the map");
    ThreadPool pool(options.threads);
    const auto next_stage = [&progress](const std::string& name) {
        if (progress.cancelled())
            throw Error(ErrorKind::interrupted, fmt::format("interrupted before the stage '{}'", name));
        progress.stage(name);
    };
    next_stage("detection");
    const std::vector<Vec3> places = atom_places(map, options, pool);
    next_stage("joint fit");
    const std::vector<FittedAtom> fitted = fit_atoms(map, places, {}, pool).atoms;
    Atoms atoms = reported_atoms(fitted, options.elements.front());
    if (half1.box == 0 || half2.box == 0) return atoms;

    require_map(half1, "the first half map");
    require_map(half2, "the second half map");
    next_stage("half maps");
    std::vector<Vec3> start;
    for (const Atom& atom : atoms) start.push_back(atom.position_A);
    const std::vector<FittedAtom> first = fit_atoms(half1, start, {}, pool).atoms;
    progress.update(0.5);
    fill_half_distances(atoms, first, fit_atoms(half2, start, {}, pool).atoms);
    progress.update(1);
    return atoms;
}

}  // namespace tumble
