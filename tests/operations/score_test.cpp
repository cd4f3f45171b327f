// score_pairs and score_curves: against the plain double sum, and against themselves in other company.
#include <algorithm>
#include <limits>

#include "catch.hpp"
#include "every_table.hpp"
#include "oracle/polar_correlation.hpp"
#include "orientation_scene.hpp"
#include "tumble/error.hpp"

using namespace tumble;
using namespace tumble::testing;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

struct Rows {
    std::vector<std::int64_t> images;
    std::vector<Vec2> shifts;
    std::size_t size() const { return images.size(); }
};

/// Row r is image 5 r at a shift of its own.
Rows scattered_rows(std::size_t count, std::int64_t images) {
    Rows out;
    for (std::size_t r = 0; r < count; r++) {
        const auto n = static_cast<double>(r);
        out.images.push_back(5 * static_cast<std::int64_t>(r) % images);
        out.shifts.push_back({std::sin(n), std::cos(3 * n)});
    }
    return out;
}

/// The score of (image, direction, hemisphere) by definition, from samples that the table gives.
class Oracle {
  public:
    Oracle(const OrientationScene& s, const OrientationScores& on)
        : scene_(&s), samples_(s.grid.points().size()) {
        const auto points = s.grid.points();
        slices_.resize(s.directions.size() * samples_);
        on.backend.sample_slices(on.transform, s.directions, points, slices_.data());
        images_ = polar_samples(s.images, s.grid, on.backend.pool());
    }
    std::vector<double> curve(std::size_t image, std::size_t view) const {
        return oracle::pair_curve(scene_->grid, scene_->weights,
                                  {images_.data() + image * samples_, samples_},
                                  {slices_.data() + view / 2 * samples_, samples_}, view % 2 == 1);
    }
    /// Q of a view's direction.
    double power(std::size_t view) const {
        const std::vector<Complexf> nothing(samples_);
        return -oracle::pair_curve(scene_->grid, scene_->weights, nothing,
                                   {slices_.data() + view / 2 * samples_, samples_}, false)[0];
    }

  private:
    const OrientationScene* scene_;
    std::size_t samples_;
    std::vector<Complexf> slices_, images_;
};

std::vector<float> curve_of(const std::vector<float>& curves, std::size_t i, std::size_t angles) {
    const auto begin = curves.begin() + static_cast<std::ptrdiff_t>(i * angles);
    return {begin, begin + static_cast<std::ptrdiff_t>(angles)};
}

}  // namespace

TEST_CASE("scores and curves agree with the plain double sum for every number of angles",
          "[operations][score]") {
    for (const int angles : {64, 128, 256, 512}) {
        const OrientationScene s(angles, 7, 11, 3, 0);
        for (const auto& [name, table] : every_table()) {
            INFO(name << ", " << angles << " angles, " << s.basis.orders() << " orders");
            const OrientationScores on(s, *table);
            const auto rows =
                on.backend.rows(on.search, std::vector<std::int64_t>{0, 1, 2}, std::vector<Vec2>(3));
            const auto maxima = on.maxima(rows, 3, s.views());
            const Oracle oracle(s, on);
            double largest = 0, errors = 0, squares = 0, curve_error = 0;
            for (std::size_t image = 0; image < 3; image++)
                for (std::size_t view = image; view < s.views(); view += 4) {
                    const auto expected = oracle.curve(image, view);
                    const double best = *std::max_element(expected.begin(), expected.end()),
                                 q = oracle.power(view);
                    // The score is a difference, 2 s - Q: its rounding is measured against the two terms.
                    const double scale = std::abs(best + q) + q,
                                 error = static_cast<double>(maxima[image * s.views() + view]) - best;
                    largest = std::max(largest, std::abs(error) / scale);
                    errors += error * error, squares += scale * scale;
                    const SearchPair pair{static_cast<std::int64_t>(image),
                                          static_cast<std::int64_t>(view / 2), view % 2 == 1, 0};
                    const auto curve = on.backend.score_curves(on.search, rows, std::vector{pair});
                    for (std::size_t j = 0; j < curve.size(); j++)
                        curve_error = std::max(curve_error,
                                               std::abs(static_cast<double>(curve[j]) - expected[j]) / scale);
                }
            // Sums of float32 in which the largest terms are as large as the score.
            CHECK(largest < 1e-6);
            CHECK(curve_error < 1e-6);
            CHECK(std::sqrt(errors / squares) < 5e-7);
            CHECK((largest > 0 && curve_error > 0));
        }
    }
}

