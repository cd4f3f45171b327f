#include <numbers>

#include "catch.hpp"
#include "core/random.hpp"
#include "core/units.hpp"
#include "tumble/geometry.hpp"

using namespace tumble;

namespace {
Mat3 random_rotation(RandomStream& random) {
    const Mat3 a = rotation_about({random.normal(), random.normal(), random.normal()}, 6.28 * random.uniform());
    return a * rotation_about({random.normal(), random.normal(), random.normal()}, 6.28 * random.uniform());
}
double largest_difference(const Mat3& a, const Mat3& b) {
    double worst = 0;
    for (std::size_t i = 0; i < 9; i++) worst = std::max(worst, std::abs(a.m[i] - b.m[i]));
    return worst;
}
}  // namespace

TEST_CASE("Euler angles are RELION's: Rz(psi) Ry(tilt) Rz(rot)") {
    // Each factor by itself, in the matrices of RELION's documentation.
    const double a = radians(30), c = std::cos(a), s = std::sin(a);
    const Mat3 rz{{c, s, 0, -s, c, 0, 0, 0, 1}}, ry{{c, 0, -s, 0, 1, 0, s, 0, c}};
    CHECK(largest_difference(rotation_from_euler({30, 0, 0}), rz) < 1e-15);
    CHECK(largest_difference(rotation_from_euler({0, 30, 0}), ry) < 1e-15);
    CHECK(largest_difference(rotation_from_euler({0, 0, 30}), rz) < 1e-15);
    CHECK(largest_difference(rotation_from_euler({30, 30, 30}), rz * ry * rz) < 1e-15);
}

TEST_CASE("Euler angles and rotations are inverse to each other, also at the poles") {
    RandomStream random(1, 0, RandomPurpose::test);
    for (int i = 0; i < 1000; i++) {
        const Mat3 r = random_rotation(random);
        CHECK(largest_difference(r, rotation_from_euler(euler_from_rotation(r))) < 1e-12);
        CHECK(std::abs(determinant(r) - 1) < 1e-12);
    }
    for (const double tilt : {0.0, 180.0, 1e-5, 179.99999}) {
        const Mat3 r = rotation_from_euler({17, tilt, 59});
        CHECK(largest_difference(r, rotation_from_euler(euler_from_rotation(r))) < 1e-8);
    }
}

TEST_CASE("angle_between is the angle of the relative rotation") {
    RandomStream random(2, 0, RandomPurpose::test);
    for (const double angle : {0.0, 1e-7, 1e-3, 1.0, 3.0, std::numbers::pi}) {
        const Mat3 r = random_rotation(random);
        CHECK(angle_between(r, rotation_about({1, 2, 3}, angle) * r) == Approx(angle).margin(1e-9));
    }
}

TEST_CASE("orthonormalised removes rounding and never returns a mirror") {
    RandomStream random(3, 0, RandomPurpose::test);
    for (int i = 0; i < 100; i++) {
        const Mat3 r = random_rotation(random);
        Mat3 noisy = r;
        for (auto& v : noisy.m) v += 1e-4 * random.normal();
        const Mat3 clean = orthonormalised(noisy);
        CHECK(largest_difference(clean * transpose(clean), Mat3{}) < 1e-12);
        CHECK(determinant(clean) == Approx(1));
        CHECK(angle_between(clean, r) < 1e-3);
    }
}
