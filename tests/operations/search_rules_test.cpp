// best_pairs, soft_pairs and hill_climb: each is its rule, applied here to the table's own scores, bit for
// bit; where scores lie further apart than the rounding of float32, it is also the CPU's choice.
#include <algorithm>
#include <limits>
#include <numeric>

#include "catch.hpp"
#include "every_table.hpp"
#include "orientation_scene.hpp"
#include "tumble/error.hpp"

using namespace tumble;
using namespace tumble::testing;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr std::int64_t images = 9, directions = 163, views = 2 * directions;

const OrientationScene& scene() {
    static const OrientationScene s(64, 8, directions, images, 1e-3);
    return s;
}

/// Nine images, each at 1 to 5 shifts, and all their scores on one backend.
struct Problem {
    OrientationScores on;
    std::vector<std::int64_t> row_images, first_row{0};
    std::vector<Vec2> shifts;
    ResidentRows rows;
    std::vector<float> maxima;

    /// copies: how often each row comes.
    explicit Problem(const backend::Operations& table, int copies = 1) : on(scene(), table) {
        const auto grid = shift_grid(0.8, 0.8);
        for (std::int64_t i = 0; i < images; i++) {
            for (std::int64_t s = 0; s <= i % 5; s++)
                for (int copy = 0; copy < copies; copy++)
                    row_images.push_back(i), shifts.push_back(grid[static_cast<std::size_t>(s)]);
            first_row.push_back(static_cast<std::int64_t>(row_images.size()));
        }
        rows = on.backend.rows(on.search, row_images, shifts);
        maxima = on.maxima(rows, row_images.size(), static_cast<std::size_t>(views));
    }
    RowOwners owners() const { return {first_row, 100}; }
    std::int64_t row_count(std::int64_t image) const {
        return first_row[static_cast<std::size_t>(image) + 1] - first_row[static_cast<std::size_t>(image)];
    }
    /// In the order of rows and of the views given; all where there are none.
    std::vector<SearchPair> candidates(std::int64_t image, const ViewList& list = {}) const {
        std::vector<SearchPair> out;
        const std::int64_t first = first_row[static_cast<std::size_t>(image)];
        for (std::int64_t r = first; r < first + row_count(image); r++)
            for (std::int64_t n = 0; n < (list.empty() ? views : static_cast<std::int64_t>(list.size()));
                 n++) {
                const std::int64_t v = list.empty() ? n : list[static_cast<std::size_t>(n)];
                out.push_back({r, v / 2, v % 2 == 1, maxima[static_cast<std::size_t>(r * views + v)]});
            }
        return out;
    }
    std::vector<SearchPair> sorted_pairs(std::int64_t image) const {
        auto out = candidates(image);
        std::stable_sort(out.begin(), out.end(),
                         [](const auto& a, const auto& b) { return a.score > b.score; });
        return out;
    }
    std::vector<SearchPair> best(std::int64_t image, std::size_t count) const {
        auto out = sorted_pairs(image);
        out.resize(std::min(count, out.size()));
        return out;
    }
    float largest_score() const {
        float largest = 0;
        for (const float v : maxima) largest = std::max(largest, std::abs(v));
        return largest;
    }
    /// For each image a score between two neighbours among its own that lie apart, near the one that `rank`
    /// others beat.
    std::vector<float> beaten_by(std::size_t rank) const {
        std::vector<float> out;
        for (std::int64_t i = 0; i < images; i++) {
            const auto all = sorted_pairs(i);
            std::size_t at = rank;
            while (rank > 0 && at + 2 < all.size() && all[at - 1].score - all[at].score < noise()) at++;
            out.push_back(rank == 0 ? all[0].score + noise() : 0.5f * (all[at - 1].score + all[at].score));
        }
        return out;
    }
    /// Scores further apart than this have the same order on every backend (score_test: 2e-6 of the largest).
    float noise() const { return 1e-5f * largest_score(); }

