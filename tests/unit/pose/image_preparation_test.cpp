#include "pose/image_preparation.hpp"

#include <limits>
#include <numbers>

#include "catch.hpp"
#include "tumble/error.hpp"
#include "unit/pose/simulated_particle.hpp"

using namespace tumble;

namespace {
PreparedImages prepared(const ImageStack& stack, int threads = 1) {
    ThreadPool pool(threads);
    NoProgress quiet;
    return prepare_images(stack.view(), {stack.pixel_size_A, 0, 1}, pool, quiet);
}
}  // namespace

TEST_CASE("samples are the transform of the masked image about pixel N/2, in double precision by direct sum") {
    const auto particle = test::fcc_ball(5, 0.05, 1);
    const auto simulated = test::simulated_stack(particle, 2, 64, 0.4, 0.2, 0.3, 11);
    const auto images = prepared(simulated.stack);
    REQUIRE(images.box % 2 == 0);
    double worst = 0, largest = 0;
    for (std::size_t p = 0; p < images.points.size(); p += 37) {
        double re = 0, im = 0;
        for (int y = 0; y < images.box; y++)
            for (int x = 0; x < images.box; x++) {
                const double phase = -2 * std::numbers::pi * (static_cast<double>(images.points[p].x) * (x - images.box / 2) +
                                                              static_cast<double>(images.points[p].y) * (y - images.box / 2));
                const double v = images.real_space[static_cast<std::size_t>((images.box + y) * images.box + x)];
                re += v * std::cos(phase), im += v * std::sin(phase);
            }
        const Complexf got = images.image(1)[p];
        worst = std::max(worst, std::hypot(got.real() - re, got.imag() - im));
        largest = std::max(largest, std::hypot(re, im));
    }
    CHECK(worst < 1e-5 * largest);
}

TEST_CASE("points are half of the plane, sorted outward: with their opposites they are every frequency once") {
    const auto images = prepared(test::simulated_stack(test::fcc_ball(5, 0, 1), 2, 64, 0.4, 0.2, 0, 3).stack);
    double last = 0;
    for (const auto& p : images.points) {
        const double k2 = static_cast<double>(p.x) * p.x + static_cast<double>(p.y) * p.y;
        CHECK(k2 >= last - 1e-7);
        last = std::max(last, k2);
        CHECK((p.y > 0 || (p.y == 0 && p.x > 0)));
        CHECK(k2 < 0.25);
    }
    const double expected = std::numbers::pi * 0.25 * images.box * images.box / 2;
    CHECK(static_cast<double>(images.points.size()) == Approx(expected).epsilon(0.02));
}

TEST_CASE("white noise is measured: its power and the log-likelihood of nothing") {
    test::SimulatedParticle particle = test::fcc_ball(6, 0.05, 1);
    const auto simulated = test::simulated_stack(particle, 60, 80, 0.4, 0.5, 0.2, 5);
    const auto images = prepared(simulated.stack);
    for (std::size_t s = 4; s < images.noise_power.size() - 2; s++) CHECK(images.noise_power[s] == Approx(0.25).epsilon(0.12));
    // The projection of a ball has the square of its thickness for a profile: a quarter of the height at 0.87 of the radius,
    // a little farther out for the atoms' width.
    CHECK(images.particle_radius_A == Approx(0.87 * 6 + 0.3).margin(0.5));
}

TEST_CASE("the same bits for one, two and three threads") {
    const auto simulated = test::simulated_stack(test::fcc_ball(5, 0.05, 1), 7, 64, 0.4, 0.4, 0.3, 17);
    const auto one = prepared(simulated.stack, 1);
    for (const int threads : {2, 3}) {
        const auto other = prepared(simulated.stack, threads);
        CHECK(one.values == other.values);
        CHECK(one.weight == other.weight);
        CHECK(one.noise_power == other.noise_power);
        CHECK(one.particle_radius_A == other.particle_radius_A);
    }
}

TEST_CASE("counts of a bright field become contrast, whatever the dose of each image") {
    const auto simulated = test::simulated_stack(test::fcc_ball(5, 0.05, 1), 6, 64, 0.4, 0.3, 0.2, 8);
    ImageStack counts = simulated.stack;
    const std::size_t pixels = 64 * 64;
    for (std::size_t i = 0; i < counts.values.size(); i++)
        counts.values[i] = static_cast<float>(50 * (1 + 0.2 * static_cast<double>(i / pixels))) * std::max(0.0f, 1 + 0.05f * counts.values[i]);
    const auto from_counts = prepared(counts);
    for (std::int64_t i = 1; i < 6; i++) {
        double first = 0, here = 0;
        for (std::size_t p = 0; p < from_counts.points.size(); p++) first += std::norm(from_counts.image(0)[p]), here += std::norm(from_counts.image(i)[p]);
        CHECK(here / first == Approx(1).margin(0.35));
    }
}

TEST_CASE("constant images, values that are no numbers and tiny boxes are refused in one sentence") {
    for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        ImageStack broken{2, 32, 32, 1, {}};
        for (int i = 0; i < 2 * 32 * 32; i++) broken.values.push_back(static_cast<float>(i % 7));
        broken.values[32 * 32 + 40] = value;
        CHECK_THROWS_WITH(prepared(broken), ContainsSubstring("image 2 holds values that are no finite numbers"));
    }
    ImageStack flat{2, 32, 32, 1, std::vector<float>(2 * 32 * 32, 3.0f)};
    CHECK_THROWS_AS(prepared(flat), Error);
    ImageStack tiny{2, 8, 8, 1, std::vector<float>(2 * 64, 3.0f)};
    CHECK_THROWS_AS(prepared(tiny), Error);
}
