// Conventions against projections that other programs made: RELION's (relion_euler) and cryoDRGN's toy set (toy1000_views).
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numbers>

#include "backend/backend.hpp"
#include "catch.hpp"
#include "fourier/central_slice.hpp"
#include "io/mrc.hpp"
#include "io/poses_star.hpp"
#include "pose/image_preparation.hpp"
#include "reconstruct/map_estimate.hpp"

using namespace tumble;

namespace {

const std::string independent = std::string(TUMBLE_TEST_DATA) + "/independent/";

bool absent(const std::string& folder) {
    if (std::filesystem::exists(independent + folder)) return false;
    WARN("skipped: " << folder << " is not there");
    return true;
}

/// Correlation of an image with the slice of a map at a pose, over the half plane.
double reprojection_correlation(const PreparedImages& images, std::int64_t image, const PaddedTransform& map, const Pose& pose,
                                ThreadPool& pool) {
    std::vector<Complexf> slice(images.points.size());
    const Mat3f rotation = to_float(pose.rotation);
    sample_slices(map, std::span(&rotation, 1), images.points, slice.data(), pool);
    const double tx = pose.shift_A.x / images.pixel_size_A, ty = pose.shift_A.y / images.pixel_size_A;
    double cross = 0, a = 0, b = 0;
    for (std::size_t p = 0; p < slice.size(); p++) {
        const double phase = 2 * std::numbers::pi * (static_cast<double>(images.points[p].x) * tx + static_cast<double>(images.points[p].y) * ty);
        const std::complex<double> x = std::complex<double>(images.image(image)[p]) * std::polar(1.0, phase), m(slice[p]);
        cross += (x * std::conj(m)).real(), a += std::norm(x), b += std::norm(m);
    }
    return cross / std::sqrt(a * b);
}

}  // namespace

TEST_CASE("RELION's projections are our slices: rotation and origin of an even box") {
    if (absent("relion_euler")) return;
    ThreadPool pool(1);
    NoProgress quiet;
    Volume map = read_map(independent + "relion_euler/volume65.mrc");
    const PaddedTransform transform = padded_transform(map.view(), wide_window(), 2, pool);
    // The 64 px images were projected from this volume less its last voxel on each axis: the same origin, voxel 32.
    const ImageStack stack = read_stack(independent + "relion_euler/centred64.mrcs");
    const auto poses = read_poses(independent + "relion_euler/centred64.star", 1.0);
    const PreparedImages images = prepare_images(stack.view(), {1.0, 44, 1}, pool, quiet);
    REQUIRE(poses.size() == 4);
    for (std::size_t i = 0; i < poses.size(); i++) {
        const double right = reprojection_correlation(images, static_cast<std::int64_t>(i), transform, poses[i].pose, pool);
        const Pose transposed{transpose(poses[i].pose.rotation), poses[i].pose.shift_A};
        const double wrong = reprojection_correlation(images, static_cast<std::int64_t>(i), transform, transposed, pool);
        INFO("image " << i + 1 << ": " << right << ", transposed " << wrong);
        CHECK(right > 0.99);
        CHECK(wrong < 0.9);
    }
}

TEST_CASE("a map from the 1,000 toy views predicts every one of them") {
    if (absent("toy1000_views")) return;
    ThreadPool pool(2);
    NoProgress quiet;
    const ImageStack stack = read_stack(independent + "toy1000_views/images.mrcs");
    const auto poses = read_poses(independent + "toy1000_views/truth.star", 1.0);
    REQUIRE(poses.size() == 1000);
    const PreparedImages images = prepare_images(stack.view(), {1.0, 20, 1}, pool, quiet);
    std::vector<WeightedPose> weighted;
    for (std::size_t i = 0; i < poses.size(); i++) weighted.push_back({static_cast<std::int64_t>(i), poses[i].pose, 1.0f});
    Backend backend = cpu_backend(2);
    const ResidentImages resident = backend.resident(images);
    const Volume map = solve_map(equations_of(resident, weighted, band_of(images, 0, 0.5), backend), images, 0.48, 20, backend);
    const PaddedTransform transform = padded_transform(map.view(), wide_window(), 2, pool);
    double mean = 0, worst = 1;
    for (std::size_t i = 0; i < poses.size(); i += 10) {
        const double c = reprojection_correlation(images, static_cast<std::int64_t>(i), transform, poses[i].pose, pool);
        mean += c / 100, worst = std::min(worst, c);
    }
    INFO("mean " << mean << ", worst " << worst);
    CHECK(mean > 0.99);
    CHECK(worst > 0.97);

    const Volume truth = read_map(independent + "toy1000_views/truth_volume.mrc");
    double cross = 0, a = 0, b = 0, offset = 0;
    const int shift = truth.box / 2 - map.box / 2;
    double mean_map = 0;
    for (const float v : map.values) mean_map += v / static_cast<double>(map.values.size());
    for (int z = 0; z < map.box; z++)
        for (int y = 0; y < map.box; y++)
            for (int x = 0; x < map.box; x++) offset += truth.at(x + shift, y + shift, z + shift) / static_cast<double>(map.values.size());
    for (int z = 0; z < map.box; z++)
        for (int y = 0; y < map.box; y++)
            for (int x = 0; x < map.box; x++) {
                const double m = map.at(x, y, z) - mean_map, t = truth.at(x + shift, y + shift, z + shift) - offset;
                cross += m * t, a += m * m, b += t * t;
            }
    INFO("correlation with the volume " << cross / std::sqrt(a * b));
    CHECK(cross / std::sqrt(a * b) > 0.9);  // the mirror image of the volume correlates with 0.84
}
