#include "catch.hpp"

#include "fourier/filters.hpp"
#include "fourier/fsc.hpp"
#include "gaussian_atoms.hpp"
#include "tumble/error.hpp"

using namespace tumble;
using namespace tumble::test;

namespace {

double difference(const Volume& a, const Volume& b) {
    double wrong = 0, all = 0;
    for (std::size_t i = 0; i < a.values.size(); i++) {
        wrong += std::pow(a.values[i] - b.values[i], 2);
        all += std::pow(b.values[i], 2);
    }
    return std::sqrt(wrong / all);
}

Volume atoms_map(const std::vector<Vec3>& positions_A, double sigma_A, int box, double voxel_A) {
    GaussianAtoms atoms;
    atoms.sigma = sigma_A / voxel_A;
    for (const Vec3& r : positions_A) atoms.positions.push_back((1 / voxel_A) * r);
    Volume out = atoms.map(box);
    out.voxel_A = voxel_A;
    return out;
}

const std::vector<Vec3> positions{{0, 0, 0}, {2.3, -1.1, 0.4}, {-3.0, 2.2, 1.7}, {0.6, 3.1, -2.9}};

}  // namespace

TEST_CASE("A B factor blurs Gaussian atoms to the width that it states") {
    ThreadPool pool(2);
    const double b = 4.0, blurred = std::sqrt(0.8 * 0.8 + b / (8 * std::numbers::pi * std::numbers::pi));
    const Volume map = b_factored(atoms_map(positions, 0.8, 40, 0.4), b, pool);
    CHECK(difference(map, atoms_map(positions, blurred, 40, 0.4)) < 1e-4);
    CHECK(difference(b_factored(map, -b, pool), atoms_map(positions, 0.8, 40, 0.4)) < 1e-4);
}

TEST_CASE("Band limits cut where they say, and leave the rest alone") {
    ThreadPool pool(2);
    Volume map(32, 0.5);
    RandomStream random(41, 0, RandomPurpose::test);
    for (float& v : map.values) v = static_cast<float>(random.normal());
    const std::vector<double> before = shell_power(map.view(), pool);
    const std::vector<double> low = shell_power(low_passed(map, 2.0, 2, pool).view(), pool);  // shell 8
    const std::vector<double> band =
        shell_power(band_passed(map, 4.0, 2.0, 2, pool).view(), pool);  // shells 4 .. 8
    for (std::size_t s = 0; s <= 16; s++) {
        if (s <= 6) CHECK(low[s] == Approx(before[s]).epsilon(1e-4));
        if (s >= 10) CHECK(low[s] < 1e-9 * before[s]);
        if (s == 6) CHECK(band[s] == Approx(before[s]).epsilon(1e-4));
        if (s <= 2 || s >= 10) CHECK(band[s] < 1e-9 * before[s]);
    }
    CHECK(low[8] == Approx(0.25 * before[8]).epsilon(0.3));
    std::vector<double> ones(17, 1.0), twos(60, 2.0);
    CHECK(difference(multiplied_by_shells(map, twos, pool), [&] {
              Volume m = map;
              for (float& v : m.values) v *= 2;
              return m;
          }()) < 1e-6);
    CHECK_THROWS_AS(band_passed(map, 2.0, 4.0, 2, pool), Error);
}

TEST_CASE("A map on another voxel and box shows the same atoms at the same places and the same scale") {
    const Volume map = atoms_map(positions, 0.9, 48, 0.4);
    for (const auto& [box, voxel] : {std::pair{40, 0.5}, {33, 0.55}, {64, 0.3}, {48, 0.4}, {56, 0.4}}) {
        INFO("box " << box << ", voxel " << voxel);
        CHECK(difference(resample(map, box, voxel), atoms_map(positions, 0.9, box, voxel)) < 1e-3);
    }
    CHECK(difference(resample(map, 48, 0.4), map) < 1e-6);
}

TEST_CASE("Cropping and padding keep the origin") {
    Volume map(9, 1);
    map.at(4, 4, 4) = 1;
    map.at(5, 4, 3) = 2;
    for (const int box : {5, 6, 12, 13}) {
        const Volume out = centred(map, box);
        CHECK(out.at(box / 2, box / 2, box / 2) == 1);
        CHECK(out.at(box / 2 + 1, box / 2, box / 2 - 1) == 2);
        CHECK(centred(out, 9).at(5, 4, 3) == 2);
    }
}
