#include "pose/score.hpp"

#include <algorithm>
#include <limits>

#include "catch.hpp"
#include "oracle/polar_correlation.hpp"
#include "pose/legacy_correlation.hpp"
#include "pose/orientation_grid.hpp"
#include "search_case.hpp"
#include "tumble/error.hpp"

using namespace tumble;
using namespace tumble::testing;

namespace {

std::vector<InstructionSet> available_sets() {
    std::vector<InstructionSet> out;
    for (auto set : {InstructionSet::portable, InstructionSet::avx2, InstructionSet::avx512})
        if (set <= detected_instruction_set()) out.push_back(set);
    return out;
}

std::vector<float> table(const AngularBasis& basis, const DirectionPanel& d, const RowPanel& r,
                         ThreadPool& pool, std::span<const float> threshold = {},
                         InstructionSet set = detected_instruction_set()) {
    std::vector<float> out(static_cast<std::size_t>(r.rows * 2 * d.directions));
    score_pairs(basis, d, r, threshold, out.data(), pool, set);
    return out;
}

}  // namespace

TEST_CASE("all orders: scores agree with the plain double sum on every instruction set") {
    ThreadPool pool(1);
    for (int angles : {64, 128, 256, 512}) {
        const SearchCase c(angles, 8, 2);
        const auto basis = angular_basis(c.grid, c.radius_px, 0);
        const auto directions = c.directions(basis, pool);
        const auto rows = c.rows(basis, pool);
        // Two images against a few of the 16 views.
        std::vector<std::size_t> entries;
        for (std::size_t i = 0; i < 2; i++)
            for (std::size_t view = i; view < 16; view += angles == 64 ? 1 : 5)
                entries.push_back(16 * i + view);
        std::vector<double> expected;
        for (auto e : entries) {
            const auto curve =
                oracle::pair_curve(c.grid, c.weights, {c.images.data() + e / 16 * c.samples(), c.samples()},
                                   {c.slices.data() + e % 16 / 2 * c.samples(), c.samples()}, e % 2 == 1);
            expected.push_back(*std::max_element(curve.begin(), curve.end()));
        }
        for (auto set : available_sets()) {
            const auto maxima = table(basis, directions, rows, pool, {}, set);
            double largest = 0, errors = 0, squares = 0;
            for (std::size_t n = 0; n < entries.size(); n++) {
                // The score is a difference, 2 s - Q: its rounding is measured against the two terms.
                const double error = maxima[entries[n]] - expected[n],
                             q = directions.power[entries[n] % 16 / 2];
                largest = std::max(largest, std::abs(error) / (std::abs(expected[n] + q) + q));
                errors += error * error, squares += expected[n] * expected[n];
            }
            INFO(angles << " angles, " << name_of(set));
            CHECK(largest < 1e-6);
            CHECK(std::sqrt(errors / squares) < 1e-6);
        }
    }
}

TEST_CASE("the literal correlation is the batched one, curve by curve") {
    ThreadPool pool(2);
    const SearchCase c(128, 6, 3);
    const auto basis = angular_basis(c.grid, c.radius_px, 0);
    const auto directions = c.directions(basis, pool);
    const auto rows = c.rows(basis, pool);
    const std::vector<float> ones(c.grid.rings.size(), 1.0f);
    const auto images = ring_harmonics(c.grid, c.weights, c.images, pool);
    const auto references = ring_harmonics(c.grid, ones, c.slices, pool), behind = mirrored(references);
    LegacyCorrelation legacy(128);
    std::vector<float> curve(128);
    double errors = 0, squares = 0;
    for (std::int64_t i = 0; i < 3; i++)
        for (std::int64_t view = 0; view < 12; view++) {
            score_angles(basis, directions, rows, i, view / 2, view % 2 == 1, curve);
            const auto literal = legacy.curve(images, i, view % 2 == 1 ? behind : references, view / 2);
            for (std::size_t j = 0; j < 128; j++) {
                const double s = 0.5 * (curve[j] + directions.power[static_cast<std::size_t>(view / 2)]);
                errors += (s - literal[j]) * (s - literal[j]);
                squares += literal[j] * literal[j];
            }
        }
    CHECK(std::sqrt(errors / squares) < 5e-7);
}

