// Normal equations and their solution on every table, against the functions of src/fourier and src/pose, and against a dense
// solution in double.
#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdlib>
#include <limits>
#include <numbers>
#include <vector>

#include "catch.hpp"
#include "core/random.hpp"
#include "fourier/central_slice.hpp"
#include "operations/every_table.hpp"
#include "pose/image_equations.hpp"
#include "tumble/error.hpp"

using namespace tumble;
using namespace tumble::testing;

namespace {

constexpr double pixel_A = 0.5;

std::vector<FrequencyPoint> half_plane(int box) {
    std::vector<FrequencyPoint> points;
    for (int y = 0; y < box / 2; y++)
        for (int x = y == 0 ? 1 : 1 - box / 2; x < box / 2; x++)
            if (4 * (x * x + y * y) < box * box)
                points.push_back({static_cast<float>(x) / static_cast<float>(box), static_cast<float>(y) / static_cast<float>(box)});
    return points;
}

Mat3 random_rotation(RandomStream& random) {
    return rotation_from_euler({360 * random.uniform(), 180 / std::numbers::pi * std::acos(2 * random.uniform() - 1), 360 * random.uniform()});
}

/// Images of a blob at random poses, with noise.
struct Scene {
    PreparedImages images;
    std::vector<WeightedPose> poses;

    Scene(int box, std::int64_t count, double noise = 0.05) {
        ThreadPool pool(1);
        RandomStream random(5, 0, RandomPurpose::test);
        Volume map(box, pixel_A);
        for (int z = 0; z < box; z++)
            for (int y = 0; y < box; y++)
                for (int x = 0; x < box; x++) {
                    const double dx = x - box / 2 - 0.7, dy = y - box / 2 + 0.4, dz = z - box / 2 - 0.2;
                    map.at(x, y, z) = static_cast<float>(std::exp(-(dx * dx + 1.3 * dy * dy + 0.8 * dz * dz) / 3));
                }
        images.images = count;
        images.box = box;
        images.pixel_size_A = pixel_A;
        images.points = half_plane(box);
        for (std::size_t p = 0; p < images.points.size(); p++) images.weight.push_back(0.5f + static_cast<float>(random.uniform()));
        const PaddedTransform transform = padded_transform(map.view(), wide_window(), 2, pool);
        for (std::int64_t i = 0; i < count; i++) {
            const Pose pose{random_rotation(random), {0.3 * random.normal(), 0.3 * random.normal()}};
            poses.push_back({i, pose, 0.4f + static_cast<float>(random.uniform())});
            std::vector<Complexf> slice(images.points.size());
            const Mat3f rotation = to_float(pose.rotation);
            sample_slices(transform, std::span(&rotation, 1), images.points, slice.data(), pool);
            for (std::size_t p = 0; p < slice.size(); p++) {
                const double turn = -2 * std::numbers::pi / pixel_A *
                                    (static_cast<double>(images.points[p].x) * pose.shift_A.x + static_cast<double>(images.points[p].y) * pose.shift_A.y);
                images.values.push_back(slice[p] * Complexf(std::polar(1.0, turn)) +
                                        Complexf(static_cast<float>(noise * random.normal()), static_cast<float>(noise * random.normal())));
            }
        }
        images.real_space.assign(static_cast<std::size_t>(count * box * box), 0.0f);
    }
    Band band() const { return {0, images.points.size()}; }
};

double norm_of(const std::vector<float>& v) {
    double sum = 0;
    for (const float x : v) sum += static_cast<double>(x) * x;
    return std::sqrt(sum);
}
/// rms difference over rms.
double difference(const Volume& a, const Volume& b) {
    REQUIRE(a.values.size() == b.values.size());
    std::vector<float> d(a.values.size());
    for (std::size_t i = 0; i < d.size(); i++) d[i] = a.values[i] - b.values[i];
    return norm_of(d) / norm_of(b.values);
}

std::vector<float> ball(int box, double radius) {
    std::vector<float> mask;
    for (int z = 0; z < box; z++)
        for (int y = 0; y < box; y++)
            for (int x = 0; x < box; x++)
                mask.push_back(std::hypot(x - box / 2, y - box / 2, z - box / 2) < radius ? 1.0f : 0.0f);
    return mask;
}

std::vector<double> prior_of(int box, int band) {
    std::vector<double> prior;
    for (int s = 0; s <= box / 2; s++) prior.push_back(s < band ? 0.02 * (1 + s) : std::numeric_limits<double>::infinity());
    return prior;
}

Volume solved(const Backend& backend, const Scene& s, std::span<const WeightedPose> poses, const SolveOptions& options,
              double padding_factor = 1.333) {
    const auto images = backend.resident(s.images);
    return backend.solve(backend.accumulate(images, poses, s.band(), default_window(), padding_factor), options);
}

}  // namespace

