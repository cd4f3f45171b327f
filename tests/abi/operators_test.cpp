// The operators of the C interface, as a host that has a search and a schedule of its own would use them.
#include <cmath>
#include <limits>
#include <numbers>

#include "abi/c_arrays.hpp"
#include "catch.hpp"
#include "unit/reconstruct/simulated_stack.hpp"

using namespace tumble;
using namespace tumble::testing;

namespace {

constexpr int images = 40, box = 40, atoms = 24;
constexpr double pixel_A = 0.4;

struct Case {
    std::vector<Vec3> sites = asymmetric_particle(atoms, 5.0, 2.2, 5);
    SimulatedStack simulated = simulated_stack(sites, images, box, pixel_A, 0.15, 2);
    Volume map = atoms_as_gaussians(sites, box, pixel_A);
    tumble_status status = 0;
    Handle<tumble_device> device;
    Handle<tumble_images> prepared;
    Handle<tumble_transform> transform;
    std::vector<float> matched;
    tumble_scoring band{sizeof(tumble_scoring), 0.1, 0.8, 0};

    explicit Case(int threads = 1) {
        device = made<tumble_device>(status, tumble_device_create, "cpu", threads);
        REQUIRE(status == TUMBLE_OK);
        const auto stack = array_of(simulated.stack.values.data(), TUMBLE_FLOAT32, {images, box, box});
        prepared = made<tumble_images>(status, tumble_images_create, static_cast<tumble_context*>(nullptr), device.get(), &stack, pixel_A, 0.0, 0);
        REQUIRE(status == TUMBLE_OK);
        const auto n = static_cast<std::int64_t>(number("box"));
        matched.resize(static_cast<std::size_t>(n * n * n));
        const auto density = array_of(map.values.data(), TUMBLE_FLOAT32, {box, box, box}), out = array_of(matched.data(), TUMBLE_FLOAT32, {n, n, n});
        REQUIRE(tumble_images_match_map(prepared.get(), &density, pixel_A, &out) == TUMBLE_OK);
        transform = made<tumble_transform>(status, tumble_transform_create, device.get(), &out, pixel_A);
        REQUIRE(status == TUMBLE_OK);
    }
    double number(const char* name) const {
        double value = 0;
        REQUIRE(tumble_images_number(prepared.get(), name, &value) == TUMBLE_OK);
        return value;
    }
    Handle<tumble_search> search(std::int64_t seed = 1) {
        auto made_search = made<tumble_search>(status, tumble_search_create, prepared.get(), transform.get(), &band, 0.4, 0.4, seed);
        REQUIRE(status == TUMBLE_OK);
        return made_search;
    }
};

/// Share of the poses within 5 deg of the truth.
double share_right(const PoseColumns& found, const std::vector<Pose>& truth) {
    double right = 0;
    for (std::size_t i = 0; i < truth.size(); i++) right += angle_between(found.pose(i).rotation, truth[i].rotation) < 5 * std::numbers::pi / 180;
    return right / static_cast<double>(truth.size());
}

PoseColumns climbed(Case& c, int passes, std::int64_t seed = 1) {
    const auto search = c.search(seed);
    PoseColumns poses(std::vector<Pose>(images), -std::numeric_limits<double>::infinity());
    const auto r = poses.rotation_array(), t = poses.shift_array(), s = poses.score_array();
    std::vector<std::int32_t> improved(images, -1);
    const auto flags = array_of(improved.data(), TUMBLE_INT32, {images});
    std::vector<double> before = poses.scores;
    for (int pass = 0; pass < passes; pass++) {
        REQUIRE(tumble_search_climb(search.get(), 1, 7, pass, nullptr, &r, &t, &s, &flags) == TUMBLE_OK);
        for (std::size_t i = 0; i < before.size(); i++)
            if (improved[i]) CHECK(poses.scores[i] > before[i]);
        before = poses.scores;
    }
    return poses;
}

}  // namespace

