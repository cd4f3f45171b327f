#include "core/threads.hpp"

#include <atomic>
#include <stdexcept>

#include "catch.hpp"

using namespace tumble;

TEST_CASE("every item is worked on exactly once, whatever the number of threads") {
    for (const int threads : {1, 2, 3, 8}) {
        ThreadPool pool(threads);
        for (const std::int64_t items : {0, 1, 2, 7, 1000}) {
            std::vector<std::atomic<int>> shares(static_cast<std::size_t>(items)), singles(static_cast<std::size_t>(items));
            pool.run(items, [&](std::int64_t begin, std::int64_t end, int share) {
                REQUIRE(share < threads);
                for (auto i = begin; i < end; i++) shares[static_cast<std::size_t>(i)]++;
            });
            pool.each(items, [&](std::int64_t i, int) { singles[static_cast<std::size_t>(i)]++; });
            for (auto& count : shares) CHECK(count == 1);
            for (auto& count : singles) CHECK(count == 1);
        }
    }
}

TEST_CASE("an exception in a worker reaches the caller and the pool goes on working") {
    ThreadPool pool(3);
    for (int repeat = 0; repeat < 3; repeat++) {
        CHECK_THROWS_AS(pool.each(9, [](std::int64_t i, int) { if (i == 5) throw std::runtime_error("five"); }), std::runtime_error);
        std::atomic<int> sum = 0;
        pool.each(10, [&](std::int64_t i, int) { sum += static_cast<int>(i); });
        CHECK(sum == 45);
    }
}
