#include "atoms/motif.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "core/random.hpp"

namespace tumble {
namespace {

constexpr std::array<Motif, 10> motifs = {Motif::fcc,        Motif::hcp,         Motif::bcc,     Motif::twin,     Motif::stacking_fault,
                                          Motif::decahedron, Motif::icosahedron, Motif::diamond, Motif::wurtzite, Motif::rocksalt};

/// Calls visit(site) for all lattice points plus basis within `radius` of `centre`.
std::vector<Vec3> crystal(const std::array<Vec3, 3>& cell, std::span<const Vec3> basis, double radius, Vec3 centre) {
    double shortest = 1e30;
    for (const Vec3& a : cell) shortest = std::min(shortest, length(a));
    // Cells may be oblique: twice as many as an orthogonal one would need.
    const int n = static_cast<int>(2 * (radius + length(centre)) / shortest) + 2;
    std::vector<Vec3> sites;
    for (int i = -n; i <= n; i++)
        for (int j = -n; j <= n; j++)
            for (int k = -n; k <= n; k++)
                for (const Vec3 b : basis) {
                    const Vec3 p = (i + b.x) * cell[0] + (j + b.y) * cell[1] + (k + b.z) * cell[2] - centre;
                    if (length(p) < radius) sites.push_back(p);
                }
    return sites;
}

/// Close-packed layers normal to z; position_of(k) is 0, 1 or 2 for the places A, B, C of layer k.
template <class Position>
std::vector<Vec3> close_packed_layers(double d, double radius, Vec3 centre, Position position_of) {
    const double height = d * std::sqrt(2.0 / 3), row = d * std::numbers::sqrt3 / 2, reach = radius + length(centre);
    const int layers = static_cast<int>(reach / height) + 1, rows = static_cast<int>(2 * reach / d) + 3;
    std::vector<Vec3> sites;
    for (int k = -layers; k <= layers; k++) {
        const int place = ((position_of(k) % 3) + 3) % 3;
        for (int i = -rows; i <= rows; i++)
            for (int j = -rows; j <= rows; j++) {
                const Vec3 p = Vec3{d * (i + 0.5 * j) + 0.5 * d * place, row * j + row / 3 * place, height * k} - centre;
                if (length(p) < radius) sites.push_back(p);
            }
    }
    return sites;
}

/// Five sectors about z; in each, columns at i a + j b with an angle of 72 deg between a and b (70.53 deg in the crystal),
/// half a spacing up for odd i + j.
std::vector<Vec3> decahedron(double d, double radius, Vec3 centre) {
    const double step = d * std::numbers::sqrt3 / 2;
    const int n = static_cast<int>((radius + length(centre)) / (0.8 * step)) + 2, layers = static_cast<int>((radius + length(centre)) / d) + 2;
    std::vector<Vec3> sites;
    for (int sector = 0; sector < 5; sector++) {
        const double first = 0.4 * std::numbers::pi * sector, second = 0.4 * std::numbers::pi * (sector + 1);
        for (int i = 0; i <= n; i++)
            for (int j = 0; j <= n; j++) {
                // A twin plane belongs to one sector, the axis to the first.
                if (j > 0 ? i == 0 : (i == 0 && sector > 0)) continue;
                const double x = step * (i * std::cos(first) + j * std::cos(second)), y = step * (i * std::sin(first) + j * std::sin(second));
                for (int k = -layers; k <= layers; k++) {
                    const Vec3 p = Vec3{x, y, d * (k + 0.5 * ((i + j) % 2))} - centre;
                    if (length(p) < radius) sites.push_back(p);
                }
            }
    }
    return sites;
}

/// Shells 0, 1, 2, ... about the origin, each the vertices, edges and faces of an icosahedron. Neighbours within a shell
/// are 5 % farther apart than neighbours of adjacent shells; `d` is their mean.
std::vector<Vec3> icosahedron(double d, double radius, Vec3 centre) {
    std::vector<Vec3> corner;
    const double g = std::numbers::phi, norm = std::sqrt(1 + g * g);
    for (const double s : {-1.0, 1.0})
        for (const double t : {-1.0, 1.0}) {
            corner.push_back((1 / norm) * Vec3{0, s, t * g});
            corner.push_back((1 / norm) * Vec3{s, t * g, 0});
            corner.push_back((1 / norm) * Vec3{t * g, 0, s});
        }
    const double edge = 1.0515, radial = d / (0.5 * (1 + edge));
    const auto adjacent = [&](std::size_t a, std::size_t b) { return length(corner[a] - corner[b]) < 1.1 * edge; };
    std::vector<Vec3> sites;
    const auto keep = [&](Vec3 p) {
        if (length(p - centre) < radius) sites.push_back(p - centre);
    };
    keep({0, 0, 0});
    const int shells = static_cast<int>((radius + length(centre)) / (0.79 * radial)) + 1;
    for (int n = 1; n <= shells; n++) {
        const double r = n * radial, part = 1.0 / n;
        for (std::size_t a = 0; a < corner.size(); a++) {
            keep(r * corner[a]);
            for (std::size_t b = a + 1; b < corner.size(); b++) {
                if (!adjacent(a, b)) continue;
                for (int i = 1; i < n; i++) keep(r * (corner[a] + (i * part) * (corner[b] - corner[a])));
                for (std::size_t c = b + 1; c < corner.size(); c++) {
                    if (!adjacent(a, c) || !adjacent(b, c)) continue;
                    for (int i = 1; i < n; i++)
                        for (int j = 1; i + j < n; j++)
                            keep(r * (corner[a] + (i * part) * (corner[b] - corner[a]) + (j * part) * (corner[c] - corner[a])));
                }
            }
        }
    }
    return sites;
}

/// Sorted distances from a place to its nearest sites: equal for places that a symmetry makes alike.
std::vector<double> surroundings(std::span<const Vec3> sites, Vec3 place) {
    constexpr std::size_t looked_at = 20;
    std::vector<double> distances;
    for (const Vec3& s : sites) distances.push_back(length(s - place));
    const std::size_t n = std::min(looked_at, distances.size());
    std::partial_sort(distances.begin(), distances.begin() + static_cast<std::ptrdiff_t>(n), distances.end());
    distances.resize(n);
    return distances;
}

double unlikeness(const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return std::sqrt(sum);
}

}  // namespace

std::span<const Motif> all_motifs() { return motifs; }

std::string_view name_of(Motif motif) {
    switch (motif) {
        case Motif::fcc: return "fcc";
        case Motif::hcp: return "hcp";
        case Motif::bcc: return "bcc";
        case Motif::twin: return "twin";
        case Motif::stacking_fault: return "stacking-fault";
        case Motif::decahedron: return "decahedron";
        case Motif::icosahedron: return "icosahedron";
        case Motif::diamond: return "diamond";
        case Motif::wurtzite: return "wurtzite";
        case Motif::rocksalt: return "rocksalt";
    }
    return "";
}

std::optional<Motif> motif_named(std::string_view name) {
    for (const Motif m : motifs)
        if (name_of(m) == name) return m;
    return std::nullopt;
}

std::vector<Vec3> motif_sites(Motif motif, double d, double radius, Vec3 centre) {
    const auto cubic = [](double a) { return std::array<Vec3, 3>{Vec3{a, 0, 0}, Vec3{0, a, 0}, Vec3{0, 0, a}}; };
    switch (motif) {
        case Motif::fcc: return close_packed_layers(d, radius, centre, [](int k) { return k; });
        case Motif::hcp: return close_packed_layers(d, radius, centre, [](int k) { return k & 1; });
        case Motif::twin: return close_packed_layers(d, radius, centre, [](int k) { return std::abs(k); });
        case Motif::stacking_fault: return close_packed_layers(d, radius, centre, [](int k) { return k < 0 ? k : k + 1; });
        case Motif::bcc: {
            const Vec3 basis[] = {{0, 0, 0}, {0.5, 0.5, 0.5}};
            return crystal(cubic(2 * d / std::numbers::sqrt3), basis, radius, centre);
        }
        case Motif::diamond: {
            const Vec3 basis[] = {{0, 0, 0}, {0.5, 0.5, 0}, {0.5, 0, 0.5}, {0, 0.5, 0.5}, {0.25, 0.25, 0.25}, {0.75, 0.75, 0.25}, {0.75, 0.25, 0.75}, {0.25, 0.75, 0.75}};
            return crystal(cubic(4 * d / std::numbers::sqrt3), basis, radius, centre);
        }
        case Motif::rocksalt: {
            const Vec3 basis[] = {{0, 0, 0}};
            return crystal(cubic(d), basis, radius, centre);
        }
        case Motif::wurtzite: {
            const double a = d * std::sqrt(8.0 / 3), c = d * 8.0 / 3;
            const Vec3 basis[] = {{1.0 / 3, 1.0 / 3, 0}, {2.0 / 3, 2.0 / 3, 0.5}, {1.0 / 3, 1.0 / 3, 0.375}, {2.0 / 3, 2.0 / 3, 0.875}};
            return crystal({Vec3{a, 0, 0}, Vec3{0.5 * a, 0.5 * std::numbers::sqrt3 * a, 0}, Vec3{0, 0, c}}, basis, radius, centre);
        }
        case Motif::decahedron: return decahedron(d, radius, centre);
        case Motif::icosahedron: return icosahedron(d, radius, centre);
    }
    return {};
}

std::vector<Vec3> motif_centres(Motif motif, double d, int count, std::uint64_t seed) {
    constexpr int draws = 1500;
    const double reach = 0.75 * d;
    const auto sites = motif_sites(motif, d, 3.5 * d + reach, {});
    // The defect's plane may lie off the centre by more than a neighbour distance; the other structures repeat sooner.
    const bool planar = motif == Motif::twin || motif == Motif::stacking_fault;
    std::vector<Vec3> places = {{0, 0, 0}};
    RandomStream random(seed, 0, RandomPurpose::motif, static_cast<std::uint32_t>(motif));
    while (places.size() < draws) {
        Vec3 p{2 * random.uniform() - 1, 2 * random.uniform() - 1, 2 * random.uniform() - 1};
        if (length(p) > 1) continue;
        p = reach * p;
        if (planar) p.z *= 1.9 * std::sqrt(2.0 / 3) / 0.75;
        places.push_back(p);
    }
    std::vector<std::vector<double>> fingerprint;
    for (const Vec3& p : places) fingerprint.push_back(surroundings(sites, p));
    std::vector<double> nearest(places.size(), 1e30);
    std::vector<Vec3> centres;
    std::size_t next = 0;
    while (static_cast<int>(centres.size()) < count) {
        centres.push_back(places[next]);
        for (std::size_t i = 0; i < places.size(); i++) nearest[i] = std::min(nearest[i], unlikeness(fingerprint[i], fingerprint[next]));
        next = static_cast<std::size_t>(std::max_element(nearest.begin(), nearest.end()) - nearest.begin());
    }
    return centres;
}

}  // namespace tumble
