// transform_create and sample_slices: against direct sums in double precision, and against the CPU's functions.
#include <algorithm>

#include "catch.hpp"
#include "every_table.hpp"
#include "fourier/central_slice.hpp"
#include "tumble/error.hpp"
#include "unit/fourier/gaussian_atoms.hpp"

using namespace tumble;
using namespace tumble::test;
using tumble::testing::every_table;

namespace {

Volume noise_in_a_ball(int box) {
    Volume map(box, 1);
    RandomStream random(3, static_cast<std::uint32_t>(box), RandomPurpose::test);
    for (int z = 0; z < box; z++)
        for (int y = 0; y < box; y++)
            for (int x = 0; x < box; x++)
                if (std::hypot(x - box / 2, y - box / 2, z - box / 2) < box / 2) map.at(x, y, z) = static_cast<float>(random.normal());
    return map;
}

std::complex<double> direct_sum(VolumeView map, Vec3 k) {
    std::complex<double> sum = 0;
    const int n = map.box;
    for (int z = 0; z < n; z++)
        for (int y = 0; y < n; y++) {
            std::complex<double> row = 0;
            for (int x = 0; x < n; x++)
                row += static_cast<double>(map.at(x, y, z)) * std::polar(1.0, -2 * std::numbers::pi * k.x * (x - n / 2));
            sum += row * std::polar(1.0, -2 * std::numbers::pi * (k.y * (y - n / 2) + k.z * (z - n / 2)));
        }
    return sum;
}

/// Points of the Nyquist disc with its border, in both halves of the plane.
std::vector<FrequencyPoint> scattered_points(int count) {
    RandomStream random(7, 0, RandomPurpose::test);
    std::vector<FrequencyPoint> points{{0, 0}, {0.5f, 0}, {-0.5f, 0}, {0, 0.5f}, {0, -0.5f}, {0.3f, 0.4f}, {0.4f, -0.3f}};
    while (static_cast<int>(points.size()) < count) {
        const double radius = 0.5 * std::sqrt(random.uniform()), angle = 2 * std::numbers::pi * random.uniform();
        points.push_back({static_cast<float>(radius * std::cos(angle)), static_cast<float>(radius * std::sin(angle))});
    }
    return points;
}

struct Rotations {
    std::vector<Mat3> exact;
    std::vector<Mat3f> rounded;
    Rotations(int count, std::uint64_t seed) {
        RandomStream random(seed, 1, RandomPurpose::test);
        for (int i = 0; i < count; i++) {
            exact.push_back(random_rotation(random));
            rounded.push_back(to_float(exact.back()));
        }
    }
};

std::vector<Complexf> slices_of(const Backend& backend, const ResidentTransform& transform, std::span<const Mat3f> rotations,
                                std::span<const FrequencyPoint> points) {
    std::vector<Complexf> out(rotations.size() * points.size());
    backend.sample_slices(transform, rotations, points, out.data());
    return out;
}

/// Root-mean-square difference from truth(k) over that of the truth.
template <class Truth>
double error_of(const Backend& backend, VolumeView map, const GriddingWindow& window, double padding, const Rotations& rotations,
                std::span<const FrequencyPoint> points, const Truth& truth) {
    const auto values = slices_of(backend, backend.transform(map, window, padding), rotations.rounded, points);
    double wrong = 0, all = 0;
    for (std::size_t r = 0; r < rotations.exact.size(); r++)
        for (std::size_t p = 0; p < points.size(); p++) {
            const std::complex<double> want = truth(in_space(rotations.exact[r], points[p]));
            wrong += std::norm(want - std::complex<double>(values[r * points.size() + p]));
            all += std::norm(want);
        }
    return std::sqrt(wrong / all);
}

/// What the table says to a map or window that it refuses.
template <class Body>
std::string refusal(const Body& body) {
    try {
        body();
    } catch (const Error& e) {
        CHECK(e.kind() == ErrorKind::input);
        return e.what();
    }
    return "not refused";
}

}  // namespace

TEST_CASE("slices of a map that fills its box agree with the direct sum over its voxels") {
    // The bounds are the windows' own (fourier/gridding_window.hpp, tests/unit/fourier): the transform's rounding is 1e-6.
    const Rotations rotations(4, 5);
    const auto points = scattered_points(41);
    for (const auto& [name, table] : every_table())
        for (const int box : {16, 17}) {
            INFO(name << ", box " << box);
            const Backend backend(*table, 0, 1);
            const Volume map = noise_in_a_ball(box);
            const auto truth = [&](Vec3 k) { return direct_sum(map.view(), k); };
            CHECK(error_of(backend, map.view(), default_window(), 1.333, rotations, points, truth) < 5e-4);
            CHECK(error_of(backend, map.view(), wide_window(), 2, rotations, points, truth) < 5e-5);
        }
}

TEST_CASE("slices of Gaussian atoms agree with the sum over the atoms") {
    const GaussianAtoms atoms = ball_of_atoms(40, 10, 11);
    const Volume map = atoms.map(32);
    const Rotations rotations(2, 6);
    const auto points = half_plane(32, 0.5);
    const auto truth = [&](Vec3 k) { return atoms.transform(k); };
    for (const auto& [name, table] : every_table()) {
        INFO(name);
        const Backend backend(*table, 0, 1);
        CHECK(error_of(backend, map.view(), default_window(), 1.333, rotations, points, truth) < 2e-3);
        CHECK(error_of(backend, map.view(), wide_window(), 2, rotations, points, truth) < 2e-4);
    }
}

