// Direction grids, shift grids and the polar basis.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "catch.hpp"
#include "pose/curve_peak.hpp"
#include "pose/orientation_grid.hpp"
#include "pose/polar_transform.hpp"
#include "tumble/error.hpp"

using namespace tumble;

namespace {
Vec3 view_of(const Mat3& r) {
    return {r(2, 0), r(2, 1), r(2, 2)};
}
}  // namespace

TEST_CASE("directions are rotations that cover the half sphere evenly") {
    const auto grid = half_sphere_directions(500);
    Vec3 sum{};
    double nearest_sum = 0;
    for (const auto& r : grid) {
        CHECK(determinant(r) == Approx(1));
        CHECK(view_of(r).z > 0);
        sum = sum + view_of(r);
        double nearest = 10;
        for (const auto& other : grid)
            if (&other != &r)
                nearest = std::min(nearest, std::acos(std::min(1.0, dot(view_of(r), view_of(other)))));
        CHECK(nearest > 0.6 * direction_spacing(500));
        nearest_sum += nearest;
    }
    // Mean of z over the half sphere is 1/2, of x and y zero.
    CHECK(sum.z / 500 == Approx(0.5).margin(0.005));
    CHECK(sum.x / 500 == Approx(0).margin(0.005));
    CHECK(sum.y / 500 == Approx(0).margin(0.005));
    CHECK(nearest_sum / 500 == Approx(direction_spacing(500)).epsilon(0.2));
}

TEST_CASE("a seeded grid is the plain one turned as a whole, differently in each pass") {
    const auto plain = half_sphere_directions(40), turned = half_sphere_directions(40, 3, 1),
               again = half_sphere_directions(40, 3, 1);
    CHECK(turned == again);
    CHECK(half_sphere_directions(40, 3, 2) != turned);
    const Mat3 turn = transpose(plain[0]) * turned[0];
    for (std::size_t i = 0; i < 40; i++) CHECK(angle_between(plain[i] * turn, turned[i]) < 1e-7);
    CHECK(angle_between(turn, Mat3{}) > 0.01);
    CHECK_THROWS_AS(half_sphere_directions(0), Error);
}

TEST_CASE("shifts fill a disc, nearest to zero first") {
    const auto shifts = shift_grid(2, 0.7);
    CHECK(shifts.size() == 25);
    CHECK(shifts.front() == Vec2{0, 0});
    for (std::size_t i = 1; i < shifts.size(); i++)
        CHECK(std::hypot(shifts[i].x, shifts[i].y) >= std::hypot(shifts[i - 1].x, shifts[i - 1].y) - 1e-12);
    CHECK(std::hypot(shifts.back().x, shifts.back().y) <= 2);
    CHECK(shift_grid(0, 1).size() == 1);
}

TEST_CASE("the radial bases are orthonormal and span the harmonics of every particle within the radius") {
    PolarGrid grid;
    for (int r = 19; r <= 60; r++) grid.rings.push_back(r / 128.0);
    grid.angles = 128;
    const double radius = 20;
    for (double tolerance : {1e-4, 1e-6}) {
        const auto basis = angular_basis(grid, radius, tolerance);
        double left_out = 0, all = 0;
        for (int m = 0; m < basis.orders(); m++) {
            const auto& u = basis.vectors[static_cast<std::size_t>(m)];
            const std::size_t n = grid.rings.size(),
                              rank = static_cast<std::size_t>(basis.rank[static_cast<std::size_t>(m)]);
            for (std::size_t a = 0; a < rank; a++)
                for (std::size_t b = 0; b <= a; b++) {
                    double product = 0;
                    for (std::size_t r = 0; r < n; r++) product += u[a * n + r] * u[b * n + r];
                    REQUIRE(product == Approx(a == b ? 1 : 0).margin(1e-10));
                }
            // Points that the construction has not seen; the library's Bessel functions are an independent
            // source.
            for (double rho : {0.37 * radius, 0.71 * radius, 0.93 * radius}) {
                std::vector<double> f;
                for (double k : grid.rings)
                    f.push_back(std::sqrt(k) * std::cyl_bessel_j(m, 2 * std::numbers::pi * k * rho));
                for (double x : f) all += x * x;
                for (std::size_t a = 0; a < rank; a++) {
                    double c = 0;
                    for (std::size_t r = 0; r < n; r++) c += u[a * n + r] * f[r];
                    for (std::size_t r = 0; r < n; r++) f[r] -= c * u[a * n + r];
                }
                for (double x : f) left_out += x * x;
            }
        }
        CHECK(std::sqrt(left_out / all) < 2 * tolerance);
    }
}

TEST_CASE("the bases of the reference case have the ranks of the geometry") {
    PolarGrid grid;
    for (int r = 19; r <= 80; r++) grid.rings.push_back(r / 160.0);
    grid.angles = 256;
    // Prototype, singular values of sqrt(r) J_m(2 pi r rho), R = 32 px: 1,539 at 1e-3 and 1,653 at 1e-4.
    CHECK(angular_basis(grid, 32, 1e-4).total_rank() == Approx(1653).epsilon(0.02));
}

TEST_CASE("the peak of a curve is found between its samples") {
    for (double truth : {0.013, 1.7, 6.27}) {
        std::vector<float> curve;
        for (int j = 0; j < 64; j++) {
            const double x = 2 * std::numbers::pi * j / 64 - truth;
            curve.push_back(
                static_cast<float>(2 + std::cos(x) + 0.7 * std::cos(7 * x) + 0.4 * std::cos(19 * x)));
        }
        const auto peak = curve_peak(curve);
        CHECK(peak.angle_rad == Approx(truth).margin(1e-6));
        CHECK(peak.value == Approx(4.1).margin(1e-5));
    }
    const auto flat = curve_peak(std::vector<float>(64, 3.0f));
    CHECK(flat.value == Approx(3));
    CHECK_THROWS_AS(curve_peak(std::vector<float>(3)), Error);
}
