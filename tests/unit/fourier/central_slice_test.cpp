#include "catch.hpp"

#include <algorithm>

#include "fourier/central_slice.hpp"
#include "fourier/central_slice_kernel.hpp"
#include "gaussian_atoms.hpp"

using namespace tumble;
using namespace tumble::test;

namespace {

struct Slices {
    std::vector<Mat3> exact;
    std::vector<Mat3f> rotations;
    std::vector<FrequencyPoint> points;
    std::vector<Complexf> values;
};

Slices slices_of(VolumeView map, const GriddingWindow& window, double padding,
                 std::vector<FrequencyPoint> points, int count, std::uint64_t seed) {
    Slices s;
    RandomStream random(seed, 1, RandomPurpose::test);
    for (int i = 0; i < count; i++) {
        s.exact.push_back(random_rotation(random));
        s.rotations.push_back(to_float(s.exact.back()));
    }
    s.points = std::move(points);
    s.values.resize(s.rotations.size() * s.points.size());
    ThreadPool pool(2);
    sample_slices(padded_transform(map, window, padding, pool), s.rotations, s.points, s.values.data(), pool);
    return s;
}

// Relative root-mean-square difference from `truth(k)` over all samples.
template <class Truth>
double error_of(const Slices& s, const Truth& truth) {
    double wrong = 0, all = 0;
    for (std::size_t r = 0; r < s.exact.size(); r++)
        for (std::size_t p = 0; p < s.points.size(); p++) {
            const std::complex<double> want = truth(in_space(s.exact[r], s.points[p]));
            wrong += std::norm(want - std::complex<double>(s.values[r * s.points.size() + p]));
            all += std::norm(want);
        }
    return std::sqrt(wrong / all);
}

std::complex<double> direct_sum(VolumeView map, Vec3 k) {
    std::complex<double> sum = 0;
    const int n = map.box;
    for (int z = 0; z < n; z++)
        for (int y = 0; y < n; y++) {
            std::complex<double> row = 0;
            const std::complex<double> step = std::polar(1.0, -2 * std::numbers::pi * k.x);
            std::complex<double> wave = std::polar(1.0, 2 * std::numbers::pi * k.x * (n / 2));
            for (int x = 0; x < n; x++, wave *= step) row += static_cast<double>(map.at(x, y, z)) * wave;
            sum += row * std::polar(1.0, -2 * std::numbers::pi * (k.y * (y - n / 2) + k.z * (z - n / 2)));
        }
    return sum;
}

std::vector<FrequencyPoint> scattered_points(int count) {
    RandomStream random(7, 0, RandomPurpose::test);
    std::vector<FrequencyPoint> points{{0, 0},     {0.5f, 0},    {-0.5f, 0},   {0, 0.5f},
                                       {0, -0.5f}, {0.3f, 0.4f}, {0.4f, -0.3f}};
    while (static_cast<int>(points.size()) < count) {
        const double radius = 0.5 * std::sqrt(random.uniform()),
                     angle = 2 * std::numbers::pi * random.uniform();
        points.push_back(
            {static_cast<float>(radius * std::cos(angle)), static_cast<float>(radius * std::sin(angle))});
    }
    return points;
}

}  // namespace

TEST_CASE("Slices agree with the direct sum over the voxels of a map that fills its box") {
    // White noise up to the box's border: the hardest map. Points on the border of the Nyquist disc are among
    // them.
    for (const int box : {24, 25}) {
        Volume map(box, 1);
        RandomStream random(3, static_cast<std::uint32_t>(box), RandomPurpose::test);
        for (int z = 0; z < box; z++)
            for (int y = 0; y < box; y++)
                for (int x = 0; x < box; x++)
                    if (std::hypot(x - box / 2, y - box / 2, z - box / 2) < box / 2)
                        map.at(x, y, z) = static_cast<float>(random.normal());
        const auto truth = [&](Vec3 k) { return direct_sum(map.view(), k); };
        CHECK(error_of(slices_of(map.view(), default_window(), 1.333, scattered_points(60), 6, 5), truth) <
              5e-4);
        CHECK(error_of(slices_of(map.view(), wide_window(), 2, scattered_points(60), 6, 5), truth) < 5e-5);
    }
}

TEST_CASE("Slices agree with the sum over Gaussian atoms") {
    const GaussianAtoms atoms = ball_of_atoms(120, 24, 11);
    const Volume map = atoms.map(64);
    const auto truth = [&](Vec3 k) { return atoms.transform(k); };
    CHECK(error_of(slices_of(map.view(), default_window(), 1.333, half_plane(64, 0.5), 3, 6), truth) < 2e-3);
    CHECK(error_of(slices_of(map.view(), wide_window(), 2, half_plane(64, 0.5), 3, 6), truth) < 2e-4);
}

TEST_CASE("Slices of an odd box are centred on voxel box/2") {
    Volume map(33, 1);
    map.at(16, 16, 16) = 1;
    const Slices s = slices_of(map.view(), default_window(), 1.333, scattered_points(40), 3, 8);
    for (const Complexf v : s.values) {
        CHECK(v.real() == Approx(1).margin(1e-3));
        CHECK(v.imag() == Approx(0).margin(1e-3));
    }
}

TEST_CASE("Points outside the Nyquist disc give zero, points on its border do not") {
    Volume map(16, 1);
    map.at(8, 8, 8) = 1;
    const Slices s =
        slices_of(map.view(), default_window(), 1.5,
                  {{0.5f, 0.5f}, {0.51f, 0}, {0, -0.6f}, {0.5f, 0}, {0.3f, 0.4f}, {-0.4f, 0.3f}}, 4, 9);
    for (std::size_t i = 0; i < s.values.size(); i++)
        CHECK(std::abs(s.values[i]) == Approx(i % 6 < 3 ? 0 : 1).margin(2e-3));
}

TEST_CASE(
    "Slices have the same bits for any number of threads and any batch, and in the element function's "
    "terms") {
    const Volume map = ball_of_atoms(30, 9, 12).map(24);
    ThreadPool one(1), three(3);
    const PaddedTransform transform = padded_transform(map.view(), default_window(), 1.333, three);
    CHECK(transform.values == padded_transform(map.view(), default_window(), 1.333, one).values);
    RandomStream random(4, 0, RandomPurpose::test);
    std::vector<Mat3f> rotations;
    for (int i = 0; i < 7; i++) rotations.push_back(to_float(random_rotation(random)));
    const std::vector<FrequencyPoint> points = half_plane(24, 0.5);
    std::vector<Complexf> all(7 * points.size()), single(points.size());
    sample_slices(transform, rotations, points, all.data(), three);
    const GridLayout layout = grid_layout(transform.padded, transform.window.width);
    const WindowTaps taps = window_taps(transform.window);
    double largest = 0, difference = 0;
    for (std::size_t r = 0; r < 7; r++) {
        sample_slices(transform, std::span(rotations).subspan(r, 1), points, single.data(), one);
        CHECK(std::equal(single.begin(), single.end(),
                         all.begin() + static_cast<std::ptrdiff_t>(r * points.size())));
        for (std::size_t p = 0; p < points.size(); p++) {
            float value[2];
            sample_point(reinterpret_cast<const float*>(transform.values.data()), layout, taps,
                         place_point(rotations[r].m, points[p].x, points[p].y, transform.padded, taps.width),
                         value);
            largest = std::max<double>(largest, std::abs(single[p]));
            difference = std::max<double>(difference, std::abs(single[p] - Complexf(value[0], value[1])));
        }
    }
    CHECK(difference < 1e-6 * largest);
}
