#include "atoms/motif.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "catch.hpp"
#include "core/random.hpp"
#include "core/units.hpp"

using namespace tumble;

namespace {

constexpr double d = 2.77;

/// Sorted distances from `place` to the sites, without the site at the place itself.
std::vector<double> distances_from(const std::vector<Vec3>& sites, Vec3 place) {
    std::vector<double> distances;
    for (const Vec3& s : sites)
        if (const double r = length(s - place); r > 1e-6) distances.push_back(r);
    std::sort(distances.begin(), distances.end());
    return distances;
}

bool holds(const std::vector<Vec3>& sites, Vec3 place) {
    return std::any_of(sites.begin(), sites.end(), [&](Vec3 s) { return length(s - place) < 1e-6; });
}

double shortest_distance(const std::vector<Vec3>& sites) {
    double shortest = 1e30;
    for (std::size_t i = 0; i < sites.size(); i++)
        for (std::size_t j = i + 1; j < sites.size(); j++)
            shortest = std::min(shortest, length(sites[i] - sites[j]));
    return shortest;
}

/// Sites within `inner` of the origin that `move` takes to no site of the larger ball.
template <class Move>
std::size_t lost_by(const std::vector<Vec3>& sites, double inner, Move move) {
    return static_cast<std::size_t>(std::count_if(
        sites.begin(), sites.end(), [&](Vec3 s) { return length(s) < inner && !holds(sites, move(s)); }));
}

/// Whether the layers at two heights lie straight above each other.
bool same_place(const std::vector<Vec3>& sites, double height_a, double height_b) {
    Vec3 a{1e9, 0, 0};  // of the first layer, nearest to the axis
    for (const Vec3& s : sites)
        if (std::abs(s.z - height_a) < 1e-6 && std::hypot(s.x, s.y) < std::hypot(a.x, a.y)) a = s;
    return holds(sites, {a.x, a.y, height_b});
}

}  // namespace

TEST_CASE("every interior site of a crystal has its number of neighbours at the neighbour distance") {
    struct Expected {
        Motif motif;
        std::size_t neighbours;
        double next;  // distance of the second shell, in neighbour distances
    };
    const double r2 = std::numbers::sqrt2, close_packed = r2, bcc = 2 / std::numbers::sqrt3,
                 tetrahedral = std::sqrt(8.0 / 3);
    for (const Expected e :
         {Expected{Motif::fcc, 12, close_packed}, Expected{Motif::hcp, 12, close_packed},
          Expected{Motif::twin, 12, close_packed}, Expected{Motif::stacking_fault, 12, close_packed},
          Expected{Motif::bcc, 8, bcc}, Expected{Motif::diamond, 4, tetrahedral},
          Expected{Motif::wurtzite, 4, tetrahedral}, Expected{Motif::rocksalt, 6, r2}}) {
        INFO(name_of(e.motif));
        const auto sites = motif_sites(e.motif, d, 4.5 * d, {});
        std::size_t interior = 0;
        for (const Vec3& s : sites) {
            if (length(s) > 2.5 * d) continue;
            interior++;
            const auto r = distances_from(sites, s);
            REQUIRE(r.size() > e.neighbours);
            REQUIRE(r.front() == Approx(d).epsilon(1e-9));
            REQUIRE(r[e.neighbours - 1] == Approx(d).epsilon(1e-9));
            REQUIRE(r[e.neighbours] == Approx(e.next * d).epsilon(1e-9));
        }
        CHECK(interior > 10);
    }
}

TEST_CASE("a bcc site has six second neighbours at the cube's edge") {
    const auto r = distances_from(motif_sites(Motif::bcc, d, 4 * d, {}), {});
    for (std::size_t i = 8; i < 14; i++) CHECK(r[i] == Approx(2 * d / std::numbers::sqrt3));
    CHECK(r[14] > 1.5 * d);
}