TEST_CASE("scores of shifted rows in a low-rank basis are the CPU's to float rounding",
          "[operations][score]") {
    const OrientationScene s(128, 9, 40, 4, 1e-4);
    const Rows r = scattered_rows(21, 4);
    const OrientationScores cpu(s, backend::cpu_operations());
    const auto expected = cpu.maxima(cpu.backend.rows(cpu.search, r.images, r.shifts), r.size(), s.views());
    float largest = 0;
    for (const float v : expected) largest = std::max(largest, std::abs(v));
    for (const auto& [name, table] : every_table()) {
        INFO(name);
        const OrientationScores on(s, *table);
        const auto maxima = on.maxima(on.backend.rows(on.search, r.images, r.shifts), r.size(), s.views());
        float difference = 0;
        for (std::size_t i = 0; i < maxima.size(); i++)
            difference = std::max(difference, std::abs(maxima[i] - expected[i]));
        CHECK(difference < 2e-6f * largest);
    }
}

TEST_CASE("thresholds leave the bits of what exceeds them, and make the rest -infinity",
          "[operations][score]") {
    const OrientationScene s(64, 8, 75, 4, 1e-3);
    const Rows r = scattered_rows(35, 4);
    for (const auto& [name, table] : every_table()) {
        const OrientationScores on(s, *table);
        const auto rows = on.backend.rows(on.search, r.images, r.shifts);
        const auto all = on.maxima(rows, r.size(), s.views());
        for (const double share : {0.3, 0.8, 1.0, 1e9}) {
            std::vector<float> threshold;
            for (std::size_t i = 0; i < r.size(); i++) {
                const auto row = all.begin() + static_cast<std::ptrdiff_t>(s.views() * i);
                const float best = *std::max_element(row, row + static_cast<std::ptrdiff_t>(s.views()));
                // The first group has no hope at all; one row of the second has no threshold.
                threshold.push_back(share > 1 && i < 16 ? infinity
                                    : i == 20           ? -infinity
                                              : best - 100.0f * static_cast<float>(1 - std::min(share, 1.0)));
            }
            const auto cut = on.maxima(rows, r.size(), s.views(), threshold);
            std::size_t wrong = 0, kept = 0;
            for (std::size_t i = 0; i < all.size(); i++) {
                const bool above = all[i] > threshold[i / s.views()];
                kept += above;
                wrong += cut[i] != (above ? all[i] : -infinity);
            }
            INFO(name << ", share " << share << ", kept " << kept);
            CHECK(wrong == 0);
            CHECK(kept >= s.views());
            CHECK(kept < all.size());
        }
    }
}

TEST_CASE("thresholds just below the score spare pairs that reach the bound itself", "[operations][score]") {
    // With order 0 alone a score is its bound, and with order 1 beside it nearly.
    for (const std::size_t orders : {1u, 2u}) {
        OrientationScene s(64, 8, 75, 4, 1e-3);
        s.basis.rank.resize(orders);
        s.basis.vectors.resize(orders);
        const Rows r = scattered_rows(18, 4);
        for (const auto& [name, table] : every_table()) {
            INFO(name << ", " << orders << " orders");
            const OrientationScores on(s, *table);
            const auto rows = on.backend.rows(on.search, r.images, r.shifts);
            const auto all = on.maxima(rows, r.size(), s.views());
            std::vector<float> threshold;
            for (std::size_t i = 0; i < r.size(); i++)
                threshold.push_back(std::nextafter(all[i * s.views() + 3 * i], -infinity));
            const auto cut = on.maxima(rows, r.size(), s.views(), threshold);
            std::size_t wrong = 0;
            for (std::size_t i = 0; i < all.size(); i++)
                wrong += cut[i] != (all[i] > threshold[i / s.views()] ? all[i] : -infinity);
            CHECK(wrong == 0);
        }
    }
}