TEST_CASE("a slice of a Gaussian is a Gaussian with the phase of its place, in any layout") {
    tumble_status status = 0;
    const auto device = made<tumble_device>(status, tumble_device_create, "cpu", 1);
    const Vec3 place{1.2, -0.8, 2.0};
    const Volume map = atoms_as_gaussians({place}, box, pixel_A);
    const auto density = array_of(map.values.data(), TUMBLE_FLOAT32, {box, box, box});
    const auto transform = made<tumble_transform>(status, tumble_transform_create, device.get(), &density, pixel_A);
    REQUIRE(status == TUMBLE_OK);
    const Mat3 turn = rotation_about({1, 2, 3}, 0.7);
    PoseColumns poses(std::vector<Pose>{{turn, {}}, {Mat3{}, {}}});
    const std::vector<double> k{0, 0, 0.1, 0.05, -0.2, 0.15, 0.6, 0};
    std::vector<float> out(2 * 4 * 2 * 3, -7.0f);
    const auto r = poses.rotation_array(), f = array_of(k.data(), TUMBLE_FLOAT64, {4, 2});
    auto slices = array_of(out.data(), TUMBLE_FLOAT32, {2, 4, 2});
    slices.stride[0] = 24, slices.stride[1] = 6, slices.stride[2] = 3;  // every third element
    REQUIRE(tumble_transform_slices(transform.get(), &r, &f, &slices) == TUMBLE_OK);
    const double sigma = atom_sigma_A / pixel_A, peak = std::pow(2 * std::numbers::pi * sigma * sigma, 1.5);
    for (std::size_t i = 0; i < 2; i++)
        for (std::size_t p = 0; p < 4; p++) {
            const double kx = k[2 * p], ky = k[2 * p + 1];
            const Vec3 at = (i == 0 ? turn : Mat3{}) * place;
            const double size = kx > 0.5 ? 0 : peak * std::exp(-2 * std::numbers::pi * std::numbers::pi * sigma * sigma * (kx * kx + ky * ky));
            const double phase = -2 * std::numbers::pi * (kx * at.x + ky * at.y) / pixel_A;
            CHECK(std::abs(out[i * 24 + p * 6] - size * std::cos(phase)) < 2e-3 * peak);
            CHECK(std::abs(out[i * 24 + p * 6 + 3] - size * std::sin(phase)) < 2e-3 * peak);
            CHECK(out[i * 24 + p * 6 + 1] == -7.0f);
        }
}

TEST_CASE("hill climbing and polish find the poses, scores never fall, any number of threads gives the same") {
    Case c;
    PoseColumns poses = climbed(c, 8);
    const auto r = poses.rotation_array(), t = poses.shift_array(), s = poses.score_array();

    PoseColumns best(std::vector<Pose>(images), 0);
    const auto br = best.rotation_array(), bt = best.shift_array(), bs = best.score_array();
    const auto search = c.search();
    REQUIRE(tumble_search_best(search.get(), nullptr, &br, &bt, &bs) == TUMBLE_OK);
    for (std::size_t i = 0; i < best.scores.size(); i++) CHECK(best.scores[i] >= poses.scores[i]);

    REQUIRE(tumble_poses_score(c.prepared.get(), c.transform.get(), &c.band, nullptr, &r, &t, &s) == TUMBLE_OK);
    const auto before = poses.scores;
    REQUIRE(tumble_poses_search_shifts(c.prepared.get(), c.transform.get(), &c.band, 4, nullptr, &r, &t, &s) == TUMBLE_OK);
    const auto between = poses.scores;
    REQUIRE(tumble_poses_polish(c.prepared.get(), c.transform.get(), &c.band, 6, nullptr, &r, &t, &s) == TUMBLE_OK);
    for (std::size_t i = 0; i < before.size(); i++) {
        CHECK(between[i] >= before[i] - 1e-6 * std::abs(before[i]));
        CHECK(poses.scores[i] >= between[i] - 1e-6 * std::abs(between[i]));
    }
    CHECK(share_right(poses, c.simulated.poses) > 0.7);
    // A coarse grid can lead an image astray; three grids, turned against each other, hardly do so alike.
    PoseColumns kept = poses;
    for (const std::int64_t seed : {2, 3}) {
        PoseColumns other = climbed(c, 8, seed);
        const auto orr = other.rotation_array(), ot = other.shift_array(), os = other.score_array();
        REQUIRE(tumble_poses_polish(c.prepared.get(), c.transform.get(), &c.band, 6, nullptr, &orr, &ot, &os) == TUMBLE_OK);
        for (std::size_t i = 0; i < images; i++) {
            if (other.scores[i] <= kept.scores[i]) continue;
            std::copy_n(other.rotations.begin() + static_cast<std::ptrdiff_t>(9 * i), 9, kept.rotations.begin() + static_cast<std::ptrdiff_t>(9 * i));
            kept.scores[i] = other.scores[i];
        }
    }
    CHECK(share_right(kept, c.simulated.poses) > 0.95);

    Case two(2);
    PoseColumns again = climbed(two, 8);
    const auto ar = again.rotation_array(), at = again.shift_array(), as = again.score_array();
    REQUIRE(tumble_poses_search_shifts(two.prepared.get(), two.transform.get(), &two.band, 4, nullptr, &ar, &at, &as) == TUMBLE_OK);
    REQUIRE(tumble_poses_polish(two.prepared.get(), two.transform.get(), &two.band, 6, nullptr, &ar, &at, &as) == TUMBLE_OK);
    CHECK(again.rotations == poses.rotations);
    CHECK(again.shifts == poses.shifts);
    CHECK(again.scores == poses.scores);
}