TEST_CASE("crystals have their density") {
    struct Expected {
        Motif motif;
        double sites_a_cube;  // in a cube of the neighbour distance
    };
    const double r3 = std::numbers::sqrt3, r2 = std::numbers::sqrt2;
    // Diamond and wurtzite: 8 sites in a cube of 4 d / sqrt(3).
    for (const Expected e : {Expected{Motif::fcc, r2}, Expected{Motif::hcp, r2}, Expected{Motif::twin, r2},
                             Expected{Motif::stacking_fault, r2}, Expected{Motif::bcc, 3 * r3 / 4},
                             Expected{Motif::diamond, 3 * r3 / 8}, Expected{Motif::wurtzite, 3 * r3 / 8},
                             Expected{Motif::rocksalt, 1.0}}) {
        INFO(name_of(e.motif));
        const double radius = 9 * d, volume = 4.0 / 3 * std::numbers::pi * std::pow(radius, 3);
        const auto count = static_cast<double>(motif_sites(e.motif, d, radius, {0.31, -0.17, 0.23}).size());
        CHECK(count / volume * std::pow(d, 3) == Approx(e.sites_a_cube).epsilon(0.02));
    }
}

TEST_CASE("fcc repeats under its lattice translations, hcp does not") {
    const auto fcc = motif_sites(Motif::fcc, d, 7 * d, {}), hcp = motif_sites(Motif::hcp, d, 7 * d, {});
    std::vector<Vec3> steps;
    for (const Vec3& s : fcc)
        if (length(s) > 0.1 && length(s) < 1.1 * d) steps.push_back(s);
    REQUIRE(steps.size() == 12);
    std::size_t lost_of_hcp = 0;
    for (const Vec3 step : steps) {
        CHECK(lost_by(fcc, 5 * d, [&](Vec3 s) { return s + step; }) == 0);
        lost_of_hcp += lost_by(hcp, 5 * d, [&](Vec3 s) { return s + step; });
    }
    CHECK(lost_of_hcp > 100);
}

TEST_CASE("layers of hcp repeat after two, of fcc after three") {
    const double height = d * std::sqrt(2.0 / 3);
    const auto fcc = motif_sites(Motif::fcc, d, 6 * d, {}), hcp = motif_sites(Motif::hcp, d, 6 * d, {});
    for (int k = -2; k <= 0; k++) {
        CHECK_FALSE(same_place(hcp, k * height, (k + 1) * height));
        CHECK(same_place(hcp, k * height, (k + 2) * height));
        CHECK_FALSE(same_place(fcc, k * height, (k + 1) * height));
        CHECK_FALSE(same_place(fcc, k * height, (k + 2) * height));
        CHECK(same_place(fcc, k * height, (k + 3) * height));
    }
}

TEST_CASE("the twin plane is a mirror, an fcc crystal has none there") {
    const auto mirror = [](Vec3 s) { return Vec3{s.x, s.y, -s.z}; };
    CHECK(lost_by(motif_sites(Motif::twin, d, 6 * d, {}), 6 * d - 0.01, mirror) == 0);
    CHECK(lost_by(motif_sites(Motif::fcc, d, 6 * d, {}), 6 * d - 0.01, mirror) > 100);
}

TEST_CASE("an intrinsic fault is two layers stacked as in hcp, the rest as in fcc") {
    const double height = d * std::sqrt(2.0 / 3);
    const auto sites = motif_sites(Motif::stacking_fault, d, 7 * d, {});
    // A layer is hexagonal where the layers before and after it are in the same place.
    std::vector<int> hexagonal;
    for (int k = -4; k <= 4; k++)
        if (same_place(sites, (k - 1) * height, (k + 1) * height)) hexagonal.push_back(k);
    REQUIRE(hexagonal.size() == 2);
    CHECK(hexagonal[1] == hexagonal[0] + 1);
}

