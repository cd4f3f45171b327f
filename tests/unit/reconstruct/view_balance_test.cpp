#include "reconstruct/view_balance.hpp"

#include <cmath>
#include <numeric>

#include "catch.hpp"
#include "core/random.hpp"
#include "core/units.hpp"
#include "unit/pose/simulated_particle.hpp"

using namespace tumble;

namespace {

/// The beam in the particle's frame.
Vec3 view_of(const Mat3& r) {
    return {r(2, 0), r(2, 1), r(2, 2)};
}

/// Each image may look along the crowded direction, with that share, or along seven others.
std::vector<PosteriorPoses> crowded(int images, double crowded_share, std::uint64_t seed) {
    RandomStream random(seed, 0, RandomPurpose::test);
    std::vector<PosteriorPoses> posteriors;
    for (int i = 0; i < images; i++) {
        PosteriorPoses p;
        const Vec3 turn{0.2 * random.normal(), 0.2 * random.normal(), 0};
        p.candidates.push_back(
            {i,
             {rotation_about({0, 0, 1}, 6 * random.uniform()) * rotation_about(turn, length(turn)), {}},
             9});
        p.shares.push_back(crowded_share);
        for (int k = 0; k < 7; k++) {
            p.candidates.push_back({i, {test::random_rotation(random), {}}, 8.0 - k});
            p.shares.push_back((1 - crowded_share) / 7);
        }
        posteriors.push_back(p);
    }
    return posteriors;
}

/// Share of all images that looks within 50 degrees of `axis` or against it, over what even views would give.
/// So wide that the bins at its rim (each 20 degrees across) lie outside the crowd.
double crowding(const std::vector<PosteriorPoses>& posteriors, Vec3 axis) {
    double sum = 0;
    for (const auto& p : posteriors)
        for (std::size_t k = 0; k < p.shares.size(); k++)
            if (std::abs(dot(view_of(p.candidates[k].pose.rotation), axis)) > std::cos(radians(50)))
                sum += p.shares[k];
    return sum / static_cast<double>(posteriors.size()) / (1 - std::cos(radians(50)));
}

void check_whole(const std::vector<PosteriorPoses>& before, const std::vector<PosteriorPoses>& after) {
    REQUIRE(after.size() == before.size());
    for (std::size_t i = 0; i < after.size(); i++) {
        REQUIRE(after[i].candidates.size() == before[i].candidates.size());
        REQUIRE(after[i].shares.size() == before[i].shares.size());
        for (std::size_t k = 0; k < after[i].candidates.size(); k++) {
            REQUIRE(after[i].candidates[k].pose == before[i].candidates[k].pose);
            REQUIRE(after[i].candidates[k].image == before[i].candidates[k].image);
            REQUIRE((after[i].shares[k] >= 0 && after[i].shares[k] <= 1));
        }
        REQUIRE(std::accumulate(after[i].shares.begin(), after[i].shares.end(), 0.0) ==
                Approx(1).epsilon(1e-12));
    }
}

}  // namespace

TEST_CASE("crowded views level out where images have a choice, candidates stay as they are") {
    const auto before = crowded(1500, 0.5, 1);
    auto after = before;
    balance_views(after);
    check_whole(before, after);
    CHECK(crowding(before, {0, 0, 1}) > 1.8);
    CHECK(crowding(after, {0, 0, 1}) == Approx(1).margin(0.05));
    RandomStream random(2, 0, RandomPurpose::test);
    for (int i = 0; i < 40; i++)
        CHECK(crowding(after, view_of(test::random_rotation(random))) == Approx(1).margin(0.05));
}

TEST_CASE("views that are even already are left nearly as they were") {
    const auto before = crowded(1500, 1.0 / 8 - 0.1, 3);
    auto after = before;
    balance_views(after);
    check_whole(before, after);
    double change = 0;
    for (std::size_t i = 0; i < after.size(); i++)
        for (std::size_t k = 0; k < after[i].shares.size(); k++)
            change += std::abs(after[i].shares[k] - before[i].shares[k]);
    CHECK(change / static_cast<double>(after.size()) < 0.2);
    CHECK(change > 0);
}

TEST_CASE("within one direction the shares keep their ratio") {
    auto posteriors = crowded(300, 0.5, 4);
    for (auto& p : posteriors) {
        // The same view turned in the image plane: the same bin.
        PoseCandidate turned = p.candidates.front();
        turned.pose.rotation = rotation_about({0, 0, 1}, 1) * turned.pose.rotation;
        p.candidates.push_back(turned);
        p.shares.front() = 0.3, p.shares.push_back(0.2);
    }
    balance_views(posteriors);
    for (const auto& p : posteriors) REQUIRE(p.shares.front() / p.shares.back() == Approx(1.5));
}

TEST_CASE("images without a choice are left alone, wherever they look") {
    auto posteriors = crowded(100, 0.5, 5);
    for (auto& p : posteriors) p.candidates.resize(1), p.shares = {1.0};
    const auto before = posteriors;
    balance_views(posteriors);
    check_whole(before, posteriors);
    for (const auto& p : posteriors) CHECK(p.shares == std::vector<double>{1.0});
    std::vector<PosteriorPoses> none;
    balance_views(none);
    CHECK(none.empty());
}

TEST_CASE("a share of a millionth is not lifted to a certainty") {
    // One image could look where nobody does: a factor of at most 30 over and 30 under binds.
    auto posteriors = crowded(400, 0.5, 6);
    for (auto& p : posteriors) p.candidates.resize(2), p.shares = {1 - 1e-6, 1e-6};
    balance_views(posteriors);
    for (const auto& p : posteriors) REQUIRE(p.shares[1] < 1.001e-6 * 900);
}