TEST_CASE("slices agree with the CPU's to float rounding for every width of the window") {
    // Both sides round each of about 3 log2(24) stages of the transform, eight terms of a weight and width^3 products to
    // 6e-8 of values up to the largest: their difference grows as the square root of these steps, 1e-6 of the largest.
    const Volume map = ball_of_atoms(30, 7, 12).map(18);
    const Rotations rotations(3, 4);
    const auto points = scattered_points(300);
    ThreadPool pool(1);
    for (const auto& [name, table] : every_table())
        for (int width = 2; width <= 8; width++) {
            INFO(name << ", width " << width);
            const Backend backend(*table, 0, 1);
            const GriddingWindow window{width, 1.333};
            const auto values = slices_of(backend, backend.transform(map.view(), window, 1.333), rotations.rounded, points);
            std::vector<Complexf> expected(values.size());
            sample_slices(padded_transform(map.view(), window, 1.333, pool), rotations.rounded, points, expected.data(), pool);
            double largest = 0, difference = 0;
            for (std::size_t i = 0; i < values.size(); i++) {
                largest = std::max<double>(largest, std::abs(expected[i]));
                difference = std::max<double>(difference, std::abs(values[i] - expected[i]));
            }
            CHECK(difference < 1e-6 * largest);
        }
}

TEST_CASE("slices have the same bits in any batch, and none is written where none is asked for") {
    const Volume map = ball_of_atoms(30, 7, 12).map(16);
    const Rotations rotations(5, 3);
    const auto points = scattered_points(333);  // more than a block, and a part of one
    for (const auto& [name, table] : every_table()) {
        INFO(name);
        const Backend backend(*table, 0, 1);
        const auto transform = backend.transform(map.view(), default_window(), 1.5);
        const auto all = slices_of(backend, transform, rotations.rounded, points);
        CHECK(slices_of(backend, backend.transform(map.view(), default_window(), 1.5), rotations.rounded, points) == all);
        std::size_t wrong = 0;
        for (std::size_t r = 0; r < 5; r++) {
            const auto one = slices_of(backend, transform, std::span(rotations.rounded).subspan(r, 1), points);
            wrong += !std::equal(one.begin(), one.end(), all.begin() + static_cast<std::ptrdiff_t>(r * points.size()));
            for (const std::size_t p : {0, 1, 257, 332}) {
                const auto alone = slices_of(backend, transform, std::span(rotations.rounded).subspan(r, 1), std::span(points).subspan(p, 1));
                wrong += alone[0] != all[r * points.size() + p];
            }
        }
        CHECK(wrong == 0);
        Complexf untouched(1, 2);
        backend.sample_slices(transform, {}, points, &untouched);
        backend.sample_slices(transform, rotations.rounded, {}, &untouched);
        CHECK(untouched == Complexf(1, 2));
    }
}

TEST_CASE("points outside the Nyquist disc give zero, points on its border do not, and the origin is voxel box/2") {
    const std::vector<FrequencyPoint> points{{0.5f, 0.5f}, {0.51f, 0}, {0, -0.6f}, {0.5f, 0}, {0.3f, 0.4f}, {-0.4f, 0.3f}};
    const Rotations rotations(4, 9);
    for (const auto& [name, table] : every_table())
        for (const int box : {8, 9, 16}) {
            INFO(name << ", box " << box);
            const Backend backend(*table, 0, 1);
            Volume map(box, 1);
            map.at(box / 2, box / 2, box / 2) = 1;
            const auto values = slices_of(backend, backend.transform(map.view(), default_window(), 1.5), rotations.rounded, points);
            for (std::size_t i = 0; i < values.size(); i++) {
                if (i % 6 < 3) CHECK(values[i] == Complexf(0, 0));
                if (i % 6 >= 3) CHECK(std::abs(values[i] - Complexf(1, 0)) < 2e-3);
            }
        }
}

TEST_CASE("maps, windows and paddings that cannot be sliced are refused in the CPU's words") {
    const Volume small(7, 1), map(8, 1);
    ThreadPool pool(1);
    for (const auto& [name, table] : every_table()) {
        INFO(name);
        const Backend backend(*table, 0, 1);
        const auto same_words = [&](const Volume& volume, const GriddingWindow& window, double padding) {
            const std::string words = refusal([&] { padded_transform(volume.view(), window, padding, pool); });
            CHECK(words != "not refused");
            CHECK(refusal([&] { backend.transform(volume.view(), window, padding); }) == words);
        };
        same_words(small, default_window(), 1.5);
        same_words(map, default_window(), 1.19);
        same_words(map, default_window(), 8.01);
        same_words(map, {1, 1.333}, 1.5);
        same_words(map, {9, 1.333}, 1.5);
        CHECK_NOTHROW(backend.transform(map.view(), default_window(), 1.2));
    }
}