TEST_CASE(
    "Mackay's shells: 1, 12, 42, 92 and 162 sites, twelve neighbours about the centre, icosahedral "
    "symmetry") {
    CHECK(motif_sites(Motif::icosahedron, d, 1.1 * d, {}).size() == 13);
    CHECK(motif_sites(Motif::icosahedron, d, 2.1 * d, {}).size() == 55);
    CHECK(motif_sites(Motif::icosahedron, d, 3.0 * d, {}).size() == 147);
    const auto sites = motif_sites(Motif::icosahedron, d, 5 * d, {});
    const auto r = distances_from(sites, {});
    // Farther out a ball cuts shells. The planes of the faces, through three corners that touch, tell a
    // site's shell.
    std::vector<Vec3> corners, faces;
    for (const Vec3& s : sites)
        if (length(s) > 0.1 && length(s) < 1.1 * d) corners.push_back(s);
    for (std::size_t a = 0; a < corners.size(); a++)
        for (std::size_t b = 0; b < a; b++)
            for (std::size_t c = 0; c < b; c++)
                if (length(corners[a] - corners[b]) < 1.1 * d && length(corners[a] - corners[c]) < 1.1 * d &&
                    length(corners[b] - corners[c]) < 1.1 * d)
                    faces.push_back(corners[a] + corners[b] + corners[c]);
    REQUIRE(faces.size() == 20);
    std::vector<int> population(5, 0);
    for (const Vec3& s : sites) {
        double shell = 0;
        for (const Vec3& face : faces) shell = std::max(shell, 3 * dot(s, face) / dot(face, face));
        REQUIRE(shell == Approx(std::round(shell)).margin(1e-6));
        if (shell < 4.5) population[static_cast<std::size_t>(std::lround(shell))]++;
    }
    CHECK(population == std::vector<int>{1, 12, 42, 92, 162});
    CHECK(r[0] == Approx(0.975 * d).epsilon(0.002));
    CHECK(r[11] == Approx(r[0]).epsilon(1e-9));
    CHECK(r[12] > 1.5 * d);
    // Neighbours within a shell and between shells: `d` is the mean of the two.
    const auto corner =
        *std::find_if(sites.begin(), sites.end(), [](Vec3 s) { return length(s) > 0.1 && length(s) < d; });
    const auto of_corner = distances_from(sites, corner);
    CHECK(0.5 * (of_corner[6] + of_corner[7]) == Approx(d).epsilon(1e-3));
    CHECK(lost_by(sites, 3.5 * d, [&](Vec3 s) { return rotation_about(corner, radians(72)) * s; }) == 0);
    CHECK(lost_by(sites, 3.5 * d, [&](Vec3 s) { return rotation_about(corner, radians(60)) * s; }) > 50);
    CHECK(lost_by(sites, 3.5 * d, [&](Vec3 s) { return -1.0 * s; }) == 0);
}

TEST_CASE("the decahedron turns by 72 degrees about z, its axis is a row of atoms") {
    const auto sites = motif_sites(Motif::decahedron, d, 6 * d, {});
    const Vec3 z{0, 0, 1};
    CHECK(lost_by(sites, 5.5 * d, [&](Vec3 s) { return rotation_about(z, radians(72)) * s; }) == 0);
    CHECK(lost_by(sites, 5.5 * d, [&](Vec3 s) { return rotation_about(z, radians(60)) * s; }) > 100);
    std::vector<double> on_axis;
    for (const Vec3& s : sites)
        if (std::hypot(s.x, s.y) < 1e-6) on_axis.push_back(s.z);
    std::sort(on_axis.begin(), on_axis.end());
    REQUIRE(on_axis.size() == 11);
    for (std::size_t i = 1; i < on_axis.size(); i++) CHECK(on_axis[i] - on_axis[i - 1] == Approx(d));
    for (const Vec3& s : sites) {
        if (length(s) > 4 * d) continue;
        const auto r = distances_from(sites, s);
        REQUIRE(r[0] > 0.99 * d);
        REQUIRE(r[11] < 1.03 * d);
        REQUIRE(r[12] > 1.3 * d);
    }
}

