#include "atoms/precision.hpp"

#include <algorithm>

#include "catch.hpp"
#include "simulated_particle.hpp"

using namespace tumble;

TEST_CASE("half maps give the error of the merged atoms") {
    const auto truth = random_particle(600, 17, 2.3, 31);
    RandomStream random(32, 0, RandomPurpose::test);
    const double sigma = 0.03;  // of the merged atoms, an axis; a half has sqrt(2) of it
    const auto moved = [&](Vec3 p) {
        const double s = sigma * std::sqrt(2.0);
        return p + Vec3{s * random.normal(), s * random.normal(), s * random.normal()};
    };
    std::vector<Vec3> half1, half2;
    std::vector<FittedAtom> merged;
    for (const Vec3& p : truth) {
        half1.push_back(moved(p));
        half2.push_back(moved(p));
        FittedAtom atom;
        atom.position_A = 0.5 * (half1.back() + half2.back());
        atom.sigma_A = {sigma, sigma, sigma};
        merged.push_back(atom);
    }
    const double distance = length(half1[5] - half2[5]);
    std::reverse(half2.begin(), half2.end());
    half1.erase(half1.begin() + 9);
    const HalfComparison found = compare_halves(merged, half1, half2, 0.7);
    CHECK(found.matched == truth.size() - 1);
    CHECK(found.distance_A[9] < 0);
    CHECK(found.distance_A[5] == Approx(distance));
    // 1,800 differences: the rms is known to 1.7 %; three standard errors.
    CHECK(found.axis_rms_A == Approx(sigma).epsilon(0.05));
    CHECK(found.ratio_to_quoted == Approx(1).epsilon(0.05));
    CHECK(compare_halves({}, half1, half2, 0.7).matched == 0);
}
