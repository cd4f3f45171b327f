// The host functions of insertion on the emulated device, linked in rather than loaded: the table does not show normal equations,
// these do.
#include "kernels/insertion.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <vector>

#include "catch.hpp"
#include "controls.hpp"
#include "core/random.hpp"
#include "fourier/central_slice.hpp"  // padded_side
#include "kernels/brick_sort.hpp"
#include "kernels/central_slice.hpp"
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
std::vector<float2> pairs(const Complexf* values, std::size_t count) {
    std::vector<float2> out;
    for (std::size_t i = 0; i < count; i++) out.push_back({values[i].real(), values[i].imag()});
    return out;
}
std::vector<float2> point_pairs(const Case& c) {
    std::vector<float2> out;
    for (const auto& p : c.images.points) out.push_back({p.x, p.y});
    return out;
}
cuda::DeviceImages resident(cuda::Device& device, const Case& c) {
    cuda::DeviceImages images;
    images.images = c.images.images;
    images.points = static_cast<std::int64_t>(c.images.points.size());
    images.box = c.images.box;
    images.pixel_size_A = c.images.pixel_size_A;
    images.frequencies = cuda::to_device<float2>(device, point_pairs(c), "points");
    images.values = cuda::to_device<float2>(device, pairs(c.images.values.data(), c.images.values.size()), "values");
    images.weights = cuda::to_device<float>(device, c.images.weight, "weights");
    return images;
}
template <class T>
std::vector<T> on_host(cuda::Device& device, const T* from, std::size_t count) {
    std::vector<T> out(count);
    cuda::copy_to_host(device, from, count, out.data());
    device.synchronize("test");
    return out;
}
Equations on_device(const Case& c, std::span<const WeightedPose> poses, const GriddingWindow& window, double padding_factor,
                    const cuda::InsertionForm& form = {}) {
    cuda::Device device(0);
    const cuda::DeviceImages images = resident(device, c);
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
                                            static_cast<std::int64_t>(c.band().last), window, padding_factor, form);
    return {on_host(device, equations.right_side.data(), equations.right_side.size()),
            on_host(device, equations.kernel.data(), equations.kernel.size())};
}

