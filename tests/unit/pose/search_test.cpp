// The search rules against their definitions on whole tables.
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "catch.hpp"
#include "pose/exhaustive_search.hpp"
#include "pose/soft_assignment.hpp"
#include "pose/stochastic_hill_climbing.hpp"
#include "search_case.hpp"
#include "tumble/error.hpp"

using namespace tumble;
using namespace tumble::testing;

namespace {

/// Nine images, each at 1 to 5 shifts, against 250 directions, and all their maxima.
struct Problem {
    SearchCase scene{64, 250, 9};
    ThreadPool pool{1};
    AngularBasis basis = angular_basis(scene.grid, scene.radius_px, 1e-4);
    DirectionPanel directions = scene.directions(basis, pool);
    std::vector<std::int64_t> first_row{0};
    RowPanel panel;
    std::vector<float> maxima;

    Problem() {
        std::vector<std::int64_t> images;
        std::vector<Vec2> shifts;
        const auto grid = shift_grid(0.8, 0.8);
        for (std::int64_t i = 0; i < 9; i++) {
            for (std::int64_t s = 0; s <= i % 5; s++)
                images.push_back(i), shifts.push_back(grid[static_cast<std::size_t>(s)]);
            first_row.push_back(static_cast<std::int64_t>(images.size()));
        }
        panel = pack_rows(scene.grid, basis, scene.weights, scene.images, images, shifts, pool);
        maxima.resize(static_cast<std::size_t>(panel.rows) * 500);
        score_pairs(basis, directions, panel, {}, maxima.data(), pool);
    }
    SearchRows rows() const { return {panel, first_row, 100}; }
    std::vector<SearchPair> sorted_pairs(std::int64_t image) const {
        std::vector<SearchPair> out;
        for (std::int64_t r = rows().begin(image); r < rows().end(image); r++)
            for (std::int64_t v = 0; v < 500; v++)
                out.push_back({r, v / 2, v % 2 == 1, maxima[static_cast<std::size_t>(r * 500 + v)]});
        std::stable_sort(out.begin(), out.end(),
                         [](const auto& a, const auto& b) { return a.score > b.score; });
        return out;
    }
    /// A score that `rank` of the image's pairs beat.
    std::vector<float> beaten_by(std::size_t rank) const {
        std::vector<float> out;
        for (std::int64_t i = 0; i < 9; i++) out.push_back(sorted_pairs(i)[rank].score);
        return out;
    }
};

}  // namespace

TEST_CASE("exhaustive search lists the best pairs in order, for any batch, threads and incumbent") {
    const Problem p;
    ThreadPool two(2), four(4);
    for (int count : {1, 7}) {
        for (std::int64_t batch : {1, 16, 20, 1000})
            for (ThreadPool* pool : {&two, &four}) {
                const auto found =
                    exhaustive_search(p.basis, p.directions, p.rows(),
                                      {count, std::numeric_limits<float>::infinity(), batch}, {}, *pool);
                for (std::int64_t i = 0; i < 9; i++) {
                    auto expected = p.sorted_pairs(i);
                    expected.resize(static_cast<std::size_t>(count));
                    CHECK(found[static_cast<std::size_t>(i)] == expected);
                }
            }
    }
    const auto third = p.beaten_by(3);
    const auto found = exhaustive_search(p.basis, p.directions, p.rows(), {8}, third, two);
    for (std::int64_t i = 0; i < 9; i++) {
        auto expected = p.sorted_pairs(i);
        expected.resize(3);
        CHECK(found[static_cast<std::size_t>(i)] == expected);
    }
}

TEST_CASE(
    "exhaustive search: the cut drops what is worse than the best by more; equal scores go to the lower "
    "row") {
    Problem p;
    ThreadPool pool(1);
    const auto all = p.sorted_pairs(4);
    const float cut = all[0].score - all[5].score;
    const auto found = exhaustive_search(p.basis, p.directions, p.rows(), {50, cut}, {}, pool);
    CHECK(found[4] == std::vector<SearchPair>(all.begin(), all.begin() + 6));
    // Every row twice: each pair ties with its copy.
    std::vector<std::int64_t> twice, first_row{0};
    for (std::int64_t r = 0; r < p.panel.rows; r++)
        twice.insert(twice.end(), 2, r), first_row.push_back(2 * r + 2);
    const auto panel = select_rows(p.basis, p.panel, twice);
    const auto pairs = exhaustive_search(p.basis, p.directions, {panel, first_row, 0},
                                         {2, std::numeric_limits<float>::infinity(), 16}, {}, pool);
    for (std::size_t i = 0; i < pairs.size(); i++) {
        CHECK(pairs[i][0].row == static_cast<std::int64_t>(2 * i));
        CHECK(pairs[i][1].row == static_cast<std::int64_t>(2 * i + 1));
        CHECK(pairs[i][0].direction == pairs[i][1].direction);
    }
}

