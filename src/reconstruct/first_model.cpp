#include "reconstruct/first_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "atoms/atomic_model.hpp"
#include "core/random.hpp"
#include "reconstruct/atomic_map.hpp"
#include "reconstruct/global_search.hpp"
#include "reconstruct/map_estimate.hpp"
#include "reconstruct/particle_signal.hpp"
#include "reconstruct/starting_reference.hpp"
#include "reconstruct/view_balance.hpp"
#include "tumble/error.hpp"

namespace tumble {
namespace {

constexpr double rim_A = 1;  // the outermost atoms lie beyond the radius at which the images' amplitude has fallen to half
constexpr std::int64_t contrast_images = 40, motif_images = 100, lattice_free_images = 200;
constexpr int motif_places = 4, other_places = 2;  // of the centre, for the motif that fits best and for the others
constexpr int lattice_free_rounds = 16, growing_rounds = 11, balanced_rounds = 10, folds = 4, map_steps = 6;
constexpr double nucleus = 0.55;  // of the radius: small enough to crystallise as one grain
constexpr double hottest = 8, coolest = 2;
constexpr double least_separation = 0.85;  // of two atoms, in neighbour distances
constexpr double least_share = 1e-3;

Volume map_of_sites(std::span<const Vec3> sites, const PreparedImages& images, ThreadPool& pool) {
    const std::vector<double> heights(sites.size(), 1.0), amplitude(images.signal_power.size(), 1.0);
    return matched_reference(render_atoms(images.box, images.pixel_size_A, sites, heights, amplitude, pool), images, pool);
}

GlobalSearchOptions search_options(const FirstModelOptions& options, std::uint32_t pass) {
    GlobalSearchOptions search;
    search.low_per_A = options.bands.search_low;
    search.high_per_A = options.bands.search_high;
    search.shift_sigma_A = options.shift_sigma_A;
    search.shift_radius_A = search_shift_radius(options.shift_sigma_A);
    search.seed = options.seed;
    search.pass = pass;
    return search;
}

double mean_best_score(const std::vector<std::vector<PoseCandidate>>& lists) {
    double sum = 0;
    for (const auto& list : lists) sum += list.front().score;
    return sum / static_cast<double>(lists.size());
}

/// Shares exp((score - best) / temperature); those below a thousandth are left out.
PosteriorPoses shares_of(const std::vector<PoseCandidate>& list, double temperature) {
    PosteriorPoses out;
    double sum = 0;
    for (const auto& c : list) {
        const double share = std::exp((c.score - list.front().score) / temperature);
        if (share < least_share) continue;
        out.candidates.push_back(c);
        out.shares.push_back(share);
        sum += share;
    }
    for (auto& s : out.shares) s /= sum;
    return out;
}

/// Fold of each of `count` images, drawn anew for each pass. Images are far apart in the series, so each is drawn by itself.
std::vector<int> random_folds(std::size_t count, std::uint64_t seed, std::uint32_t pass) {
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    RandomStream random(seed, 1, RandomPurpose::fold, pass);
    for (std::size_t i = count; i > 1; i--) std::swap(order[i - 1], order[random.below(static_cast<std::uint32_t>(i))]);
    std::vector<int> fold(count);
    for (std::size_t i = 0; i < count; i++) fold[order[i]] = static_cast<int>(i % folds);
    return fold;
}

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

/// A map made without each fold.
std::vector<Volume> maps_without_folds(const ResidentImages& images, const std::vector<PosteriorPoses>& posteriors, const std::vector<int>& fold,
                                       double high_per_A, Backend& backend) {
    std::vector<ResidentEquations> parts;
    for (int f = 0; f < folds; f++) {
        std::vector<PosteriorPoses> part;
        for (std::size_t i = 0; i < posteriors.size(); i++)
            if (fold[i] == f) part.push_back(posteriors[i]);
        parts.push_back(equations_of(images, weighted_poses(part), band_of(images, 0.1, high_per_A), backend));
    }
    ResidentEquations total = backend.copy(parts[0]);
    for (std::size_t f = 1; f < parts.size(); f++) backend.add(total, parts[f]);
    std::vector<Volume> maps;
    for (const auto& part : parts) {
        ResidentEquations rest = backend.copy(total);
        backend.subtract(rest, part);
        maps.push_back(solve_map(rest, images, high_per_A, map_steps, backend));
    }
    return maps;
}

/// Mean score of some images against a map, from one search.
double score_against(const ResidentImages& images, const Volume& map, std::span<const std::int64_t> which, const FirstModelOptions& options,
                     std::uint32_t pass, Backend& backend) {
    GlobalSearchOptions search = search_options(options, pass);
    search.list_length = 2;
    NoProgress quiet;
    return mean_best_score(global_search(images, scoring_transform(map, backend), which, search, backend, quiet));
}

}  // namespace

bool motif_wants_inversion(const ResidentImages& images, const MotifFit& fit, const FirstModelOptions& options, Backend& backend) {
    const auto which = spread_images(images->images, contrast_images);
    double best[2] = {-1e30, -1e30};
    for (const Vec3 centre : motif_centres(fit.motif, fit.neighbour_A, motif_places, options.seed)) {
        const auto sites = motif_sites(fit.motif, fit.neighbour_A, images->particle_radius_A + rim_A, centre);
        if (sites.size() < 4) continue;
        Volume map = map_of_sites(sites, images, backend.pool());
        for (double& score : best) {
            // Images times -1 score against a map as the images do against the map times -1.
            score = std::max(score, score_against(images, map, which, options, 0, backend));
            for (auto& v : map.values) v = -v;
        }
    }
    return best[1] > best[0];
}

FirstModel best_motif_model(const ResidentImages& images, std::span<const MotifFit> fits, const FirstModelOptions& options,
                            Backend& backend, Progress& progress) {
    const auto which = spread_images(images->images, motif_images);
    std::uint32_t pass = 0;
    const double perfect = expected_score(images, options.bands.search_low, options.bands.search_high);
    FirstModel best;
    best.score = -1e30;
    for (std::size_t m = 0; m < fits.size(); m++) {
        const auto& fit = fits[m];
        double best_here = -1e30;
        for (const Vec3 centre : motif_centres(fit.motif, fit.neighbour_A, m == 0 ? motif_places : other_places, options.seed)) {
            const auto sites = motif_sites(fit.motif, fit.neighbour_A, images->particle_radius_A + rim_A, centre);
            if (sites.size() < 4) continue;
            Volume map = map_of_sites(sites, images, backend.pool());
            const double score = score_against(images, map, which, options, ++pass, backend);
            best_here = std::max(best_here, score);
            if (score > best.score)
                best = {std::move(map), score, score / perfect, fmt::format("{}, neighbours {:.2f} A apart, centre at ({:.2f}, {:.2f}, {:.2f}) A", name_of(fit.motif),
                                                           fit.neighbour_A, centre.x, centre.y, centre.z)};
            if (progress.cancelled()) throw Error(ErrorKind::interrupted, "interrupted between two motifs");
        }
        progress.log(fmt::format("motif {}: neighbours {:.2f} A, unexplained {:.3f} of the ring profile, score {:.1f} an image, {:.2f} of the signal", name_of(fit.motif),
                                 fit.neighbour_A, fit.unexplained, best_here, best_here / perfect));
        progress.update(static_cast<double>(m + 1) / static_cast<double>(fits.size()));
    }
    if (best.map.box == 0)
        throw Error(ErrorKind::unsupported, fmt::format("the particle is too small for a structure: its radius is {:.1f} A, expected room for four atoms",
                                                        images->particle_radius_A));
    return best;
}

FirstModel lattice_free_model(const ResidentImages& images, const FirstModelOptions& options, Backend& backend, Progress& progress) {
    const auto which = spread_images(images->images, lattice_free_images);
    const double radius = images->particle_radius_A + rim_A;
    const Volume start = map_of_sites(glass_ball(nucleus * radius, options.neighbour_A, options.seed), images, backend.pool());
    std::vector<PosteriorPoses> posteriors;
    FirstModel model;
    model.structure = "no motif";
    NoProgress quiet;
    for (int round = 0; round < lattice_free_rounds; round++) {
        const double temperature = hottest * std::pow(coolest / hottest, round / (lattice_free_rounds - 1.0));
        const double grown = std::min(1.0, nucleus + (1 - nucleus) * round / growing_rounds);
        const auto fold = random_folds(which.size(), options.seed, static_cast<std::uint32_t>(round));
        std::vector<Volume> maps(folds, start);
        if (round > 0) maps = maps_without_folds(images, posteriors, fold, options.bands.search_high, backend);
        posteriors.resize(which.size());
        double score = 0;
        for (int f = 0; f < folds; f++) {
            std::vector<std::int64_t> members;
            std::vector<std::size_t> place;
            for (std::size_t i = 0; i < which.size(); i++)
                if (fold[i] == f) members.push_back(which[i]), place.push_back(i);
            if (members.empty()) continue;
            const Volume& map = maps[static_cast<std::size_t>(f)];
            const Volume atoms = round > 0 ? atoms_of(map, images, options, grown * radius, backend) : map;
            GlobalSearchOptions search = search_options(options, static_cast<std::uint32_t>(1 + round * folds + f));
            search.list_length = 12;
            const auto lists = global_search(images, scoring_transform(atoms, backend), members, search, backend, quiet);
            for (std::size_t k = 0; k < lists.size(); k++) {
                posteriors[place[k]] = shares_of(lists[k], temperature);
                score += lists[k].front().score / static_cast<double>(which.size());
            }
            progress.update((round + (f + 1.0) / folds) / lattice_free_rounds);
            if (progress.cancelled()) throw Error(ErrorKind::interrupted, "interrupted during the lattice-free start");
        }
        if (round < balanced_rounds) balance_views(posteriors);
        model.score = score;
        model.explained = score / expected_score(images, options.bands.search_low, options.bands.search_high);
        progress.log(fmt::format("lattice-free round {}: score {:.1f} an image, {:.2f} of the signal", round + 1, score, model.explained));
    }
    const auto equations = equations_of(images, weighted_poses(posteriors), band_of(images, 0.1, options.bands.search_high), backend);
    const Volume map = solve_map(equations, images, options.bands.search_high, map_steps, backend);
    model.map = atoms_of(map, images, options, radius, backend);
    return model;
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
