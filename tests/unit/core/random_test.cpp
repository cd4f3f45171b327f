#include "core/random.hpp"

#include <set>

#include "catch.hpp"

using namespace tumble;

TEST_CASE("Philox4x32-10 gives the published known answers") {
    // Random123 distribution, kat_vectors, philox4x32 10.
    CHECK(philox4x32({0, 0, 0, 0}, {0, 0}) == PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    CHECK(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
          PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    CHECK(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
          PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("streams with other seed, image, purpose or pass differ, the same key repeats") {
    const auto first = [](RandomStream s) { return (std::uint64_t{s.bits()} << 32) | s.bits(); };
    std::set<std::uint64_t> seen;
    for (std::uint64_t seed : {0ull, 1ull, 1ull << 32})
        for (std::uint32_t image : {0u, 1u, 2u})
            for (auto purpose : {RandomPurpose::test, RandomPurpose::fold})
                for (std::uint32_t pass : {0u, 1u}) {
                    seen.insert(first({seed, image, purpose, pass}));
                    CHECK(first({seed, image, purpose, pass}) == first({seed, image, purpose, pass}));
                }
    CHECK(seen.size() == 36);
}

TEST_CASE("uniform and normal deviates have their moments") {
    RandomStream random(7, 3, RandomPurpose::test);
    const int n = 200000;
    double u = 0, u2 = 0, g = 0, g2 = 0, g4 = 0;
    for (int i = 0; i < n; i++) {
        const double a = random.uniform(), b = random.normal();
        REQUIRE((a > 0 && a < 1));
        u += a, u2 += a * a, g += b, g2 += b * b, g4 += b * b * b * b;
    }
    CHECK(u / n == Approx(0.5).margin(0.003));
    CHECK(u2 / n == Approx(1.0 / 3).margin(0.003));
    CHECK(g / n == Approx(0).margin(0.01));
    CHECK(g2 / n == Approx(1).margin(0.015));
    CHECK(g4 / n == Approx(3).margin(0.12));
}