TEST_CASE("a slice at pair_rotation scores highest at exactly that pair and angle") {
    ThreadPool pool(1);
    PolarGrid grid;
    for (int r = 3; r <= 20; r++) grid.rings.push_back(r / 48.0);
    grid.angles = 64;
    const std::vector<float> weights(grid.rings.size(), 1.0f);
    const auto particle = random_particle(12, 8, 2);
    const auto bases = half_sphere_directions(20, 9);
    std::vector<Complexf> slices, images;
    for (const auto& base : bases) append(slices, polar_slice(particle, grid, base));
    struct Pair {
        int direction;
        bool mirror;
        int angle;
    };
    const std::vector<Pair> pairs{{0, false, 0}, {0, true, 0},   {3, false, 17},
                                  {3, true, 17}, {19, true, 63}, {11, false, 40}};
    for (auto [d, mirror, j] : pairs)
        append(images, polar_slice(particle, grid,
                                   pair_rotation(bases[static_cast<std::size_t>(d)], mirror,
                                                 2 * std::numbers::pi * j / 64)));
    const auto basis = angular_basis(grid, 12, 1e-4);
    const auto directions = pack_directions(grid, basis, weights, slices, pool);
    std::vector<std::int64_t> index{0, 1, 2, 3, 4, 5};
    const auto rows = pack_rows(grid, basis, weights, images, index, std::vector<Vec2>(6), pool);
    const auto maxima = table(basis, directions, rows, pool);
    for (std::size_t i = 0; i < pairs.size(); i++) {
        const auto row = maxima.begin() + static_cast<std::ptrdiff_t>(i * 40);
        CHECK(std::max_element(row, row + 40) - row == 2 * pairs[i].direction + (pairs[i].mirror ? 1 : 0));
        std::vector<float> curve(64);
        score_angles(basis, directions, rows, static_cast<std::int64_t>(i), pairs[i].direction,
                     pairs[i].mirror, curve);
        CHECK(std::max_element(curve.begin(), curve.end()) - curve.begin() == pairs[i].angle);
    }
}

TEST_CASE("an image whose particle lies at t scores highest at shift t") {
    ThreadPool pool(1);
    const SearchCase c(64, 6, 1);
    const auto basis = angular_basis(c.grid, c.radius_px, 1e-4);
    const auto particle = random_particle(15, c.radius_px - 4, 11);
    const Vec2 truth{1.4, -0.7};
    std::vector<Complexf> image;
    append(image, polar_slice(particle, c.grid, c.bases[2], truth));
    const auto shifts = shift_grid(2.1, 0.7);
    const auto rows =
        pack_rows(c.grid, basis, c.weights, image, std::vector<std::int64_t>(shifts.size(), 0), shifts, pool);
    const auto maxima = table(basis, c.directions(basis, pool), rows, pool);
    const auto best = std::max_element(maxima.begin(), maxima.end()) - maxima.begin();
    CHECK(best % 12 == 4);
    CHECK(shifts[static_cast<std::size_t>(best / 12)].x == Approx(truth.x));
    CHECK(shifts[static_cast<std::size_t>(best / 12)].y == Approx(truth.y));
}

TEST_CASE("the low-rank basis keeps the pair maxima to its tolerance") {
    ThreadPool pool(1);
    const SearchCase c(128, 10, 4);
    std::vector<double> expected;
    for (std::size_t i = 0; i < 4; i++)
        for (std::size_t view = 0; view < 20; view++) {
            const auto curve =
                oracle::pair_curve(c.grid, c.weights, {c.images.data() + i * c.samples(), c.samples()},
                                   {c.slices.data() + view / 2 * c.samples(), c.samples()}, view % 2 == 1);
            expected.push_back(*std::max_element(curve.begin(), curve.end()));
        }
    for (auto [tolerance, wanted] : {std::pair{1e-4, 1e-5}, std::pair{1e-6, 2e-7}}) {
        // The atoms lie within radius_px - 4, and their sigma is 1.2.
        const auto basis = angular_basis(c.grid, c.radius_px + 1, tolerance);
        CHECK(basis.total_rank() < c.grid.half() * static_cast<int>(c.grid.rings.size()) / 3);
        const auto directions = c.directions(basis, pool);
        const auto maxima = table(basis, directions, c.rows(basis, pool), pool);
        double errors = 0, squares = 0;
        for (std::size_t i = 0; i < maxima.size(); i++) {
            errors += (maxima[i] - expected[i]) * (maxima[i] - expected[i]);
            // Measured against the correlation 2 s, not against the difference L = 2 s - Q.
            const double correlation = expected[i] + directions.power[i % 20 / 2];
            squares += correlation * correlation;
        }
        INFO("tolerance " << tolerance << ", rank " << basis.total_rank());
        CHECK(std::sqrt(errors / squares) < wanted);
    }
}