TEST_CASE("half maps from inserted images agree, and their sum shows all atoms") {
    Case c;
    std::vector<std::int32_t> numbers[2];
    std::vector<Pose> poses[2];
    for (int i = 0; i < images; i++) numbers[i % 2].push_back(i), poses[i % 2].push_back(c.simulated.poses[static_cast<std::size_t>(i)]);
    const auto n = static_cast<std::int64_t>(c.number("box"));
    std::vector<float> half[3];
    Handle<tumble_equations> equations[2];
    for (int h = 0; h < 2; h++) {
        equations[h] = made<tumble_equations>(c.status, tumble_equations_create, c.prepared.get());
        REQUIRE(c.status == TUMBLE_OK);
        const PoseColumns columns(poses[h]);
        const auto which = array_of(numbers[h].data(), TUMBLE_INT32, {columns.count()}), r = columns.rotation_array(), t = columns.shift_array();
        REQUIRE(tumble_equations_insert(equations[h].get(), &c.band, &which, &r, &t, nullptr) == TUMBLE_OK);
    }
    const auto solve = [&](int h, std::vector<float>& out) {
        out.resize(static_cast<std::size_t>(n * n * n));
        const auto map = array_of(out.data(), TUMBLE_FLOAT32, {n, n, n});
        REQUIRE(tumble_equations_solve(equations[h].get(), 0.8, 15, &map) == TUMBLE_OK);
        return map;
    };
    const auto half1 = solve(0, half[0]), half2 = solve(1, half[1]);
    REQUIRE(tumble_equations_add(equations[0].get(), equations[1].get(), 1) == TUMBLE_OK);
    const auto map = solve(0, half[2]);

    std::vector<float> soft(half[0].size()), restored(half[0].size());
    const auto mask = array_of(soft.data(), TUMBLE_FLOAT32, {n, n, n}), sharp = array_of(restored.data(), TUMBLE_FLOAT32, {n, n, n});
    REQUIRE(tumble_map_find_mask(c.device.get(), &map, pixel_A, &mask) == TUMBLE_OK);
    std::vector<double> rows(static_cast<std::size_t>(4 * (n / 2 + 1)));
    const auto curves = array_of(rows.data(), TUMBLE_FLOAT64, {4, n / 2 + 1});
    REQUIRE(tumble_maps_correlate(c.device.get(), &half1, &half2, &mask, pixel_A, 1, &curves) == TUMBLE_OK);
    const auto frequencies = array_of(rows.data(), TUMBLE_FLOAT64, {n / 2 + 1}), corrected = array_of(rows.data() + 3 * (n / 2 + 1), TUMBLE_FLOAT64, {n / 2 + 1});
    double resolution_A = 0;
    REQUIRE(tumble_curve_resolution(&frequencies, &corrected, 0.143, &resolution_A) == TUMBLE_OK);
    CHECK(resolution_A > 0.8);
    CHECK(resolution_A < 1.8);
    REQUIRE(tumble_map_restore(c.device.get(), &map, &corrected, &sharp) == TUMBLE_OK);

    const auto found = made<tumble_atoms>(c.status, tumble_atoms_find, static_cast<tumble_context*>(nullptr), &sharp, &half1, &half2, pixel_A, "Pt", 1.6, 7.0, 1);
    INFO(tumble_last_error());
    REQUIRE(c.status == TUMBLE_OK);
    const PoseColumns all(c.simulated.poses);
    const auto r = all.rotation_array(), t = all.shift_array();
    const auto refined = made<tumble_atoms>(c.status, tumble_atoms_refine, static_cast<tumble_context*>(nullptr), c.prepared.get(), nullptr, &r, &t, nullptr, found.get());
    REQUIRE(c.status == TUMBLE_OK);
    tumble_array positions{};
    positions.struct_size = sizeof positions;
    REQUIRE(tumble_atoms_array(refined.get(), "atom_positions", &positions) == TUMBLE_OK);
    REQUIRE(positions.shape[0] == atoms);
    const auto* p = static_cast<const double*>(positions.data);
    double squares = 0;
    for (const Vec3& site : c.sites) {
        double nearest = 1e9;
        for (int a = 0; a < atoms; a++) nearest = std::min(nearest, length(Vec3{p[3 * a], p[3 * a + 1], p[3 * a + 2]} - site));
        squares += nearest * nearest;
    }
    CHECK(std::sqrt(squares / atoms) < 0.08);

    // What is added and taken away again is gone.
    REQUIRE(tumble_equations_add(equations[0].get(), equations[1].get(), -1) == TUMBLE_OK);
    std::vector<float> back;
    solve(0, back);
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < back.size(); i++) difference += std::pow(back[i] - half[0][i], 2), size += std::pow(half[0][i], 2);
    CHECK(difference < 1e-4 * size);
}

