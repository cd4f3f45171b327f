#include "reconstruct/lattice_free_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/random.hpp"
#include "reconstruct/atomic_map.hpp"
#include "reconstruct/fold_maps.hpp"
#include "reconstruct/particle_signal.hpp"
#include "reconstruct/posterior_poses.hpp"
#include "reconstruct/view_balance.hpp"
#include "tumble/error.hpp"

namespace tumble {
namespace {

constexpr std::int64_t lattice_free_images = 200;
constexpr int lattice_free_rounds = 16, growing_rounds = 11, balanced_rounds = 10, folds = 4, map_steps = 6;
constexpr std::uint32_t nuclei = 3;
constexpr int nucleus_rounds = 7;  // by then one that will become a single grain explains more than one that will not
constexpr double nucleus = 0.55;  // of the radius: small enough to crystallise as one grain
constexpr double hottest = 8, coolest = 2;
constexpr double least_separation = 0.85;  // of two atoms, in neighbour distances
constexpr double least_share = 1e-3;

/// The strongest peaks of a map within `radius_A` that lie far enough apart, rendered.
Volume atoms_of(const Volume& map, const PreparedImages& images, const FirstModelOptions& options, double radius_A, Backend& backend) {
    constexpr double surplus = 0.9;  // over the density of a glass, 0.9 of the crystal's: noise may take a place before an atom does
    const auto peaks = find_peaks(map, radius_A, least_separation * options.neighbour_A, backend.pool());
    const auto most = static_cast<std::size_t>(surplus * static_cast<double>(close_packed_count(radius_A, options.neighbour_A)));
    const auto end = std::find_if(peaks.begin(), peaks.end(), [](const Peak& p) { return !(p.height > 0); });
    const std::size_t count = std::min(most, static_cast<std::size_t>(end - peaks.begin()));
    if (count < 4) return map;
    return rendered(model_of_peaks(map, peaks, count, backend), images.box, images.pixel_size_A, backend);
}

Band map_band(const PreparedImages& images, const FirstModelOptions& options) { return band_of(images, 0.1, options.bands.search_high); }

/// One nucleus on its way.
struct Growth {
    std::uint32_t number = 0;                ///< draws its ball, its folds and its grids of directions
    std::vector<PosteriorPoses> posteriors;  ///< of lattice_free_images images spread over the stack
    double score = 0;                        ///< mean of the last round, held out
};

/// One round: the folds' maps (in the first round the random ball), their atoms, a search, new shares.
void grow(const ResidentImages& images, Growth& growth, int round, const FirstModelOptions& options, Backend& backend, Progress& progress) {
    const auto which = spread_images(images->images, lattice_free_images);
    const double radius = atoms_radius_A(images);
    const double temperature = hottest * std::pow(coolest / hottest, round / (lattice_free_rounds - 1.0));
    const double grown = std::min(1.0, nucleus + (1 - nucleus) * round / growing_rounds);
    const std::uint64_t seed = options.seed + (static_cast<std::uint64_t>(growth.number) << 40);
    // The images are far apart in the series, so each is drawn by itself.
    const auto fold = draw_folds(images->images, folds, seed, static_cast<std::uint32_t>(round), 1);
    FoldEquations equations;
    Volume model;
    if (round == 0)
        model = map_of_sites(glass_ball(nucleus * radius, options.neighbour_A, seed), images, backend.pool());
    else
        equations = fold_equations(images, weighted_poses(growth.posteriors), fold, folds, map_band(images, options), backend);
    growth.posteriors.resize(which.size());
    growth.score = 0;
    NoProgress quiet;
    for (int f = 0; f < folds; f++) {
        std::vector<std::int64_t> members;
        std::vector<std::size_t> place;
        for (std::size_t i = 0; i < which.size(); i++)
            if (fold[static_cast<std::size_t>(which[i])] == f) members.push_back(which[i]), place.push_back(i);
        if (members.empty()) continue;
        if (round > 0) {
            const Volume map = map_without(equations, f, images, options.bands.search_high, map_steps, backend);
            model = atoms_of(map, images, options, grown * radius, backend);
        }
        GlobalSearchOptions search = first_search(options, static_cast<std::uint32_t>(1 + round * folds + f));
        search.seed = seed;
        search.list_length = 12;
        auto lists = global_search(images, scoring_transform(model, backend), members, search, backend, quiet);
        for (std::size_t k = 0; k < lists.size(); k++) {
            growth.score += lists[k].front().score / static_cast<double>(which.size());
            growth.posteriors[place[k]] = posterior_of(std::move(lists[k]), temperature, 0, least_share);
        }
        if (progress.cancelled()) throw Error(ErrorKind::interrupted, "interrupted during the lattice-free start");
    }
    if (round < balanced_rounds) balance_views(growth.posteriors);
}

}  // namespace

FirstModel lattice_free_model(const ResidentImages& images, const FirstModelOptions& options, Backend& backend, Progress& progress) {
    Growth best;
    double done = 0;
    const double whole = nuclei * nucleus_rounds + lattice_free_rounds - nucleus_rounds;
    const auto told = [&](Growth& growth, int round, const std::string& who) {
        grow(images, growth, round, options, backend, progress);
        progress.log(fmt::format("lattice-free round {}{}: score {:.1f} an image, {:.2f} of the signal", round + 1, who, growth.score,
                                 growth.score / expected_score(images, options.bands.search_low, options.bands.search_high)));
        progress.update(++done / whole);
    };
    for (std::uint32_t n = 0; n < nuclei; n++) {
        Growth growth;
        growth.number = n;
        for (int round = 0; round < nucleus_rounds; round++) told(growth, round, fmt::format(" of nucleus {}", n + 1));
        if (n == 0 || growth.score > best.score) best = std::move(growth);
    }
    for (int round = nucleus_rounds; round < lattice_free_rounds; round++) told(best, round, "");
    FirstModel found;
    found.structure = "no motif";
    found.score = best.score;
    found.explained = best.score / expected_score(images, options.bands.search_low, options.bands.search_high);
    const auto equations = equations_of(images, weighted_poses(best.posteriors), map_band(images, options), backend);
    const Volume map = solve_map(equations, images, options.bands.search_high, map_steps, backend);
    found.map = atoms_of(map, images, options, atoms_radius_A(images), backend);
    return found;
}

std::vector<Vec3> glass_ball(double radius, double neighbour, std::uint64_t seed) {
    constexpr double looseness = 0.9;  // of a glass against the crystal
    constexpr int sweeps = 150;
    const double contact = 0.95 * neighbour;
    RandomStream random(seed, 0, RandomPurpose::glass);
    std::vector<Vec3> atoms;
    while (static_cast<double>(atoms.size()) < looseness * static_cast<double>(close_packed_count(radius, neighbour))) {
        const Vec3 p{2 * random.uniform() - 1, 2 * random.uniform() - 1, 2 * random.uniform() - 1};
        if (length(p) < 1) atoms.push_back(radius * p);
    }
    for (int sweep = 0; sweep < sweeps; sweep++) {
        std::vector<Vec3> push(atoms.size());
        for (std::size_t i = 0; i < atoms.size(); i++)
            for (std::size_t j = i + 1; j < atoms.size(); j++) {
                const Vec3 apart = atoms[i] - atoms[j];
                const double distance = length(apart) + 1e-9;
                if (distance >= contact) continue;
                const Vec3 half = (0.3 * (contact - distance) / distance) * apart;
                push[i] = push[i] + half, push[j] = push[j] - half;
            }
        for (std::size_t i = 0; i < atoms.size(); i++) {
            atoms[i] = atoms[i] + push[i];
            if (const double r = length(atoms[i]); r > radius) atoms[i] = (radius / r) * atoms[i];
        }
    }
    return atoms;
}

}  // namespace tumble