TEST_CASE("equations are solved as on the processor, with and without mask, prior and band limit", "[equations]") {
    const int box = GENERATE(18, 24);
    const Scene s(box, 30);
    ThreadPool pool(1);
    const NormalEquations direct = accumulate_images(s.images, s.poses, s.band(), default_window(), 1.333, pool);
    for (const NamedTable& named : every_table()) {
        const Backend backend(*named.table, 0, 1);
        for (const bool masked : {false, true})
            for (const int kind : {0, 1, 2}) {
                SolveOptions options;
                options.steps = 5;
                options.tolerance = 0;
                if (masked) options.mask = ball(box, 0.4 * box);
                if (kind > 0) options.prior = prior_of(box, kind == 1 ? box : box / 3);
                INFO(named.name << ", box " << box << ", mask " << masked << ", prior " << kind);
                // Float32 on both sides: the transforms are right to some 5e-7, a few steps amplify that by the condition of the
                // system, at most 30 here.
                CHECK(difference(solved(backend, s, s.poses, options), solve(direct, options, pool)) < 2e-5);
            }
    }
}

TEST_CASE("the solution is that of the dense least-squares problem in double", "[equations]") {
    constexpr int box = 8;
    const Scene s(box, 40, 0.0);
    const std::vector<float> mask = ball(box, 3.2);
    const double prior = 0.3;
    std::vector<std::size_t> inside;
    for (std::size_t i = 0; i < mask.size(); i++)
        if (mask[i] > 0) inside.push_back(i);
    // Unknown voxels v: sum over images and points of w c | X - sum_v v exp(-2 pi i k.r) |^2, and the prior: half of the DFT
    // grid's power is half of box^3 sum v^2 for a map, at one value for all shells.
    const auto n = static_cast<Eigen::Index>(inside.size());
    Eigen::MatrixXd normal = Eigen::MatrixXd::Identity(n, n) * (0.5 * box * box * box * prior);
    Eigen::VectorXd right = Eigen::VectorXd::Zero(n);
    for (const WeightedPose& pose : s.poses)
        for (std::size_t p = 0; p < s.images.points.size(); p++) {
            const double x = s.images.points[p].x, y = s.images.points[p].y;
            const Mat3& r = pose.pose.rotation;
            const double k[3] = {r(0, 0) * x + r(1, 0) * y, r(0, 1) * x + r(1, 1) * y, r(0, 2) * x + r(1, 2) * y};
            const double turn = 2 * std::numbers::pi / pixel_A * (x * pose.pose.shift_A.x + y * pose.pose.shift_A.y);
            const std::complex<double> value =
                std::complex<double>(s.images.image(pose.image)[p]) * std::polar(1.0, turn);
            Eigen::VectorXcd row(n);
            for (Eigen::Index v = 0; v < n; v++) {
                const auto at = static_cast<int>(inside[static_cast<std::size_t>(v)]);
                const int vx = at % box - box / 2, vy = at / box % box - box / 2, vz = at / box / box - box / 2;
                row[v] = std::polar(1.0, -2 * std::numbers::pi * (k[0] * vx + k[1] * vy + k[2] * vz));
            }
            const double w = static_cast<double>(pose.weight) * static_cast<double>(s.images.weight[p]);
            normal += w * (row.conjugate() * row.transpose()).real();
            right += w * (row.conjugate() * value).real();
        }
    const Eigen::VectorXd dense = normal.ldlt().solve(right);
    Volume expected(box, 0);
    for (Eigen::Index v = 0; v < n; v++) expected.values[inside[static_cast<std::size_t>(v)]] = static_cast<float>(dense[v]);
    SolveOptions options;
    options.steps = 200;
    options.tolerance = 1e-6;
    options.mask = mask;
    options.prior.assign(box / 2 + 1, prior);
    for (int shell = box / 2 + 1; shell <= box; shell++) options.prior.push_back(prior);  // no band limit: the corners count
    for (const NamedTable& named : every_table()) {
        INFO(named.name);
        const Backend backend(*named.table, 0, 1);
        // The default window at padding 1.333 is right to 5e-4 for a particle that fills the box.
        CHECK(difference(solved(backend, s, s.poses, options, 2.0), expected) < 2e-3);
    }
}