TEST_CASE("operators refuse what cannot be, and say what") {
    Case c;
    PoseColumns poses(c.simulated.poses);
    auto r = poses.rotation_array(), t = poses.shift_array(), s = poses.score_array();
    const auto score = [&](const tumble_scoring* band, const tumble_array* which) {
        return tumble_poses_score(c.prepared.get(), c.transform.get(), band, which, &r, &t, &s);
    };
    CHECK(score(&c.band, nullptr) == TUMBLE_OK);
    tumble_scoring bad = c.band;
    bad.struct_size = 8;
    CHECK(score(&bad, nullptr) == TUMBLE_E_STRUCT_SIZE);
    bad = c.band, bad.low_per_A = 0.9;
    CHECK(score(&bad, nullptr) == TUMBLE_E_ARGUMENT);
    std::vector<std::int32_t> numbers(images, images);
    const auto which = array_of(numbers.data(), TUMBLE_INT32, {images});
    CHECK(score(&c.band, &which) == TUMBLE_E_INPUT);
    CHECK(std::string(tumble_last_error()).find("image 40") != std::string::npos);
    s.shape[0] = 3;
    CHECK(score(&c.band, nullptr) == TUMBLE_E_ARRAY);
    s = poses.score_array(), s.dtype = TUMBLE_FLOAT32;
    CHECK(score(&c.band, nullptr) == TUMBLE_E_ARRAY);
    s = poses.score_array(), s.memory = TUMBLE_MEMORY_CUDA;
    CHECK(score(&c.band, nullptr) == TUMBLE_E_DEVICE);
    s = poses.score_array(), s.data = nullptr;
    CHECK(score(&c.band, nullptr) == TUMBLE_E_NULL);
    s = poses.score_array();

    tumble_status status = 0;
    const auto density = array_of(c.map.values.data(), TUMBLE_FLOAT32, {box, box, box});
    const auto other = made<tumble_transform>(status, tumble_transform_create, c.device.get(), &density, 0.5);
    REQUIRE(status == TUMBLE_OK);
    CHECK(tumble_poses_score(c.prepared.get(), other.get(), &c.band, nullptr, &r, &t, &s) == TUMBLE_E_INPUT);
    CHECK(std::string(tumble_last_error()).find("0.5000") != std::string::npos);
    CHECK_FALSE(made<tumble_transform>(status, tumble_transform_create, c.device.get(), &density, 0.0));
    CHECK(status == TUMBLE_E_ARGUMENT);
    CHECK_FALSE(made<tumble_device>(status, tumble_device_create, "toaster", 1));
    CHECK(status == TUMBLE_E_INPUT);
    CHECK_FALSE(made<tumble_device>(status, tumble_device_create, "cuda:99", 1));
    CHECK(tumble_status_group(status) == 2);
    const std::vector<float> nothing(box * box * box, 1.0f);
    const auto flat = array_of(nothing.data(), TUMBLE_FLOAT32, {box, box, box});
    CHECK_FALSE(made<tumble_atoms>(status, tumble_atoms_find, static_cast<tumble_context*>(nullptr), &flat, nullptr, nullptr, pixel_A, "Pt", 0.0, 0.0, 1));
    CHECK(status == TUMBLE_E_UNSUPPORTED);
    CHECK_FALSE(made<tumble_atoms>(status, tumble_atoms_find, static_cast<tumble_context*>(nullptr), &flat, &flat, nullptr, pixel_A, "Pt", 0.0, 0.0, 1));
    CHECK(status == TUMBLE_E_NULL);
    std::vector<double> curve(box / 2, 1.0);
    std::vector<float> room(nothing.size());
    const auto fsc = array_of(curve.data(), TUMBLE_FLOAT64, {box / 2}), restored = array_of(room.data(), TUMBLE_FLOAT32, {box, box, box});
    CHECK(tumble_map_restore(c.device.get(), &density, &fsc, &restored) == TUMBLE_E_INPUT);
    CHECK(std::string(tumble_last_error()).find("found 20 values, expected") != std::string::npos);
    double value = 0;
    CHECK(tumble_images_number(c.prepared.get(), "colour", &value) == TUMBLE_E_KEY);
}