    std::vector<HillClimbStep> climbed(std::span<const float> previous, std::span<const ViewList> lists,
                                       const HillClimbOptions& options) const {
        return on.backend.hill_climb(on.search, rows, owners(), previous, lists, options);
    }
    /// The rule by its definition.
    std::vector<HillClimbStep> expected_steps(std::span<const float> previous,
                                              std::span<const ViewList> lists,
                                              const HillClimbOptions& options) const {
        std::vector<HillClimbStep> out;
        for (std::int64_t i = 0; i < images; i++) {
            const auto all = candidates(i, lists.empty() ? ViewList() : lists[static_cast<std::size_t>(i)]);
            std::vector<float> scores;
            for (const auto& pair : all) scores.push_back(pair.score);
            const VisitingOrder order(static_cast<std::int64_t>(all.size()),
                                      RandomStream(options.seed, static_cast<std::uint32_t>(100 + i),
                                                   options.purpose, options.pass));
            const auto found = first_improvement(scores, previous[static_cast<std::size_t>(i)], order);
            const auto best = std::max_element(scores.begin(), scores.end()) - scores.begin();
            const std::int64_t chosen = found.candidate >= 0 ? found.candidate : best;
            out.push_back({all[static_cast<std::size_t>(chosen)], found.visited, found.candidate >= 0});
        }
        return out;
    }
};

/// Views near one direction, nearest first; image 3 takes all.
std::vector<ViewList> neighbourhoods(std::int64_t count) {
    std::vector<ViewList> lists;
    for (std::int64_t i = 0; i < images; i++) {
        const Mat3& base = scene().bases[static_cast<std::size_t>(20 * i)];
        lists.push_back(nearest_views(scene().bases, {base(2, 0), base(2, 1), base(2, 2)}, count));
    }
    return lists;
}

bool same_choice(const SearchPair& a, const SearchPair& b) {
    return a.row == b.row && a.direction == b.direction && a.mirror == b.mirror;
}

}  // namespace

TEST_CASE("best pairs: the best of the whole table in order, for any batch and incumbent",
          "[operations][search]") {
    for (const auto& [name, table] : every_table()) {
        INFO(name);
        const Problem p(*table);
        for (const int count : {1, 7, 3000})
            for (const std::int64_t batch : {1, 20, 1000}) {
                const auto found =
                    p.on.backend.best_pairs(p.on.search, p.rows, p.owners(), {count, infinity, batch}, {});
                for (std::int64_t i = 0; i < images; i++)
                    CHECK(found[static_cast<std::size_t>(i)] == p.best(i, static_cast<std::size_t>(count)));
            }
        std::vector<float> third, unreachable(images, infinity);
        for (std::int64_t i = 0; i < images; i++) third.push_back(p.sorted_pairs(i)[3].score);
        const auto found = p.on.backend.best_pairs(p.on.search, p.rows, p.owners(), {8}, third);
        for (std::int64_t i = 0; i < images; i++) CHECK(found[static_cast<std::size_t>(i)] == p.best(i, 3));
        for (const auto& list : p.on.backend.best_pairs(p.on.search, p.rows, p.owners(), {8}, unreachable))
            CHECK(list.empty());
    }
}

TEST_CASE("best pairs: the cut counts from the best, equal scores go to the lower row",
          "[operations][search]") {
    for (const auto& [name, table] : every_table()) {
        INFO(name);
        const Problem p(*table);
        const auto all = p.sorted_pairs(4);
        const float cut = all[0].score - all[5].score;
        const auto found = p.on.backend.best_pairs(p.on.search, p.rows, p.owners(), {50, cut}, {});
        CHECK(found[4] == std::vector<SearchPair>(all.begin(), all.begin() + 6));
        const Problem twice(*table, 2);
        for (const int count : {1, 2, 9}) {
            const auto pairs = twice.on.backend.best_pairs(twice.on.search, twice.rows, twice.owners(),
                                                           {count, infinity, 16}, {});
            for (std::int64_t i = 0; i < images; i++)
                CHECK(pairs[static_cast<std::size_t>(i)] == twice.best(i, static_cast<std::size_t>(count)));
        }
    }
}