TEST_CASE("on a device the order of the images, their number at a time and repeats do not change a bit", "[equations]") {
    const Scene s(24, 21);
    SolveOptions options;
    options.steps = 4;
    auto reversed = s.poses;
    std::reverse(reversed.begin(), reversed.end());
    for (const NamedTable& named : every_table()) {
        INFO(named.name);
        const Backend backend(*named.table, 0, 1);
        const Volume once = solved(backend, s, s.poses, options);
        CHECK(solved(backend, s, s.poses, options).values == once.values);
        // The processor adds in the order of the images; fixed point knows no order.
        if (named.name != "cpu") CHECK(solved(backend, s, reversed, options).values == once.values);
    }
}

TEST_CASE("a solution has the same bits with and without graphs, and ends at the processor's step", "[equations]") {
    const Scene s(18, 30);
    ThreadPool pool(1);
    SolveOptions options;
    options.mask = ball(18, 7);
    options.tolerance = 0.02;
    options.steps = 40;
    const NormalEquations direct = accumulate_images(s.images, s.poses, s.band(), default_window(), 1.333, pool);
    const auto step_of = [](const Volume& ended, const auto& after) {
        for (int steps = 1; steps < 40; steps++)
            if (after(steps).values == ended.values) return steps;
        return 0;
    };
    const auto exactly = [&](int steps) {
        SolveOptions fixed = options;
        fixed.tolerance = 0;
        fixed.steps = steps;
        return fixed;
    };
    const int expected = step_of(solve(direct, options, pool), [&](int steps) { return solve(direct, exactly(steps), pool); });
    REQUIRE(expected > 2);
    REQUIRE(expected < 40);
    for (const NamedTable& named : every_table()) {
        INFO(named.name);
        const Backend backend(*named.table, 0, 1);
        const auto images = backend.resident(s.images);
        const auto equations = backend.accumulate(images, s.poses, s.band(), default_window(), 1.333);
        const char* before = std::getenv("TUMBLE_CUDA_GRAPHS");
        const std::string kept = before ? before : "1";
        REQUIRE(setenv("TUMBLE_CUDA_GRAPHS", "1", 1) == 0);
        const Volume ended = backend.solve(equations, options);
        CHECK(step_of(ended, [&](int steps) { return backend.solve(equations, exactly(steps)); }) == expected);
        REQUIRE(setenv("TUMBLE_CUDA_GRAPHS", "0", 1) == 0);
        CHECK(backend.solve(equations, options).values == ended.values);
        REQUIRE(setenv("TUMBLE_CUDA_GRAPHS", kept.c_str(), 1) == 0);
    }
}

TEST_CASE("equations add and subtract, rejected images do not count", "[equations]") {
    const Scene s(24, 20);
    SolveOptions options;
    options.steps = 4;
    options.tolerance = 0;
    for (const NamedTable& named : every_table()) {
        INFO(named.name);
        const Backend backend(*named.table, 0, 1);
        const auto images = backend.resident(s.images);
        const std::span poses(s.poses);
        const auto of = [&](std::span<const WeightedPose> some) { return backend.accumulate(images, some, s.band(), default_window(), 1.333); };
        const Volume all = backend.solve(of(poses), options), first = backend.solve(of(poses.first(12)), options);
        auto sum = of(poses.first(12));
        const auto rest = of(poses.subspan(12)), copy = backend.copy(sum);
        backend.add(sum, rest);
        // Sums of float32 in another order: one rounding an addition, amplified as above.
        CHECK(difference(backend.solve(sum, options), all) < 2e-5);
        backend.subtract(sum, rest);
        CHECK(difference(backend.solve(sum, options), first) < 2e-5);
        CHECK(backend.solve(copy, options).values == first.values);

        auto rejected = s.poses;
        for (std::size_t i = 12; i < rejected.size(); i++) rejected[i].weight = 0;
        CHECK(difference(backend.solve(of(rejected), options), first) < 1e-6);
        CHECK(difference(all, first) > 1e-3);
    }
}

TEST_CASE("equations without images are refused with a sentence", "[equations]") {
    const Scene s(24, 3);
    for (const NamedTable& named : every_table()) {
        INFO(named.name);
        backend::Context* context = nullptr;
        const backend::ContextArguments arguments{0, 1, nullptr, nullptr, 0};
        REQUIRE(named.table->context_create(&arguments, &context) == 0);
        backend::Equations* empty = nullptr;
        REQUIRE(named.table->equations_create(context, 24, nullptr, &empty) == 0);
        std::vector<float> map(24 * 24 * 24);
        const backend::SolveArguments solve{nullptr, nullptr, 0, 1e-4, map.data(), 5, backend::memory_host};
        CHECK(named.table->solve(context, empty, &solve) == backend::status_input);
        CHECK(std::string(named.table->error_text(context)) == "normal equations without images: expected at least one image");
        named.table->equations_destroy(context, empty);
        named.table->context_destroy(context);
    }
}
