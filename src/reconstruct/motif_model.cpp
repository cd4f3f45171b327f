#include "reconstruct/motif_model.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reconstruct/map_estimate.hpp"
#include "reconstruct/particle_signal.hpp"
#include "tumble/error.hpp"

namespace tumble {
namespace {

constexpr std::int64_t scanned_images = 40, compared_images = 100;
constexpr int motif_places = 4, other_places = 2;  // of the centre, for the motif that fits best and for the others
constexpr std::size_t compared_places = 3, fewest_sites = 4;

std::vector<Vec3> sites_of(const MotifPlace& place, const PreparedImages& images) {
    return motif_sites(place.fit.motif, place.fit.neighbour_A, atoms_radius_A(images), place.centre_A);
}

/// Mean score of some images against a map, from one search.
double score_against(const ResidentImages& images, const Volume& map, std::span<const std::int64_t> which, const FirstModelOptions& options,
                     std::uint32_t pass, Backend& backend) {
    GlobalSearchOptions search = first_search(options, pass);
    search.list_length = 2;
    NoProgress quiet;
    double sum = 0;
    for (const auto& list : global_search(images, scoring_transform(map, backend), which, search, backend, quiet)) sum += list.front().score;
    return sum / static_cast<double>(which.size());
}

}  // namespace

MotifScan scan_motifs(const ResidentImages& images, std::span<const MotifFit> fits, bool either_sign, const FirstModelOptions& options,
                      Backend& backend, Progress& progress) {
    const auto which = spread_images(images->images, scanned_images);
    const double perfect = expected_score(images, options.bands.search_low, options.bands.search_high);
    MotifScan scan;
    for (std::size_t m = 0; m < fits.size(); m++) {
        // Images times -1 score against a map as the images do against the map times -1.
        std::vector<MotifPlace> plain, inverted;
        for (const Vec3 centre : motif_centres(fits[m].motif, fits[m].neighbour_A, m == 0 ? motif_places : other_places, options.seed)) {
            MotifPlace place{fits[m], centre, 0};
            const auto sites = sites_of(place, images);
            if (sites.size() < fewest_sites) continue;
            Volume map = map_of_sites(sites, images, backend.pool());
            if (!scan.inverted) {
                place.score = score_against(images, map, which, options, 0, backend);
                plain.push_back(place);
            }
            if (scan.inverted || (m == 0 && either_sign)) {
                for (auto& v : map.values) v = -v;
                place.score = score_against(images, map, which, options, 0, backend);
                inverted.push_back(place);
            }
            if (progress.cancelled()) throw Error(ErrorKind::interrupted, "interrupted between two motifs");
        }
        const auto best_of = [](const std::vector<MotifPlace>& places) {
            double best = -1e30;
            for (const auto& p : places) best = std::max(best, p.score);
            return best;
        };
        scan.inverted = best_of(inverted) > best_of(plain);
        const auto& here = scan.inverted ? inverted : plain;
        scan.places.insert(scan.places.end(), here.begin(), here.end());
        if (!here.empty())
            progress.log(fmt::format("motif {}: neighbours {:.2f} A, unexplained {:.3f} of the ring profile, score {:.1f} an image, {:.2f} of the signal",
                                     name_of(fits[m].motif), fits[m].neighbour_A, fits[m].unexplained, best_of(here), best_of(here) / perfect));
        progress.update(0.6 * static_cast<double>(m + 1) / static_cast<double>(fits.size()));
    }
    if (scan.places.empty())
        throw Error(ErrorKind::unsupported, fmt::format("the particle is too small for a structure: its radius is {:.1f} A, expected room for four atoms",
                                                        images->particle_radius_A));
    std::stable_sort(scan.places.begin(), scan.places.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    return scan;
}

FirstModel best_motif_model(const ResidentImages& images, const MotifScan& scan, const FirstModelOptions& options, Backend& backend,
                            Progress& progress) {
    const auto which = spread_images(images->images, compared_images);
    const double perfect = expected_score(images, options.bands.search_low, options.bands.search_high);
    FirstModel best;
    best.score = -1e30;
    const std::size_t count = std::min(compared_places, scan.places.size());
    for (std::size_t p = 0; p < count; p++) {
        const auto& place = scan.places[p];
        Volume map = map_of_sites(sites_of(place, images), images, backend.pool());
        const double score = score_against(images, map, which, options, 1, backend);
        if (score > best.score)
            best = {std::move(map), score, score / perfect,
                    fmt::format("{}, neighbours {:.2f} A apart, centre at ({:.2f}, {:.2f}, {:.2f}) A", name_of(place.fit.motif),
                                place.fit.neighbour_A, place.centre_A.x, place.centre_A.y, place.centre_A.z)};
        progress.update(0.6 + 0.4 * static_cast<double>(p + 1) / static_cast<double>(count));
        if (progress.cancelled()) throw Error(ErrorKind::interrupted, "interrupted between two motifs");
    }
    return best;
}

}  // namespace tumble
