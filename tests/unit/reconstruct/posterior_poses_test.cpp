#include "reconstruct/posterior_poses.hpp"

#include <cmath>
#include <numeric>

#include "catch.hpp"
#include "core/random.hpp"
#include "reconstruct/atomic_map.hpp"
#include "reconstruct/lattice_free_model.hpp"
#include "unit/pose/simulated_particle.hpp"

using namespace tumble;

namespace {

/// Two candidates an image, at random, with shifts that a particle `off_centre` from the origin gives, and
/// errors.
std::vector<PosteriorPoses> poses_of_particle_at(Vec3 off_centre, double error, int images,
                                                 std::uint64_t seed) {
    RandomStream random(seed, 0, RandomPurpose::test);
    std::vector<PosteriorPoses> posteriors;
    for (int i = 0; i < images; i++) {
        PosteriorPoses p;
        for (const double share : {0.7, 0.3}) {
            const Mat3 rotation = test::random_rotation(random);
            const Vec3 moved = rotation * off_centre;
            p.candidates.push_back(
                {i,
                 {rotation, {-moved.x + error * random.normal(), -moved.y + error * random.normal()}},
                 share});
            p.shares.push_back(share);
        }
        posteriors.push_back(p);
    }
    return posteriors;
}

}  // namespace

TEST_CASE("recentre finds the centre that the shifts share and takes it out of all of them") {
    const Vec3 centre{0.7, -0.4, 1.1};
    auto posteriors = poses_of_particle_at(centre, 0, 50, 1);
    const Vec3 found = recentre(posteriors);
    CHECK(length(found - centre) < 1e-8);
    for (const auto& p : posteriors)
        for (const auto& c : p.candidates) CHECK(std::hypot(c.pose.shift_A.x, c.pose.shift_A.y) < 1e-8);
    CHECK(length(recentre(posteriors)) < 1e-8);
}

TEST_CASE(
    "after recentring, the particle moved by the centre looks as before, and no other centre leaves smaller "
    "shifts") {
    const auto before = poses_of_particle_at({0.5, 0.2, -0.3}, 0.4, 80, 2);
    auto after = before;
    const Vec3 centre = recentre(after);
    const Vec3 atom{1, 2, 3}, moved = atom - centre;
    for (std::size_t i = 0; i < before.size(); i++)
        for (std::size_t k = 0; k < before[i].candidates.size(); k++) {
            const Pose &was = before[i].candidates[k].pose, &is = after[i].candidates[k].pose;
            REQUIRE(is.rotation == was.rotation);
            const Vec3 a = was.rotation * atom, b = is.rotation * moved;
            REQUIRE(a.x + was.shift_A.x == Approx(b.x + is.shift_A.x).margin(1e-9));
            REQUIRE(a.y + was.shift_A.y == Approx(b.y + is.shift_A.y).margin(1e-9));
        }
    const auto squares = [&](Vec3 extra) {
        double sum = 0;
        for (const auto& p : after) {
            const Pose& pose = p.candidates.front().pose;
            const Vec3 r = pose.rotation * extra;
            sum += std::pow(pose.shift_A.x + r.x, 2) + std::pow(pose.shift_A.y + r.y, 2);
        }
        return sum;
    };
    for (const Vec3 extra : {Vec3{0.01, 0, 0}, Vec3{-0.01, 0, 0}, Vec3{0, 0.01, 0}, Vec3{0, -0.01, 0},
                             Vec3{0, 0, 0.01}, Vec3{0, 0, -0.01}})
        CHECK(squares(extra) > squares({}));
}

TEST_CASE("one view cannot tell a shift along the beam: it is left at zero") {
    RandomStream random(3, 0, RandomPurpose::test);
    const Mat3 rotation = test::random_rotation(random);
    std::vector<PosteriorPoses> posteriors(5);
    for (auto& p : posteriors) p.candidates = {{0, {rotation, {0.3, -0.2}}, 0}}, p.shares = {1.0};
    const Vec3 seen = rotation * recentre(posteriors);
    CHECK(seen.x == Approx(-0.3));
    CHECK(seen.y == Approx(0.2));
    CHECK(seen.z == Approx(0).margin(1e-6));
}