TEST_CASE("no two sites are closer than 0.9 neighbour distances, about any centre") {
    RandomStream random(1, 0, RandomPurpose::test);
    for (const Motif m : all_motifs())
        for (int i = 0; i < 3; i++) {
            const Vec3 centre{2 * random.normal(), 2 * random.normal(), 2 * random.normal()};
            INFO(name_of(m) << " about " << centre.x << ", " << centre.y << ", " << centre.z);
            CHECK(shortest_distance(motif_sites(m, d, 4 * d, centre)) > 0.9 * d);
        }
}

TEST_CASE("sites about a centre are the sites about the origin, moved") {
    RandomStream random(2, 0, RandomPurpose::test);
    for (const Motif m : all_motifs()) {
        const Vec3 centre{random.normal(), random.normal(), 2 * random.normal()};
        const double radius = 3 * d;
        const auto about_origin = motif_sites(m, d, radius + length(centre) + 0.01, {});
        const auto about_centre = motif_sites(m, d, radius, centre);
        std::size_t expected = 0, found = 0;
        for (const Vec3& s : about_origin) {
            if (length(s - centre) >= radius) continue;
            expected++;
            if (holds(about_centre, s - centre)) found++;
        }
        INFO(name_of(m));
        CHECK(expected > 20);
        CHECK(found == expected);
        CHECK(about_centre.size() == expected);
    }
}

TEST_CASE("sites scale with the neighbour distance") {
    for (const Motif m : all_motifs()) {
        const auto small = motif_sites(m, 1, 4.03, {}), large = motif_sites(m, 3, 3 * 4.03, {});
        INFO(name_of(m));
        REQUIRE(small.size() == large.size());
        for (std::size_t i = 0; i < small.size(); i++) REQUIRE(length(3.0 * small[i] - large[i]) < 1e-9);
    }
}

TEST_CASE("places of the centre: the origin first, the same for the same seed, unlike each other") {
    constexpr int count = 5;
    for (const Motif m : all_motifs()) {
        INFO(name_of(m));
        const auto centres = motif_centres(m, d, count, 1);
        REQUIRE(centres.size() == count);
        CHECK(centres.front() == Vec3{});
        CHECK(centres == motif_centres(m, d, count, 1));
        CHECK(centres != motif_centres(m, d, count, 2));
        // The twenty nearest sites of two places are not at the same distances.
        const auto sites = motif_sites(m, d, 7 * d, {});
        for (std::size_t a = 0; a < count; a++)
            for (std::size_t b = a + 1; b < count; b++) {
                const auto of_a = distances_from(sites, centres[a]), of_b = distances_from(sites, centres[b]);
                double difference = 0;
                for (std::size_t i = 0; i < 20; i++) difference += std::abs(of_a[i] - of_b[i]) / 20;
                CHECK(difference > 0.02 * d);
            }
    }
}

TEST_CASE("fewer places are the first of more") {
    const auto two = motif_centres(Motif::fcc, d, 2, 3), five = motif_centres(Motif::fcc, d, 5, 3);
    CHECK(std::equal(two.begin(), two.end(), five.begin()));
    // The place most unlike a site of fcc is an octahedral hole, half a cube's edge from it.
    CHECK(length(five[1]) == Approx(d / std::numbers::sqrt2).epsilon(0.1));
}

TEST_CASE("names of motifs round trip, unknown names are no motif") {
    CHECK(all_motifs().size() == 10);
    for (const Motif m : all_motifs()) {
        CHECK_FALSE(name_of(m).empty());
        CHECK(motif_named(name_of(m)) == m);
    }
    CHECK(motif_named("quasicrystal") == std::nullopt);
    CHECK(motif_named("FCC") == std::nullopt);
    CHECK(motif_named("") == std::nullopt);
}