TEST_CASE("posterior weights follow Boltzmann's law and sum to one") {
    const float out = -std::numeric_limits<float>::infinity();
    const std::vector<float> scores{1001, 1000, out, 998};
    const auto w = posterior_weights(scores, 2);
    CHECK(w[0] + w[1] + w[2] + w[3] == Approx(1));
    CHECK(w[1] / w[0] == Approx(std::exp(-0.5)));
    CHECK(w[3] / w[0] == Approx(std::exp(-1.5)));
    CHECK(w[2] == 0);
    CHECK(posterior_weights(std::vector<float>{out, out}, 1) == std::vector<double>{0, 0});
    CHECK_THROWS_AS(posterior_weights(scores, 0), Error);
}

TEST_CASE("soft assignment keeps the pairs that carry weight, with the weights of the whole table") {
    const Problem p;
    ThreadPool pool(2);
    const auto all = p.sorted_pairs(3);
    const double temperature = (all[0].score - all[10].score) / 5.0;
    const auto found = soft_assignment(p.basis, p.directions, p.rows(), {temperature, 2e-8, 2000}, pool);
    std::vector<float> scores;
    for (const auto& pair : all) scores.push_back(pair.score);
    const auto expected = posterior_weights(scores, temperature);
    double sum = 0;
    for (std::size_t n = 0; n < found[3].size(); n++) {
        CHECK(found[3][n].pair == all[n]);
        CHECK(found[3][n].weight == Approx(expected[n]).epsilon(1e-4));
        sum += found[3][n].weight;
    }
    CHECK(sum == Approx(1));
    CHECK(found[3].size() >= 11);
    CHECK(expected[found[3].size()] < 2e-8 * expected[0]);
}

TEST_CASE("the visiting order is a permutation, and every candidate is first equally often") {
    std::vector<int> first(5);
    for (std::uint32_t image = 0; image < 5000; image++) {
        VisitingOrder order(5, RandomStream(1, image, RandomPurpose::visiting_order));
        std::set<std::int64_t> seen;
        for (int i = 0; i < 5; i++) {
            const auto c = order.next();
            if (i == 0) first[static_cast<std::size_t>(c)]++;
            seen.insert(c);
        }
        REQUIRE(seen == std::set<std::int64_t>{0, 1, 2, 3, 4});
    }
    for (int n : first) CHECK(std::abs(n - 1000) < 120);  // 4 sigma
}

TEST_CASE("hill climbing by batches makes the choices of visiting one by one") {
    const Problem p;
    ThreadPool one(1), two(2), four(4);
    // From easy to hopeless: 100, 3 and no better candidates.
    for (std::size_t rank : {100u, 3u, 0u}) {
        const auto previous = p.beaten_by(rank);
        for (std::uint32_t pass : {0u, 1u}) {
            HillClimbOptions options{77, pass};
            const auto expected =
                hill_climb_one_by_one(p.basis, p.directions, p.rows(), previous, {}, options);
            for (const auto& step : expected) CHECK(step.improved == (rank > 0));
            for (std::int64_t batch : {1, 7, 64})
                for (ThreadPool* pool : {&one, &two, &four}) {
                    options.batch_rows = batch;
                    CHECK(hill_climb(p.basis, p.directions, p.rows(), previous, {}, options, *pool) ==
                          expected);
                }
        }
    }
}

TEST_CASE("the neighbourhood form chooses among the nearest views only, as one by one") {
    const Problem p;
    ThreadPool pool(2);
    std::vector<ViewList> views;
    for (std::size_t i = 0; i < 9; i++) {
        const Mat3& base = p.scene.bases[20 * i];
        views.push_back(nearest_views(p.scene.bases, {base(2, 0), base(2, 1), base(2, 2)}, 30));
        CHECK(views.back().front() == static_cast<std::int64_t>(40 * i));
    }
    HillClimbOptions options{5, 2, RandomPurpose::neighbourhood};
    const auto previous = p.beaten_by(60);
    const auto expected = hill_climb_one_by_one(p.basis, p.directions, p.rows(), previous, views, options);
    CHECK(hill_climb(p.basis, p.directions, p.rows(), previous, views, options, pool) == expected);
    options.batch_rows = 1;
    CHECK(hill_climb(p.basis, p.directions, p.rows(), previous, views, options, pool) == expected);
    // One image without a list takes all views.
    views[3].clear();
    CHECK(hill_climb(p.basis, p.directions, p.rows(), previous, views, options, pool) ==
          hill_climb_one_by_one(p.basis, p.directions, p.rows(), previous, views, options));
    for (std::size_t i = 0; i < 9; i++) {
        if (i == 3) continue;
        const auto view = 2 * expected[i].pair.direction + (expected[i].pair.mirror ? 1 : 0);
        CHECK(std::find(views[i].begin(), views[i].end(), view) != views[i].end());
    }
    CHECK(neighbourhood_size(0, 5, 10, 1000) == 10);
    CHECK(neighbourhood_size(2, 5, 10, 1000) == 100);
    CHECK(neighbourhood_size(4, 5, 10, 1000) == 1000);
}