/// The weight of a point at a pose, and its value moved to the particle's centre, in double; 0 where it is not inserted.
double weight_at(const Case& c, const WeightedPose& pose, std::size_t p) {
    const auto point = c.images.points[p];
    return p >= c.band().first && p < c.band().last && inside_nyquist(point.x, point.y)
               ? static_cast<double>(pose.weight) * static_cast<double>(c.images.weight[p])
               : 0.0;
}
std::complex<double> phase_at(const Case& c, const WeightedPose& pose, std::size_t p) {
    return std::polar(1.0, 2 * std::numbers::pi / c.images.pixel_size_A *
                               (c.images.points[p].x * pose.pose.shift_A.x + c.images.points[p].y * pose.pose.shift_A.y));
}
std::complex<double> value_at(const Case& c, const WeightedPose& pose, std::size_t p) {
    return std::complex<double>(c.images.image(pose.image)[p]) * phase_at(c, pose, p);
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

TEST_CASE("insertion brick by brick has the bits of the plain form, for every width, and whatever the batches", "[insertion]") {
    const auto equal = [](const Equations& a, const Equations& b) { return a.right_side == b.right_side && a.kernel == b.kernel; };
    for (const int box : {8, 18}) {
        const Case c(box, 5);
        for (int width = 2; width <= 8; width += box == 8 ? 1 : 3) {
            INFO("box " << box << ", width " << width);
            const GriddingWindow window{width, 1.5};
            const Equations expected = on_device(c, c.poses, window, 1.5, {.by_taps = true});
            CHECK(equal(on_device(c, c.poses, window, 1.5), expected));
            CHECK(equal(on_device(c, c.poses, window, 1.5, {.samples_a_batch = 1}), expected));
            CHECK(equal(on_device(c, c.poses, window, 1.5, {.samples_a_batch = 2 * static_cast<std::int64_t>(c.images.points.size())}), expected));
        }
    }
    const Case many(8, 400);  // bricks of several chunks
    const Equations expected = on_device(many, many.poses, default_window(), 1.333, {.by_taps = true});
    CHECK(equal(on_device(many, many.poses, default_window(), 1.333), expected));
    CHECK(equal(on_device(many, many.poses, default_window(), 1.333, {.samples_a_batch = 5000}), expected));
}

TEST_CASE("sorted samples are all samples, brick by brick in chunks, column by column upwards", "[insertion][small]") {
    cuda::Device device(0);
    for (const std::int64_t count : {1, 90}) {
        const Case c(18, count);
        const cuda::DeviceImages images = resident(device, c);
        std::vector<cuda::Placement> poses;
        for (const WeightedPose& p : c.poses) {
            cuda::Placement placement{};
            placement.image = p.image;
            for (int i = 0; i < 6; i++) placement.rotation[i] = static_cast<float>(p.pose.rotation(i / 3, i % 3));
            placement.weight = p.weight;
            poses.push_back(placement);
        }
        const auto d_poses = cuda::to_device<cuda::Placement>(device, poses, "poses");
        const cuda::SampleSource in{d_poses.data(),        count, images.frequencies.data(), images.values.data(),
                                    images.weights.data(), 0,     images.points,             images.points};
        const int width = 5, padded = 24;
        const GridLayout layout = grid_layout(padded, width);
        cuda::BrickSort sort(device, layout, width, count * images.points);
        sort.sort<1>(in, 1.0f);
        const auto chunk_count = on_host(device, sort.chunk_count(), 1)[0];
        REQUIRE(static_cast<std::int64_t>(chunk_count) <= sort.most_chunks());
        const auto chunks = on_host(device, sort.chunks(), chunk_count);
        const auto samples = on_host(device, sort.samples(), static_cast<std::size_t>(count * images.points));

        // What is expected: every kept sample's cell and weight, as the processor places it.
        struct Kept {
            unsigned brick, place;
            float weight, tz;
            auto operator<=>(const Kept&) const = default;
        };
        constexpr int side = cuda::BrickGrid::side;
        const int reach = padded / 2 + layout.margin;
        std::vector<Kept> expected, found;
        for (std::size_t i = 0; i < poses.size(); i++)
            for (std::size_t p = 0; p < c.images.points.size(); p++) {
                const auto at = c.images.points[p];
                if (c.images.weight[p] == 0 || !inside_nyquist(at.x, at.y)) continue;
                const GridPoint point = place_point(poses[i].rotation, at.x, at.y, padded, width);
                const int x = point.x + layout.margin, y = point.y + reach, z = point.z + reach;
                expected.push_back({static_cast<unsigned>((z / side * sort.bricks().rows + y / side) * sort.bricks().columns + x / side),
                                    static_cast<unsigned>((x % side * side + y % side) * side + z % side), poses[i].weight * c.images.weight[p],
                                    point.tz});
            }
        unsigned next = 0, brick = 0;
        std::size_t full = 0;
        for (const cuda::BrickChunk& chunk : chunks) {
            CHECK(chunk.first == next);  // none twice, none left out
            CHECK(chunk.brick >= brick);
            REQUIRE((chunk.count >= 1 && chunk.count <= cuda::chunk_samples));
            full += chunk.count == cuda::chunk_samples;
            for (unsigned s = chunk.first; s < chunk.first + chunk.count; s++)
                found.push_back({chunk.brick, samples[s].place, samples[s].re, samples[s].tz});
            next += chunk.count;
            brick = chunk.brick;
        }
        CHECK((full > 0) == (count > 1));
        CHECK(std::is_sorted(found.begin(), found.end(), [](const Kept& a, const Kept& b) {
            return a.brick != b.brick ? a.brick < b.brick : a.place < b.place;
        }));
        std::sort(expected.begin(), expected.end());
        std::sort(found.begin(), found.end());
        CHECK(found == expected);
    }
}

TEST_CASE("insertion on the device is the adjoint of its central slices", "[insertion][small]") {
    constexpr int box = 18;
    Case c(box, 12);
    cuda::Device device(0);
    RandomStream random(10, 0, RandomPurpose::test);
    std::vector<float> map;
    for (int i = 0; i < box * box * box; i++) map.push_back(static_cast<float>(random.normal()));
    const auto points = c.images.points.size(), count = c.poses.size();
    std::vector<float> rotations;
    for (const WeightedPose& pose : c.poses)
        for (int i = 0; i < 9; i++) rotations.push_back(static_cast<float>(pose.pose.rotation(i / 3, i % 3)));
    const auto d_rotations = cuda::to_device<float>(device, rotations, "rotations");
    const auto d_points = cuda::to_device<float2>(device, point_pairs(c), "points");
    for (const GriddingWindow window : {default_window(), GriddingWindow{8, 2.0}}) {
        const cuda::DeviceTransform transform = cuda::padded_transform(device, map.data(), box, window, window.padding);
        cuda::DeviceBuffer<float2> d_slices(device, points * count, "slices");
        cuda::sample_slices(device, transform, d_rotations.data(), static_cast<std::int64_t>(count), d_points.data(),
                            static_cast<std::int64_t>(points), d_slices.data());
        const auto slices = on_host(device, d_slices.data(), points * count);
        // Images of these slices with as much noise: were they all noise, both products were small sums of large terms.
        for (std::size_t i = 0; i < slices.size(); i++) {
            const std::complex<double> slice(slices[i].x, slices[i].y);
            c.images.values[i] = Complexf(slice * std::conj(phase_at(c, c.poses[i / points], i % points)) +
                                          std::abs(slice) * std::complex<double>(random.normal(), random.normal()));
        }
        double in_frequencies = 0, in_space = 0;
        for (std::size_t i = 0; i < count; i++)
            for (std::size_t p = 0; p < points; p++) {
                const float2 slice = slices[i * points + p];
                in_frequencies += weight_at(c, c.poses[i], p) * (value_at(c, c.poses[i], p) * std::complex<double>(slice.x, -slice.y)).real();
            }
        const std::vector<float> inserted = on_device(c, c.poses, window, window.padding).right_side;
        for (std::size_t v = 0; v < map.size(); v++) in_space += static_cast<double>(inserted[v]) * static_cast<double>(map[v]);
        INFO("width " << window.width << ": " << in_space << " and " << in_frequencies);
        CHECK(std::abs(in_space - in_frequencies) < 1e-5 * std::abs(in_frequencies));
    }
}

TEST_CASE("insertion on the device is the direct sum in double", "[insertion][small]") {
    constexpr int box = 10;
    const Case c(box, 9);
    const GriddingWindow window{8, 2.0};  // right to 2e-8, less than float32
    const Equations found = on_device(c, c.poses, window, 2.0);
    const auto direct = [&](int side, bool of_values) {
        std::vector<double> sums(static_cast<std::size_t>(side * side * side));
        for (const WeightedPose& pose : c.poses)
            for (std::size_t p = 0; p < c.images.points.size(); p++) {
                const double weight = weight_at(c, pose, p);
                if (weight == 0) continue;
                const std::complex<double> value = of_values ? weight * value_at(c, pose, p) : weight;
                const double x = c.images.points[p].x, y = c.images.points[p].y;
                const Mat3& r = pose.pose.rotation;
                const double k[3] = {r(0, 0) * x + r(1, 0) * y, r(0, 1) * x + r(1, 1) * y, r(0, 2) * x + r(1, 2) * y};
                for (int v = 0; v < side * side * side; v++)
                    sums[static_cast<std::size_t>(v)] +=
                        (value * std::polar(1.0, 2 * std::numbers::pi * (k[0] * (v % side - side / 2) + k[1] * (v / side % side - side / 2) +
                                                                         k[2] * (v / side / side - side / 2))))
                            .real();
            }
        return sums;
    };
    const auto difference_of = [](const std::vector<float>& a, const std::vector<double>& b) {
        double error = 0, power = 0;
        for (std::size_t i = 0; i < b.size(); i++) {
            error += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
            power += b[i] * b[i];
        }
        return std::sqrt(error / power);
    };
    // The phase of a shift, up to 4 half turns, is rounded by 4e-7 of one; a place on the grid, up to 10 cells (20 for the weights),
    // by 6e-7 (1.2e-6) of a cell, which turns the phase of a voxel at the border by a quarter of that in half turns; weights and
    // transforms add some 3e-7.
    CHECK(difference_of(found.right_side, direct(box, true)) < 2e-6);
    CHECK(difference_of(found.kernel, direct(2 * box, false)) < 1.5e-6);
}
