// The host functions of insertion on the emulated device, linked in rather than loaded: the table does not show normal equations,
// these do.
#include "kernels/insertion.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "catch.hpp"
#include "controls.hpp"
#include "core/random.hpp"
#include "fourier/central_slice.hpp"  // padded_side
#include "pose/image_equations.hpp"
#include "tumble/error.hpp"

using namespace tumble;

namespace {

/// Images of noise at random poses: insertion is linear, so what they show does not matter.
struct Case {
    PreparedImages images;
    std::vector<WeightedPose> poses;

    Case(int box, std::int64_t count) {
        RandomStream random(9, 0, RandomPurpose::test);
        images.images = count;
        images.box = box;
        images.pixel_size_A = 0.5;
        for (int y = 0; y <= box / 2; y++)  // the rim too, and points beyond the disc
            for (int x = -box / 2; x <= box / 2; x++)
                images.points.push_back({static_cast<float>(x) / static_cast<float>(box), static_cast<float>(y) / static_cast<float>(box)});
        for (std::size_t p = 0; p < images.points.size(); p++) images.weight.push_back(p % 7 == 3 ? 0.0f : 0.5f + static_cast<float>(random.uniform()));
        for (std::size_t i = 0; i < static_cast<std::size_t>(count) * images.points.size(); i++)
            images.values.push_back({static_cast<float>(random.normal()), static_cast<float>(random.normal())});
        for (std::int64_t i = 0; i < count; i++) {
            const EulerAngles angles{360 * random.uniform(), 180 * random.uniform(), 360 * random.uniform()};
            poses.push_back({i, {rotation_from_euler(angles), {random.normal(), random.normal()}}, 0.4f + static_cast<float>(random.uniform())});
        }
    }
    Band band() const { return {3, images.points.size() - 2}; }
};

struct Equations {
    std::vector<float> right_side, kernel;
};
Equations on_device(const Case& c, std::span<const WeightedPose> poses, const GriddingWindow& window, double padding_factor) {
    cuda::Device device(0);
    cuda::DeviceImages images;
    images.images = c.images.images;
    images.points = static_cast<std::int64_t>(c.images.points.size());
    images.box = c.images.box;
    images.pixel_size_A = c.images.pixel_size_A;
    std::vector<float2> points, values;
    for (const auto& p : c.images.points) points.push_back({p.x, p.y});
    for (const auto& v : c.images.values) values.push_back({v.real(), v.imag()});
    images.frequencies = cuda::to_device<float2>(device, points, "points");
    images.values = cuda::to_device<float2>(device, values, "values");
    images.weights = cuda::to_device<float>(device, c.images.weight, "weights");
    std::vector<backend::PoseWeight> weighted;
    for (const WeightedPose& p : poses) {
        backend::PoseWeight w{};
        w.image = p.image;
        for (int r = 0; r < 3; r++)
            for (int k = 0; k < 3; k++) w.rotation[3 * r + k] = p.pose.rotation(r, k);
        w.shift_A[0] = p.pose.shift_A.x;
        w.shift_A[1] = p.pose.shift_A.y;
        w.weight = p.weight;
        weighted.push_back(w);
    }
    const auto equations = cuda::accumulate(device, images, weighted, static_cast<std::int64_t>(c.band().first),
                                            static_cast<std::int64_t>(c.band().last), window, padding_factor);
    Equations out{std::vector<float>(equations.right_side.size()), std::vector<float>(equations.kernel.size())};
    cuda::copy_to_host(device, equations.right_side.data(), out.right_side.size(), out.right_side.data());
    cuda::copy_to_host(device, equations.kernel.data(), out.kernel.size(), out.kernel.data());
    device.synchronize("test");
    return out;
}

/// Greatest difference over the greatest value, both before the window's inverse profile: there the rounding of the transforms is
/// the same everywhere, which the profile magnifies at the corners, several hundred times for the widest window.
double difference(const std::vector<float>& a, const std::vector<float>& b, const GriddingWindow& window, int box, double padding_factor) {
    const auto n = static_cast<std::size_t>(box);
    REQUIRE(a.size() == n * n * n);
    REQUIRE(b.size() == a.size());
    const std::vector<float> profile = inverse_window_profile(window, box, padded_side(box, padding_factor));
    double most = 0, greatest = 0;
    for (std::size_t i = 0; i < a.size(); i++) {
        const double factor = static_cast<double>(profile[i % n]) * profile[i / n % n] * profile[i / n / n];
        most = std::max(most, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])) / factor);
        greatest = std::max(greatest, std::abs(static_cast<double>(b[i])) / factor);
    }
    return most / greatest;
}

}  // namespace

