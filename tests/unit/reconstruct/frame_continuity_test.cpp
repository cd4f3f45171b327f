#include "reconstruct/frame_continuity.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "catch.hpp"
#include "core/random.hpp"
#include "core/units.hpp"
#include "unit/pose/simulated_particle.hpp"

using namespace tumble;

namespace {

ThreadPool pool(2);

/// A turn by normal numbers of standard deviation `sigma` about each axis.
Mat3 random_step(RandomStream& random, double sigma) {
    const Vec3 turn{sigma * random.normal(), sigma * random.normal(), sigma * random.normal()};
    return rotation_about(turn, length(turn));
}

std::vector<PoseCandidate> random_walk(int images, double sigma, std::uint64_t seed) {
    RandomStream random(seed, 0, RandomPurpose::test);
    std::vector<PoseCandidate> walk;
    Mat3 rotation = test::random_rotation(random);
    for (int i = 0; i < images; i++) {
        walk.push_back({i, {rotation, {}}, 0});
        rotation = random_step(random, sigma) * rotation;
    }
    return walk;
}

std::vector<PoseCandidate> shuffled(std::vector<PoseCandidate> poses, std::uint64_t seed) {
    RandomStream random(seed, 1, RandomPurpose::test);
    for (std::size_t i = poses.size(); i > 1; i--)
        std::swap(poses[i - 1], poses[random.below(static_cast<std::uint32_t>(i))]);
    return poses;
}

/// The 24 turns of a cube: signed permutations of the axes with determinant 1.
std::vector<NearSymmetry> cubic_turns() {
    std::vector<NearSymmetry> turns;
    std::array<int, 3> axis{0, 1, 2};
    do {
        for (int signs = 0; signs < 8; signs++) {
            NearSymmetry s;
            s.rotation = Mat3{{0, 0, 0, 0, 0, 0, 0, 0, 0}};
            for (int i = 0; i < 3; i++)
                s.rotation(i, axis[static_cast<std::size_t>(i)]) = (signs >> i & 1) ? -1 : 1;
            s.overlap = 1;
            if (determinant(s.rotation) > 0) turns.push_back(s);
        }
    } while (std::next_permutation(axis.begin(), axis.end()));
    return turns;
}

using Lists = std::vector<std::vector<PoseCandidate>>;

/// `counts[i]` candidates of image i with orientations within `spread` of each other and scores of that
/// deviation.
Lists random_lists(const std::vector<int>& counts, double spread, double score_deviation,
                   std::uint64_t seed) {
    RandomStream random(seed, 2, RandomPurpose::test);
    Lists lists;
    for (std::size_t i = 0; i < counts.size(); i++) {
        auto& list = lists.emplace_back();
        for (int k = 0; k < counts[i]; k++)
            list.push_back({static_cast<std::int64_t>(i),
                            {random_step(random, spread), {}},
                            100 + score_deviation * random.normal()});
    }
    return lists;
}

/// Shares by adding up every path there is.
std::vector<std::vector<double>> shares_of_all_paths(const Lists& lists, double temperature, double sigma,
                                                     double jump) {
    std::vector<std::vector<double>> shares;
    for (const auto& list : lists) shares.emplace_back(list.size(), 0.0);
    std::vector<std::size_t> path(lists.size(), 0);
    double total = 0;
    for (bool more = true; more;) {
        double weight = 1;
        for (std::size_t i = 0; i < lists.size(); i++) {
            weight *= std::exp((lists[i][path[i]].score - 100) / temperature);
            if (i == 0) continue;
            const double turn =
                angle_between(lists[i - 1][path[i - 1]].pose.rotation, lists[i][path[i]].pose.rotation) /
                sigma;
            weight *= std::exp(-0.5 * turn * turn) + jump;
        }
        total += weight;
        for (std::size_t i = 0; i < lists.size(); i++) shares[i][path[i]] += weight;
        more = false;
        for (std::size_t i = 0; i < lists.size() && !more; i++) {
            more = ++path[i] < lists[i].size();
            if (!more) path[i] = 0;
        }
    }
    for (auto& list : shares)
        for (double& s : list) s /= total;
    return shares;
}

double largest_difference(const std::vector<std::vector<double>>& a,
                          const std::vector<std::vector<double>>& b) {
    REQUIRE(a.size() == b.size());
    double largest = 0;
    for (std::size_t i = 0; i < a.size(); i++) {
        REQUIRE(a[i].size() == b[i].size());
        for (std::size_t k = 0; k < a[i].size(); k++) {
            REQUIRE(std::isfinite(a[i][k]));
            largest = std::max(largest, std::abs(a[i][k] - b[i][k]));
        }
    }
    return largest;
}

}  // namespace