TEST_CASE("a pair's score and curve have the same bits in any place of the panels", "[operations][score]") {
    const OrientationScene s(64, 8, 91, 4, 1e-4);
    const Rows r = scattered_rows(37, 4);
    for (const auto& [name, table] : every_table()) {
        INFO(name);
        const OrientationScores on(s, *table);
        const auto rows = on.backend.rows(on.search, r.images, r.shifts);
        const auto expected = on.maxima(rows, r.size(), s.views());
        std::size_t wrong = 0;
        // Rows 20, 36, 5 as a panel of their own, and the directions from the fourth on.
        const std::vector<std::size_t> few{20, 36, 5};
        Rows picked;
        for (const std::size_t row : few)
            picked.images.push_back(r.images[row]), picked.shifts.push_back(r.shifts[row]);
        const OrientationScores moved(s, *table, std::span(s.directions).subspan(3));
        const auto part =
            moved.maxima(moved.backend.rows(moved.search, picked.images, picked.shifts), 3, s.views() - 6);
        for (std::size_t i = 0; i < 3; i++)
            for (std::size_t v = 0; v < s.views() - 6; v++)
                wrong += part[i * (s.views() - 6) + v] != expected[few[i] * s.views() + v + 6];
        CHECK(wrong == 0);
        // Curves of more pairs than a block takes, some of them twice: each peaks at the pair's maximum.
        std::vector<SearchPair> pairs;
        for (std::size_t i = 0; i < 45; i++) {
            const std::size_t view = 17 * (i % 41) % s.views();
            pairs.push_back(
                {static_cast<std::int64_t>(i % 37), static_cast<std::int64_t>(view / 2), view % 2 == 1, 0});
        }
        const auto curves = on.backend.score_curves(on.search, rows, pairs);
        for (std::size_t i = 0; i < pairs.size(); i++) {
            const auto curve = curve_of(curves, i, 64);
            const auto view = static_cast<std::size_t>(2 * pairs[i].direction + pairs[i].mirror);
            wrong += *std::max_element(curve.begin(), curve.end()) !=
                     expected[static_cast<std::size_t>(pairs[i].row) * s.views() + view];
            wrong += curve != on.backend.score_curves(on.search, rows, std::vector{pairs[i]});
        }
        CHECK(wrong == 0);
    }
}

TEST_CASE("no rows, no pairs, one direction, pairs out of range are refused", "[operations][score]") {
    const OrientationScene s(64, 5, 1, 2, 1e-3);
    for (const auto& [name, table] : every_table()) {
        INFO(name);
        const OrientationScores on(s, *table);
        const auto none = on.backend.rows(on.search, {}, {}),
                   one = on.backend.rows(on.search, std::vector<std::int64_t>{1}, std::vector<Vec2>(1));
        CHECK(on.maxima(none, 0, 2).empty());
        CHECK(on.backend.score_curves(on.search, one, {}).empty());
        const auto maxima = on.maxima(one, 1, 2);
        CHECK(std::isfinite(maxima[0]));
        CHECK(maxima[0] != maxima[1]);
        for (const SearchPair& pair : {SearchPair{1, 0, false, 0}, SearchPair{0, 1, false, 0},
                                       SearchPair{-1, 0, false, 0}, SearchPair{0, -1, true, 0}})
            CHECK_THROWS_AS(on.backend.score_curves(on.search, one, std::vector{pair}), Error);
    }
}