TEST_CASE("handles die in any order: what was made on a device keeps it alive") {
    Case c;
    const auto search = c.search();
    c.device.reset();
    c.prepared.reset();
    c.transform.reset();
    PoseColumns best(std::vector<Pose>(images), 0);
    const auto r = best.rotation_array(), t = best.shift_array(), s = best.score_array();
    CHECK(tumble_search_best(search.get(), nullptr, &r, &t, &s) == TUMBLE_OK);
}

TEST_CASE("a checking build refuses handles that have been destroyed, and lets a second destruction alone") {
    if (!tumble_capability("handle_checks")) return;
    Case c;
    tumble_images* gone = c.prepared.release();
    tumble_images_destroy(gone);
    double value = 0;
    CHECK(tumble_images_number(gone, "box", &value) == TUMBLE_E_ARGUMENT);
    CHECK(std::string(tumble_last_error()).find("destroyed") != std::string::npos);
    PoseColumns poses(c.simulated.poses);
    const auto r = poses.rotation_array(), t = poses.shift_array(), s = poses.score_array();
    CHECK(tumble_poses_score(gone, c.transform.get(), &c.band, nullptr, &r, &t, &s) == TUMBLE_E_ARGUMENT);
    tumble_images_destroy(gone);

    tumble_context* context = nullptr;
    REQUIRE(tumble_context_create(&context) == TUMBLE_OK);
    tumble_context_destroy(context);
    const auto stack = array_of(c.simulated.stack.values.data(), TUMBLE_FLOAT32, {images, box, box});
    CHECK_FALSE(made<tumble_run>(c.status, tumble_run_create, context, &stack, static_cast<const tumble_options*>(nullptr)));
    CHECK(c.status == TUMBLE_E_ARGUMENT);
}