TEST_CASE("normal equations of the device are those of the processor, voxel by voxel", "[insertion][small]") {
    ThreadPool pool(1);
    for (const int box : {8, 18}) {
        const Case c(box, 7);
        for (const int width : box == 8 ? std::vector<int>{2, 3, 4, 5, 6, 7, 8} : std::vector<int>{2, 5, 8}) {
            INFO("box " << box << ", width " << width);
            const GriddingWindow window{width, 1.5};
            const NormalEquations expected = accumulate_images(c.images, c.poses, c.band(), window, 1.5, pool);
            const Equations found = on_device(c, c.poses, window, 1.5);
            // Phases, window weights and transforms are right to some 3e-7 of the values' root mean square each; the greatest of
            // 18^3 errors is four times their deviation, the greatest value as much above its own.
            CHECK(difference(found.right_side, expected.right_side, window, box, 1.5) < 2e-6);
            CHECK(difference(found.kernel, expected.kernel, window, 2 * box, 1.5) < 2e-6);
        }
    }
}

TEST_CASE("bits of normal equations do not depend on the order of images, threads and blocks", "[insertion][small]") {
    const Case c(18, 7);
    const auto* controls = tumble_emulation_controls();
    const Equations once = on_device(c, c.poses, default_window(), 1.333);
    const std::vector<WeightedPose> reversed(c.poses.rbegin(), c.poses.rend());
    CHECK(on_device(c, reversed, default_window(), 1.333).right_side == once.right_side);
    for (const auto order : {emulation::Order::reversed, emulation::Order::seeded}) {
        controls->set_order(order, 3);
        const Equations again = on_device(c, c.poses, default_window(), 1.333);
        CHECK(again.right_side == once.right_side);
        CHECK(again.kernel == once.kernel);
    }
    controls->reset();
}

TEST_CASE("the scale of fixed point leaves room for the bound and a fold, and resolves more than float32", "[insertion][small]") {
    for (double bound = 1e-12; bound < 1e15; bound *= 1.37) {
        const double scale = static_cast<double>(cuda::fixed_point_scale(bound));
        int exponent = 0;
        CHECK(std::frexp(scale, &exponent) == 0.5);
        // A cell stays below 2^60. A fold adds at most 12 cells, of which a sample is in no more than two.
        CHECK(scale * bound <= std::ldexp(1.0, 60));
        CHECK(scale * bound > std::ldexp(1.0, 59) * (1 - 1e-12));
    }
    CHECK(cuda::fixed_point_scale(0) == 1.0f);
    CHECK_THROWS(cuda::fixed_point_scale(std::numeric_limits<double>::infinity()));
}

TEST_CASE("insertion on the device refuses what the processor refuses, and looks at nothing that has no weight", "[insertion][small]") {
    ThreadPool pool(1);
    const Case small(6, 2);
    CHECK_THROWS_AS(accumulate_images(small.images, small.poses, small.band(), default_window(), 1.333, pool), Error);
    CHECK_THROWS_AS(on_device(small, small.poses, default_window(), 1.333), Error);
    const Case c(8, 2);
    CHECK_THROWS_AS(on_device(c, {}, GriddingWindow{9, 1.5}, 1.5), Error);

    Case holes(8, 2);
    const Equations expected = on_device(c, c.poses, default_window(), 1.333);
    for (std::size_t i = 0; i < holes.images.values.size(); i++)
        if (holes.images.weight[i % holes.images.points.size()] == 0) holes.images.values[i] = {std::nanf(""), 0};
    CHECK(on_device(holes, holes.poses, default_window(), 1.333).right_side == expected.right_side);
}
