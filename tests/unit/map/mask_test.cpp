#include "map/mask.hpp"

#include "catch.hpp"
#include "gaussian_atoms.hpp"
#include "map/distance_transform.hpp"
#include "tumble/error.hpp"

using namespace tumble;
using namespace tumble::test;

namespace {

Volume noisy_particle(double noise) {
    GaussianAtoms atoms = ball_of_atoms(150, 11, 61);
    Volume map = atoms.map(48);
    map.voxel_A = 0.5;
    RandomStream random(62, 0, RandomPurpose::test);
    for (float& v : map.values) v += static_cast<float>(noise * random.normal());
    return map;
}

}  // namespace

TEST_CASE("The mask covers the particle and little else") {
    ThreadPool pool(2);
    for (const double noise : {0.0, 0.02, 0.05}) {
        const Volume mask = find_mask(noisy_particle(noise), {}, pool);
        double inside = 0, covered = 0, outside = 0;
        for (int z = 0; z < 48; z++)
            for (int y = 0; y < 48; y++)
                for (int x = 0; x < 48; x++) {
                    const double r = std::hypot(x - 24, y - 24, z - 24);
                    if (r <= 11) {
                        inside++;
                        covered += mask.at(x, y, z);
                    }
                    if (r > 11 + 13) outside += mask.at(x, y, z);
                }
        INFO("noise " << noise);
        CHECK(covered > 0.99 * inside);
        CHECK(outside == 0);
    }
}

TEST_CASE("A second, smaller blob is left out, and a hole is filled") {
    ThreadPool pool(1);
    Volume map(64, 0.5);
    RandomStream random(63, 0, RandomPurpose::test);
    const auto shell = [&](double cx, double inner, double outer) {
        for (int z = 0; z < 64; z++)
            for (int y = 0; y < 64; y++)
                for (int x = 0; x < 64; x++) {
                    const double r = std::hypot(x - cx, y - 32, z - 32);
                    if (r >= inner && r <= outer) map.at(x, y, z) = static_cast<float>(random.normal());
                }
    };
    shell(24, 8, 15);
    shell(56, 0, 4);
    MaskOptions options;
    options.window_A = 0.8;
    const Volume mask = find_mask(map, options, pool);
    CHECK(mask.at(24, 32, 32) == 1);
    CHECK(mask.at(34, 32, 32) == 1);
    CHECK(mask.at(56, 32, 32) == 0);
}

TEST_CASE("A map in which nothing stands out has no mask") {
    ThreadPool pool(1);
    Volume map(24, 0.5);
    CHECK_THROWS_AS(find_mask(map, {}, pool), Error);
    map.voxel_A = 0;
    CHECK_THROWS_AS(find_mask(map, {}, pool), Error);
}

TEST_CASE(
    "Distances are the least over all voxels inside, and a mask has the same bits for any number of "
    "threads") {
    ThreadPool one(1), three(3);
    const int n = 11;
    std::vector<bool> inside(static_cast<std::size_t>(n * n * n));
    RandomStream random(64, 0, RandomPurpose::test);
    for (int i = 0; i < 9; i++) inside[random.below(static_cast<std::uint32_t>(n * n * n))] = true;
    const std::vector<float> squared = squared_distances(inside, n, three);
    for (int i = 0; i < n * n * n; i++) {
        int best = 1 << 20;
        for (int j = 0; j < n * n * n; j++)
            if (inside[static_cast<std::size_t>(j)]) {
                const int dx = i % n - j % n, dy = i / n % n - j / n % n, dz = i / n / n - j / n / n;
                best = std::min(best, dx * dx + dy * dy + dz * dz);
            }
        REQUIRE(squared[static_cast<std::size_t>(i)] == static_cast<float>(best));
    }
    const Volume map = noisy_particle(0.03);
    CHECK(find_mask(map, {}, one).values == find_mask(map, {}, three).values);
}
