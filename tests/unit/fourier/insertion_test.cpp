#include "catch.hpp"

#include "fourier/central_slice.hpp"
#include "fourier/insertion.hpp"
#include "gaussian_atoms.hpp"

using namespace tumble;
using namespace tumble::test;

namespace {

struct RandomSamples {
    std::vector<Mat3f> rotations;
    std::vector<FrequencyPoint> points;
    std::vector<Complexf> values;
    std::vector<float> point_weights, image_weights;
    SliceSamples view() const { return {rotations, points, values.data(), point_weights, image_weights}; }
};

RandomSamples random_samples(int box, int images) {
    RandomSamples s;
    RandomStream random(21, 0, RandomPurpose::test);
    s.points = half_plane(box, 0.5);
    for (int i = 0; i < images; i++) s.rotations.push_back(to_float(random_rotation(random)));
    s.values.resize(s.points.size() * s.rotations.size());
    for (Complexf& v : s.values)
        v = {static_cast<float>(random.normal()), static_cast<float>(random.normal())};
    s.point_weights.assign(s.points.size(), 1.0f);
    s.image_weights.assign(s.rotations.size(), 1.0f);
    return s;
}

}  // namespace

TEST_CASE("Insertion is the adjoint of slicing") {
    const struct {
        int box;
        GriddingWindow window;
        double padding;
    } cases[] = {
        {24, default_window(), 1.333}, {25, default_window(), 1.5}, {20, wide_window(), 2}, {24, {4, 2}, 2}};
    for (const auto& c : cases) {
        ThreadPool pool(2);
        const RandomSamples s = random_samples(c.box, 5);
        RandomStream random(22, 0, RandomPurpose::test);
        Volume map(c.box, 1);
        for (float& v : map.values) v = static_cast<float>(random.normal());
        std::vector<Complexf> slices(s.values.size());
        sample_slices(padded_transform(map.view(), c.window, c.padding, pool), s.rotations, s.points,
                      slices.data(), pool);
        InsertionGrid grid = insertion_grid(padded_side(c.box, c.padding), 2, c.window);
        insert_samples(grid, s.view(), pool);
        const std::vector<float> adjoint = gridded_to_map(grid, c.box, pool);
        double in_samples = 0, in_map = 0, size = 0;
        for (std::size_t i = 0; i < slices.size(); i++) {
            in_samples +=
                std::real(std::complex<double>(slices[i]) * std::conj(std::complex<double>(s.values[i])));
            size += std::norm(slices[i]);
        }
        for (std::size_t i = 0; i < adjoint.size(); i++)
            in_map += static_cast<double>(map.values[i]) * adjoint[i];
        // Against the norms: both sides are sums of random signs.
        CHECK(std::abs(in_samples - in_map) < 1e-5 * std::sqrt(size * static_cast<double>(slices.size())));
        CHECK(std::abs(in_map) > 0);
    }
}

TEST_CASE("Inserted sums equal the direct sums") {
    const int box = 20;
    ThreadPool pool(1);
    RandomSamples s = random_samples(box, 3);
    s.image_weights = {2.0f, 0.0f, 0.5f};
    for (std::size_t p = 0; p < s.points.size(); p++) s.point_weights[p] = static_cast<float>(p % 3);
    InsertionGrid data = insertion_grid(padded_side(box, 2), 2, wide_window());
    InsertionGrid weights = insertion_grid(padded_side(box, 2), 1, wide_window());
    insert_samples(data, s.view(), pool);
    insert_samples(weights, s.view(), pool);
    const std::vector<float> map = gridded_to_map(data, box, pool),
                             kernel = gridded_to_map(weights, box, pool);
    double wrong = 0, all = 0, wrong_kernel = 0, all_kernel = 0;
    for (const auto& [x, y, z] :
         {std::array{10, 10, 10}, {3, 4, 5}, {0, 19, 7}, {15, 2, 11}, {9, 9, 12}, {10, 11, 9}}) {
        std::complex<double> sum = 0, weight_sum = 0;
        for (std::size_t i = 0; i < s.rotations.size(); i++)
            for (std::size_t p = 0; p < s.points.size(); p++) {
                const float* m = s.rotations[i].m;
                const FrequencyPoint q = s.points[p];
                const Vec3 k{m[0] * q.x + m[3] * q.y, m[1] * q.x + m[4] * q.y, m[2] * q.x + m[5] * q.y};
                const auto wave =
                    std::polar(static_cast<double>(s.image_weights[i] * s.point_weights[p]),
                               2 * std::numbers::pi * (k.x * (x - 10) + k.y * (y - 10) + k.z * (z - 10)));
                sum += std::complex<double>(s.values[i * s.points.size() + p]) * wave;
                weight_sum += wave;
            }
        const auto at = static_cast<std::size_t>((z * box + y) * box + x);
        wrong += std::pow(sum.real() - map[at], 2);
        all += std::pow(sum.real(), 2);
        wrong_kernel += std::pow(weight_sum.real() - kernel[at], 2);
        all_kernel += std::pow(weight_sum.real(), 2);
    }
    CHECK(std::sqrt(wrong / all) < 1e-3);
    CHECK(std::sqrt(wrong_kernel / all_kernel) < 1e-3);
}

TEST_CASE("Insertion has the same bits for any number of threads") {
    const RandomSamples s = random_samples(24, 40);
    std::vector<float> first;
    for (const int threads : {1, 2, 4}) {
        ThreadPool pool(threads);
        InsertionGrid grid = insertion_grid(32, 2, default_window());
        insert_samples(grid, s.view(), pool);
        const std::vector<float> map = gridded_to_map(grid, 24, pool);
        if (first.empty()) first = map;
        CHECK(map == first);
    }
}