TEST_CASE("thresholds: what exceeds them is bitwise unchanged, the rest is -infinity") {
    ThreadPool pool(1);
    const SearchCase c(64, 401, 19);
    const auto basis = angular_basis(c.grid, c.radius_px, 1e-4);
    const auto directions = c.directions(basis, pool);
    const auto rows = c.rows(basis, pool);
    for (auto set : available_sets()) {
        const auto all = table(basis, directions, rows, pool, {}, set);
        for (double share : {0.5, 0.9, 1.0}) {
            std::vector<float> threshold;
            for (std::size_t i = 0; i < 19; i++) {
                const auto row = all.begin() + static_cast<std::ptrdiff_t>(802 * i);
                threshold.push_back(static_cast<float>(share) * *std::max_element(row, row + 802));
            }
            const auto cut = table(basis, directions, rows, pool, threshold, set);
            std::size_t wrong = 0, kept = 0;
            for (std::size_t i = 0; i < all.size(); i++) {
                const bool above = all[i] > threshold[i / 802];
                kept += above;
                wrong += above ? cut[i] != all[i] : cut[i] != -std::numeric_limits<float>::infinity();
            }
            INFO(name_of(set) << ", " << share << " of the best");
            CHECK(wrong == 0);
            CHECK((share == 1.0 ? kept == 0 : kept >= 19));
        }
    }
}

TEST_CASE("a pair's score has the same bits for any threads, batch and place in the panels") {
    ThreadPool one(1), two(2), four(4);
    const SearchCase c(64, 391, 37);
    const auto basis = angular_basis(c.grid, c.radius_px, 1e-4);
    const auto directions = c.directions(basis, one);
    const auto rows = c.rows(basis, one);
    const auto expected = table(basis, directions, rows, one);
    CHECK(c.directions(basis, four).operands == directions.operands);
    CHECK(c.rows(basis, two).operands == rows.operands);
    CHECK(table(basis, directions, rows, two) == expected);
    CHECK(table(basis, directions, rows, four) == expected);
    const auto at = [&](std::size_t row, std::size_t view) { return expected[row * 782 + view]; };
    // Rows 5, 36, 20 alone; directions 6 .. 377 alone.
    const auto few = select_rows(basis, rows, std::vector<std::int64_t>{5, 36, 20});
    std::vector<float> part(3 * 2 * 372);
    score_window(basis, directions, few, {0, 3, 6, 372}, {}, part.data(), two);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < 3; i++)
        for (std::size_t v = 0; v < 744; v++)
            wrong += part[i * 744 + v] != at(std::vector<std::size_t>{5, 36, 20}[i], v + 12);
    CHECK(wrong == 0);
    // One slice moved to another place of its block.
    const std::span<const Complexf> from_third(c.slices.data() + 3 * c.samples(), 10 * c.samples());
    const auto moved = pack_directions(c.grid, basis, c.weights, from_third, one);
    const auto shifted = table(basis, moved, rows, one);
    for (std::size_t i = 0; i < 37; i++)
        for (std::size_t v = 0; v < 20; v++) wrong += shifted[i * 20 + v] != at(i, v + 6);
    CHECK(wrong == 0);
    // The whole curve peaks at the pair's maximum.
    std::vector<float> curve(64);
    for (std::size_t i = 0; i < 37; i++) {
        const std::size_t view = (17 * i + 3) % 782;
        score_angles(basis, directions, rows, static_cast<std::int64_t>(i),
                     static_cast<std::int64_t>(view / 2), view % 2 == 1, curve);
        wrong += *std::max_element(curve.begin(), curve.end()) != at(i, view);
    }
    CHECK(wrong == 0);
}

TEST_CASE("the instruction sets agree to float rounding") {
    ThreadPool pool(1);
    const SearchCase c(64, 40, 16);
    const auto basis = angular_basis(c.grid, c.radius_px, 1e-4);
    const auto directions = c.directions(basis, pool);
    const auto rows = c.rows(basis, pool);
    const auto expected = table(basis, directions, rows, pool, {}, InstructionSet::portable);
    const float largest = *std::max_element(expected.begin(), expected.end());
    for (auto set : available_sets()) {
        const auto maxima = table(basis, directions, rows, pool, {}, set);
        float difference = 0;
        for (std::size_t i = 0; i < maxima.size(); i++)
            difference = std::max(difference, std::abs(maxima[i] - expected[i]));
        CHECK(difference < 2e-6f * largest);
    }
}

TEST_CASE("panels of another basis and windows beside the blocks are refused") {
    ThreadPool pool(1);
    const SearchCase c(64, 12, 2);
    const auto basis = angular_basis(c.grid, c.radius_px, 1e-4),
               other = angular_basis(c.grid, c.radius_px, 1e-2);
    const auto directions = c.directions(basis, pool);
    const auto rows = c.rows(basis, pool);
    std::vector<float> out(2 * 24);
    CHECK_THROWS_AS(score_pairs(other, directions, rows, {}, out.data(), pool), Error);
    CHECK_THROWS_AS(score_window(basis, directions, rows, {0, 2, 3, 6}, {}, out.data(), pool), Error);
    CHECK_THROWS_AS(score_window(basis, directions, rows, {0, 3, 0, 6}, {}, out.data(), pool), Error);
    CHECK_THROWS_AS(score_pairs(basis, directions, rows, std::vector<float>(3), out.data(), pool), Error);
}
