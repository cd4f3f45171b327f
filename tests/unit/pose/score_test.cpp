#include "pose/score.hpp"

#include <algorithm>
#include <limits>

#include "catch.hpp"
#include "gaussian_particle.hpp"
#include "oracle/polar_correlation.hpp"
#include "pose/orientation_grid.hpp"

using namespace tumble;
using namespace tumble::testing;

namespace {

/// Slices of one particle and noisy images of it, as the search sees them.
struct Case {
    PolarGrid grid;
    std::vector<float> weights;
    std::vector<Mat3> bases;
    std::vector<Complexf> slices, images;
    double radius_px = 12;

    explicit Case(int angles, int directions, int image_count) {
        const int box = angles == 64 ? 48 : 64;
        for (int r = 4; r <= (angles == 64 ? 20 : 28); r++)
            grid.rings.push_back(static_cast<double>(r) / box);
        grid.angles = angles;
        for (double k : grid.rings) weights.push_back(static_cast<float>(k * (1 + 0.3 * std::sin(20 * k))));
        const auto particle = random_particle(15, radius_px - 4, 11);
        bases = half_sphere_directions(directions, 5);
        for (const auto& base : bases) append(slices, polar_slice(particle, grid, base));
        RandomStream noise(3, 0, RandomPurpose::test);
        for (int i = 0; i < image_count; i++) {
            auto view = polar_slice(
                particle, grid,
                pair_rotation(bases[static_cast<std::size_t>(7 * i % directions)], i % 3 == 1, 0.3 * i));
            for (auto& v : view) v += std::complex<double>(noise.normal(), noise.normal()) * 0.3;
            append(images, view);
        }
    }
    DirectionPanel directions(const AngularBasis& basis, ThreadPool& pool) const {
        return pack_directions(grid, basis, weights, slices, pool);
    }
    /// Every image once, unshifted.
    RowPanel rows(const AngularBasis& basis, ThreadPool& pool) const {
        std::vector<std::int64_t> index(image_count());
        for (std::size_t i = 0; i < index.size(); i++) index[i] = static_cast<std::int64_t>(i);
        return pack_rows(grid, basis, weights, images, index, std::vector<Vec2>(index.size()), pool);
    }
    std::size_t samples() const { return grid.rings.size() * static_cast<std::size_t>(grid.half()); }
    std::size_t image_count() const { return images.size() / samples(); }
};

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
        const Case c(angles, 8, 2);
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