TEST_CASE("shares follow the scores, hopeless and repeated poses are left out") {
    const Vec3 axis{1, 1, 0};
    std::vector<PoseCandidate> list;
    const auto add = [&](double angle, double score) {
        list.push_back({7, {rotation_about(axis, angle), {}}, score});
    };
    add(1.0, 96);
    add(0.0, 100);
    add(0.01, 99);  // the best one again
    add(2.0, 94);
    add(3.0, 80);  // exp(-10) of the best
    const auto posterior = posterior_of(list, 2, 12.5);
    CHECK(posterior.margin == 12.5);
    REQUIRE(posterior.candidates.size() == 3);
    CHECK(posterior.candidates[0].score == 100);
    CHECK(posterior.candidates[1].score == 96);
    CHECK(posterior.candidates[2].score == 94);
    CHECK(posterior.shares[1] / posterior.shares[0] == Approx(std::exp(-2)));
    CHECK(posterior.shares[2] / posterior.shares[0] == Approx(std::exp(-3)));
    CHECK(std::accumulate(posterior.shares.begin(), posterior.shares.end(), 0.0) == Approx(1));
    CHECK(posterior_of(list, 0.1, 0).shares == std::vector<double>{1.0});
    CHECK(posterior_of(list, 1e6, 0).candidates.size() == 4);
}

TEST_CASE("weighted poses are every candidate with its share, the best are the first") {
    const auto posteriors = poses_of_particle_at({}, 0.1, 6, 4);
    const auto weighted = weighted_poses(posteriors);
    const auto best = best_poses(posteriors);
    REQUIRE(weighted.size() == 12);
    REQUIRE(best.size() == 6);
    for (std::size_t i = 0; i < 6; i++) {
        CHECK(best[i].pose == posteriors[i].candidates[0].pose);
        for (std::size_t k = 0; k < 2; k++) {
            CHECK(weighted[2 * i + k].image == static_cast<std::int64_t>(i));
            CHECK(weighted[2 * i + k].pose == posteriors[i].candidates[k].pose);
            CHECK(weighted[2 * i + k].weight == Approx(k == 0 ? 0.7 : 0.3));
        }
    }
    std::vector<Pose> given;
    for (const auto& b : best) given.push_back(b.pose);
    const auto certain = certain_poses(given);
    REQUIRE(certain.size() == 6);
    for (std::size_t i = 0; i < 6; i++) {
        CHECK(certain[i].shares == std::vector<double>{1.0});
        CHECK(certain[i].candidates.front().image == static_cast<std::int64_t>(i));
        CHECK(certain[i].candidates.front().pose == given[i]);
    }
}

TEST_CASE("a glass ball has the atoms of a loose solid, inside its radius, few of them too close") {
    const double neighbour = 2.77;
    for (const double radius : {6.0, 9.0, 12.0}) {
        const auto ball = glass_ball(radius, neighbour, 1);
        const double close_packed =
            4.0 / 3 * 3.14159265358979 * std::pow(radius / neighbour, 3) * std::sqrt(2.0);
        CHECK(static_cast<double>(ball.size()) ==
              Approx(0.9 * static_cast<double>(close_packed_count(radius, neighbour))).margin(1));
        CHECK(static_cast<double>(ball.size()) == Approx(0.9 * close_packed).epsilon(0.03));
        std::size_t close = 0;
        for (std::size_t i = 0; i < ball.size(); i++) {
            REQUIRE(length(ball[i]) <= radius * (1 + 1e-12));
            for (std::size_t j = 0; j < i; j++)
                if (length(ball[i] - ball[j]) < 0.85 * neighbour) close++;
        }
        INFO(ball.size() << " atoms, " << close << " pairs too close");
        CHECK(static_cast<double>(close) < 0.05 * static_cast<double>(ball.size()));
        CHECK(ball == glass_ball(radius, neighbour, 1));
        CHECK(ball != glass_ball(radius, neighbour, 2));
    }
}