TEST_CASE("shares of forward-backward are sums over all paths") {
    const std::vector<int> shapes[] = {{3, 3, 3, 3, 3}, {1, 4, 2, 3, 1}, {2, 1, 1, 5}, {4}};
    std::uint64_t seed = 1;
    for (const auto& shape : shapes)
        for (const double sigma : {0.05, 0.3, 2.0})
            for (const double temperature : {1.0, 8.0})
                for (const double jump : {1e-7, 1e-2}) {
                    const Lists lists = random_lists(shape, 0.4, 5, seed++);
                    INFO("images " << shape.size() << ", sigma " << sigma << ", temperature " << temperature
                                   << ", jump " << jump);
                    CHECK(largest_difference(forward_backward(lists, temperature, sigma, jump, pool),
                                             shares_of_all_paths(lists, temperature, sigma, jump)) < 1e-11);
                }
}

TEST_CASE("shares have the same bits for any number of threads") {
    const Lists lists = random_lists({7, 30, 1, 12, 25, 3, 18}, 0.4, 5, 31);
    for (const int threads : {1, 3, 9}) {
        ThreadPool others(threads);
        CHECK(forward_backward(lists, 3, 0.3, 1e-4, others) == forward_backward(lists, 3, 0.3, 1e-4, pool));
    }
}

TEST_CASE("a walk without limits leaves each image to its own scores") {
    const Lists lists = random_lists({3, 5, 2, 4, 1, 6}, 1, 4, 77);
    const double temperature = 3;
    std::vector<std::vector<double>> softmax;
    for (const auto& list : lists) {
        double sum = 0;
        for (const auto& c : list) sum += std::exp((c.score - 100) / temperature);
        auto& mine = softmax.emplace_back();
        for (const auto& c : list) mine.push_back(std::exp((c.score - 100) / temperature) / sum);
    }
    CHECK(largest_difference(forward_backward(lists, temperature, 1e8, 1e-7, pool), softmax) < 1e-12);
}

TEST_CASE("an image with one candidate takes it, no images have no shares") {
    const auto shares = forward_backward(random_lists(std::vector<int>(20, 1), 3, 300, 5), 3, 0.01, 1e-7, pool);
    for (const auto& list : shares) CHECK(list == std::vector<double>{1.0});
    CHECK(forward_backward({}, 3, 0.01, 1e-7, pool).empty());
}

TEST_CASE(
    "scores hundreds apart and orientations that nothing connects give finite shares that add up to 1") {
    for (const double deviation : {1.0, 100.0, 700.0, 5000.0}) {
        const auto shares =
            forward_backward(random_lists(std::vector<int>(200, 4), 3, deviation, 9), 1, 1e-3, 1e-7, pool);
        REQUIRE(shares.size() == 200);
        for (const auto& list : shares) {
            REQUIRE(list.size() == 4);
            for (const double s : list) REQUIRE((s >= 0 && s <= 1));
            REQUIRE(std::accumulate(list.begin(), list.end(), 0.0) == Approx(1).epsilon(1e-12));
        }
    }
}