TEST_CASE("best pairs: an equal score that comes late goes before a higher row", "[operations][search]") {
    // Every direction comes again beyond the first step of the search, and every row twice.
    const OrientationScene& s = scene();
    std::vector<Mat3f> doubled = s.directions;
    doubled.insert(doubled.end(), s.directions.rbegin(), s.directions.rend());
    const auto all_views = static_cast<std::int64_t>(2 * doubled.size());
    for (const auto& [name, table] : every_table()) {
        INFO(name);
        const OrientationScores on(s, *table, doubled);
        const auto rows =
            on.backend.rows(on.search, std::vector<std::int64_t>{0, 0, 4, 4, 7, 7}, std::vector<Vec2>(6));
        const auto maxima = on.maxima(rows, 6, static_cast<std::size_t>(all_views));
        const std::vector<std::int64_t> first_row{0, 2, 4, 6};
        for (const int count : {1, 2, 3}) {
            const auto found = on.backend.best_pairs(on.search, rows, {first_row}, {count}, {});
            for (std::int64_t i = 0; i < 3; i++) {
                std::vector<SearchPair> expected;
                for (std::int64_t c = 0; c < 2 * all_views; c++)
                    expected.push_back({2 * i + c / all_views, c % all_views / 2, c % 2 == 1,
                                        maxima[static_cast<std::size_t>(2 * i * all_views + c)]});
                std::stable_sort(expected.begin(), expected.end(),
                                 [](const auto& a, const auto& b) { return a.score > b.score; });
                CHECK(expected[0].score == expected[3].score);
                expected.resize(static_cast<std::size_t>(count));
                CHECK(found[static_cast<std::size_t>(i)] == expected);
            }
        }
    }
}

TEST_CASE("soft pairs: those that carry weight, with the weights of their scores", "[operations][search]") {
    for (const auto& [name, table] : every_table()) {
        INFO(name);
        const Problem p(*table);
        const auto all = p.sorted_pairs(3);
        const double temperature = (all[0].score - all[10].score) / 5.0, cut = temperature * -std::log(2e-8);
        for (const std::int64_t batch : {16, 256}) {
            const auto found =
                p.on.backend.soft_pairs(p.on.search, p.rows, p.owners(), {temperature, 2e-8, 100, batch});
            REQUIRE(found.size() == images);
            for (std::int64_t i = 0; i < images; i++) {
                auto expected = p.best(i, 100);
                std::erase_if(expected, [&](const SearchPair& q) {
                    return q.score < expected[0].score - static_cast<float>(cut);
                });
                std::vector<float> scores;
                for (const auto& pair : expected) scores.push_back(pair.score);
                const auto weights = posterior_weights(scores, temperature);
                const auto& list = found[static_cast<std::size_t>(i)];
                REQUIRE(list.size() == expected.size());
                for (std::size_t n = 0; n < list.size(); n++)
                    CHECK((list[n].pair == expected[n] && list[n].weight == weights[n]));
            }
        }
    }
}

TEST_CASE("hill climbing: the first improvement in the visiting order, else the best",
          "[operations][search]") {
    for (const auto& [name, table] : every_table()) {
        INFO(name);
        const Problem p(*table);
        // From easy to hopeless: from many better candidates, found at once, to one and none.
        for (const std::size_t rank : {200u, 20u, 2u, 1u, 0u}) {
            const auto previous = p.beaten_by(rank);
            for (std::uint32_t pass = 0; pass < (rank == 2 || rank == 1 ? 5u : 1u); pass++) {
                HillClimbOptions options{77, pass};
                const auto expected = p.expected_steps(previous, {}, options);
                for (const auto& step : expected) CHECK(step.improved == (rank > 0));
                for (const std::int64_t batch : {1, 7, 64}) {
                    options.batch_rows = batch;
                    CHECK(p.climbed(previous, {}, options) == expected);
                    if (rank != 2 || pass > 0) break;
                }
            }
        }
        // Some improve, some do not.
        auto mixed = p.beaten_by(3);
        const auto hopeless = p.beaten_by(0);
        for (std::size_t i = 0; i < mixed.size(); i += 2) mixed[i] = hopeless[i];
        CHECK(p.climbed(mixed, {}, {5}) == p.expected_steps(mixed, {}, {5}));
    }
}

