#include "reconstruct/round_schedule.hpp"

#include <vector>

#include "catch.hpp"

using namespace tumble;

namespace {

/// All rounds of a run in which so many images move and stray.
std::vector<RoundStep> rounds_of(double moved, double strayed, bool consecutive) {
    std::vector<RoundStep> steps;
    while (const auto step = next_round({static_cast<int>(steps.size()), moved, strayed}, consecutive)) {
        steps.push_back(*step);
        REQUIRE(steps.size() <= 100);
    }
    return steps;
}

}  // namespace

TEST_CASE("temperatures fall by 15 percent a round from 8 to 3 or from 4 to 1") {
    for (const bool consecutive : {true, false}) {
        const double hottest = consecutive ? 8 : 4, coolest = consecutive ? 3 : 1;
        const auto steps = rounds_of(1, 1, consecutive);
        CHECK(steps.front().temperature == Approx(hottest));
        CHECK(steps.back().temperature == Approx(coolest));
        for (std::size_t i = 1; i < steps.size(); i++) {
            const double before = steps[i - 1].temperature, now = steps[i].temperature;
            CHECK((now < before || now == coolest));
            CHECK(now == Approx(std::max(coolest, 0.85 * before)));
        }
    }
}

TEST_CASE("no run has more than 16 rounds, none fewer than five") {
    for (const bool consecutive : {true, false}) {
        CHECK(rounds_of(1, 1, consecutive).size() == 16);
        CHECK(rounds_of(1, 0, consecutive).size() == 16);
        CHECK(rounds_of(0, 1, consecutive).size() == 16);
        CHECK(rounds_of(0, 0, consecutive).size() == 5);
        CHECK_FALSE(next_round({16, 1, 1}, consecutive).has_value());
    }
}

TEST_CASE("every second round searches from the third on while images stray") {
    const auto steps = rounds_of(1, 0.5, false);
    for (std::size_t i = 0; i < steps.size(); i++) CHECK(steps[i].search == (i >= 2 && i % 2 == 0));
    for (const auto& step : rounds_of(1, 0.005, false)) CHECK_FALSE(step.search);
}

TEST_CASE("poses settle when few images move and few stray, not before") {
    CHECK_FALSE(next_round({8, 0.005, 0.01}, true).has_value());
    CHECK(next_round({8, 0.05, 0.01}, true).has_value());
    CHECK(next_round({8, 0.005, 0.1}, true).has_value());
    CHECK(next_round({4, 0, 0}, true).has_value());
    // A run that has not searched yet cannot be settled: nothing is known of images that stray.
    for (int done = 0; done < 16; done++)
        CHECK(next_round({done, 0, RoundHistory{}.strayed}, true).has_value());
}