TEST_CASE(
    "neighbours decide for an image that cannot decide by itself, and a jump may be anywhere between them") {
    const Mat3 here, there = rotation_about({0, 0, 1}, radians(90));
    Lists lists;
    for (std::int64_t i = 0; i < 9; i++) lists.push_back({{i, {here, {}}, 50}, {i, {there, {}}, 50}});
    lists[0][0].score = 60;  // the first image knows that it is here
    const double temperature = 2, sigma = radians(5);
    for (const auto& list : forward_backward(lists, temperature, sigma, 1e-7, pool)) CHECK(list[0] > 0.99);
    // A second one knows that it is there: the jump between them may be at any of the five places.
    lists[0][0].score = 90;
    lists[5][1].score = 90;
    const auto shares = forward_backward(lists, temperature, sigma, 1e-4, pool);
    for (std::size_t i = 0; i < 9; i++)
        CHECK(shares[i][0] == Approx(i < 5 ? 1 - 0.2 * static_cast<double>(i) : 0).margin(0.005));
}

TEST_CASE("the order of time does not matter: a series read backwards has the same shares") {
    Lists lists = random_lists({3, 2, 4, 3, 5, 2}, 0.3, 4, 21);
    auto forwards = forward_backward(lists, 2, 0.2, 1e-4, pool);
    std::reverse(lists.begin(), lists.end());
    std::reverse(forwards.begin(), forwards.end());
    CHECK(largest_difference(forward_backward(lists, 2, 0.2, 1e-4, pool), forwards) < 1e-12);
}

TEST_CASE("the step of a random walk is measured, and known from a shuffled one") {
    const std::vector<NearSymmetry> none = {NearSymmetry{}};
    for (const double sigma : {radians(1), radians(4), radians(8)}) {
        const auto walk = random_walk(800, sigma, 3);
        const FrameSteps steps = measure_frame_steps(walk, none);
        INFO("sigma " << degrees(sigma) << " deg, measured " << degrees(steps.sigma_rad()));
        CHECK(steps.sigma_rad() == Approx(sigma).epsilon(0.1));
        CHECK(steps.consecutive());
        const FrameSteps of_shuffled = measure_frame_steps(shuffled(walk, 4), none);
        CHECK_FALSE(of_shuffled.consecutive());
        CHECK(of_shuffled.sigma_rad() > 2 * sigma);
    }
}

TEST_CASE("poses that sit in different symmetry mates tell the same step") {
    const auto cube = cubic_turns();
    REQUIRE(cube.size() == 24);
    for (const double sigma : {radians(1), radians(4)}) {
        auto walk = random_walk(800, sigma, 5);
        RandomStream random(6, 0, RandomPurpose::test);
        for (auto& c : walk) c.pose = mate_of(c.pose, cube[random.below(24)]);
        const FrameSteps steps = measure_frame_steps(walk, cube);
        INFO("sigma " << degrees(sigma) << " deg, measured " << degrees(steps.sigma_rad()));
        CHECK(steps.sigma_rad() == Approx(sigma).epsilon(0.1));
        CHECK(steps.consecutive());
        CHECK_FALSE(measure_frame_steps(shuffled(walk, 7), cube).consecutive());
        // Without the symmetries nothing would be seen.
        CHECK_FALSE(measure_frame_steps(walk, {}).consecutive());
    }
}

TEST_CASE("poses of images that were taken apart are not consecutive, nor are too few") {
    RandomStream random(8, 0, RandomPurpose::test);
    std::vector<PoseCandidate> poses;
    for (int i = 0; i < 500; i++) poses.push_back({i, {test::random_rotation(random), {}}, 0});
    CHECK_FALSE(measure_frame_steps(poses, cubic_turns()).consecutive());
    CHECK_FALSE(measure_frame_steps(poses, {}).consecutive());
    CHECK_FALSE(measure_frame_steps(std::span(poses).first(1), {}).consecutive());
    CHECK(measure_frame_steps({}, {}).sigma_rad() == 0);
}