TEST_CASE("hill climbing: equal scores go to the lower row where no candidate improves",
          "[operations][search]") {
    for (const auto& [name, table] : every_table()) {
        INFO(name);
        const Problem twice(*table, 2);
        const std::vector<float> previous(images, 1e30f);
        CHECK(twice.climbed(previous, {}, {3}) == twice.expected_steps(previous, {}, {3}));
    }
}

TEST_CASE("hill climbing: among listed views only, in the order of the lists", "[operations][search]") {
    for (const auto& [name, table] : every_table()) {
        INFO(name);
        const Problem p(*table);
        auto lists = neighbourhoods(37);
        lists[2] = {5, 5, 4, 325, 4};  // as it stands, with a view twice
        HillClimbOptions options{5, 2, RandomPurpose::neighbourhood};
        for (int round = 0; round < 2; round++) {
            for (const std::size_t rank : {60u, 6u, 0u}) {
                const auto previous = p.beaten_by(rank);
                const auto expected = p.expected_steps(previous, lists, options);
                for (const std::int64_t batch : {1, 64}) {
                    options.batch_rows = batch;
                    CHECK(p.climbed(previous, lists, options) == expected);
                }
            }
            lists[3].clear();  // takes all views
        }
    }
}

TEST_CASE("the choices of every backend are the CPU's where scores lie apart", "[operations][search]") {
    const Problem cpu(backend::cpu_operations());
    // A fact of the scene, not of a backend: the best eight of each image have no near equals.
    for (std::int64_t i = 0; i < images; i++) {
        const auto best = cpu.best(i, 9);
        for (std::size_t n = 0; n < 8; n++) REQUIRE(best[n].score - best[n + 1].score > 0.2f * cpu.noise());
    }
    const auto lists = neighbourhoods(45);
    for (const auto& [name, table] : every_table()) {
        INFO(name);
        const Problem p(*table);
        const auto best = p.on.backend.best_pairs(p.on.search, p.rows, p.owners(), {8}, {});
        for (std::int64_t i = 0; i < images; i++) {
            const auto expected = cpu.best(i, 8);
            CHECK(std::equal(expected.begin(), expected.end(), best[static_cast<std::size_t>(i)].begin(),
                             best[static_cast<std::size_t>(i)].end(), same_choice));
        }
        for (const std::size_t rank : {100u, 4u, 0u})
            for (const bool near : {false, true}) {
                const auto previous = cpu.beaten_by(rank);
                const std::span<const ViewList> views_of_images =
                    near ? std::span(lists) : std::span<const ViewList>();
                const HillClimbOptions options{11, 3};
                const auto steps = p.climbed(previous, views_of_images, options),
                           expected = cpu.climbed(previous, views_of_images, options);
                for (std::size_t i = 0; i < steps.size(); i++) {
                    CHECK(same_choice(steps[i].pair, expected[i].pair));
                    CHECK(steps[i].visited == expected[i].visited);
                    CHECK(steps[i].improved == expected[i].improved);
                }
            }
    }
}

TEST_CASE("search rules: rows that do not cover the panel, unknown views and absurd options are refused",
          "[operations][search]") {
    for (const auto& [name, table] : every_table()) {
        INFO(name);
        const Problem p(*table);
        const Backend& b = p.on.backend;
        auto short_rows = p.first_row;
        short_rows.back()--;
        CHECK_THROWS_AS(b.best_pairs(p.on.search, p.rows, {short_rows}, {}, {}), Error);
        CHECK_THROWS_AS(b.best_pairs(p.on.search, p.rows, p.owners(), {0}, {}), Error);
        CHECK_THROWS_AS(b.soft_pairs(p.on.search, p.rows, p.owners(), {0}), Error);
        auto lists = neighbourhoods(3);
        lists[1][1] = views;
        const auto previous = p.beaten_by(2);
        CHECK_THROWS_AS(p.climbed(previous, lists, {}), Error);
        auto no_row = p.first_row;
        no_row[2] = no_row[1];
        CHECK_THROWS_AS(b.hill_climb(p.on.search, p.rows, {no_row}, previous, {}, {}), Error);
        // No images at all.
        const auto none = b.rows(p.on.search, {}, {});
        const std::vector<std::int64_t> nothing{0};
        CHECK(b.best_pairs(p.on.search, none, {nothing}, {}, {}).empty());
        CHECK(b.hill_climb(p.on.search, none, {nothing}, {}, {}, {}).empty());
    }
}

TEST_CASE("coarse lists have each view once, at the first of its best rows with their prior", "[rules]") {
    for (const NamedTable& named : every_table())
        for (const int copies : {1, 2}) {  // of each row: equal scores, which go to the first
            INFO(named.name << ", " << copies);
            const Problem p(*named.table, copies);
            std::vector<float> prior;
            for (std::size_t r = 0; r < p.row_images.size(); r++) prior.push_back(-0.25f * static_cast<float>(r / static_cast<std::size_t>(copies) % 3));
            for (const int count : {1, 30, 100000})
                for (const float cut : {0.0f, 5.0f, infinity}) {
                    const auto lists = p.on.backend.coarse_pairs(p.on.search, p.rows, p.owners(), {prior, cut, count});
                    REQUIRE(lists.size() == static_cast<std::size_t>(images));
                    for (std::int64_t i = 0; i < images; i++) {
                        std::vector<SearchPair> expected;
                        for (std::int64_t v = 0; v < views; v++) {
                            SearchPair best{-1, v / 2, v % 2 == 1, -infinity};
                            for (std::int64_t r = p.first_row[static_cast<std::size_t>(i)]; r < p.first_row[static_cast<std::size_t>(i) + 1]; r++) {
                                const float score = p.maxima[static_cast<std::size_t>(r * views + v)] + prior[static_cast<std::size_t>(r)];
                                if (score > best.score) best.score = score, best.row = r;
                            }
                            expected.push_back(best);
                        }
                        std::stable_sort(expected.begin(), expected.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
                        const float least = expected.front().score - cut;
                        std::erase_if(expected, [&](const auto& pair) { return pair.score < least; });
                        expected.resize(std::min(expected.size(), static_cast<std::size_t>(count)));
                        CHECK(lists[static_cast<std::size_t>(i)] == expected);
                    }
                }
        }
}

TEST_CASE("coarse lists of images without rows are empty, and lists of no views are refused", "[rules]") {
    for (const NamedTable& named : every_table()) {
        INFO(named.name);
        const Problem p(*named.table);
        auto first_row = p.first_row;
        first_row[1] = 0;  // its row goes to the second image
        const std::vector<float> prior(p.row_images.size(), 0);
        const auto lists = p.on.backend.coarse_pairs(p.on.search, p.rows, {first_row, 0, {}}, {prior, 1, 5});
        CHECK(lists[0].empty());
        CHECK_FALSE(lists[1].empty());
        const auto none = p.on.backend.rows(p.on.search, {}, {});
        CHECK(p.on.backend.coarse_pairs(p.on.search, none, {std::span(first_row).first(1), 0, {}}, {{}, 1, 5}).empty());
        CHECK_THROWS_AS(p.on.backend.coarse_pairs(p.on.search, p.rows, p.owners(), {prior, 1, 0}), Error);
    }
}
