// score_poses, polish_poses and polish_shifts: against sums in double precision, and against the CPU's functions.
#include <algorithm>
#include <cstring>

#include "catch.hpp"
#include "core/units.hpp"
#include "every_table.hpp"
#include "fourier/central_slice.hpp"
#include "pose/pose_polish.hpp"
#include "tumble/error.hpp"
#include "unit/fourier/gaussian_atoms.hpp"

using namespace tumble;
using namespace tumble::test;
using tumble::testing::every_table;

namespace {

constexpr double pixel_A = 0.5;

/// Images of Gaussian atoms at known poses, made in Fourier space, with the noise that their weights stand for.
struct Scene {
    GaussianAtoms atoms;
    Volume map;
    PreparedImages images;
    std::vector<Pose> poses;

    /// The map's box may be smaller than the images': frequencies are per pixel.
    Scene(int image_count, int box, int map_box, double shift_px = 0.3)
        : atoms(sharp(ball_of_atoms(30, map_box / 3.0, 11))), map(atoms.map(map_box)) {
        images.images = image_count;
        images.box = box;
        images.pixel_size_A = pixel_A;
        images.particle_radius_A = map_box / 3.0 * pixel_A;
        images.points = half_plane(box, 0.49);
        std::stable_sort(images.points.begin(), images.points.end(),
                         [](FrequencyPoint a, FrequencyPoint b) { return std::hypot(a.x, a.y) < std::hypot(b.x, b.y); });
        images.real_space.resize(static_cast<std::size_t>(image_count) * static_cast<std::size_t>(box * box));
        for (const auto& k : images.points) images.weight.push_back(25.0f / (1.0f + 3.0f * std::hypot(k.x, k.y)));
        for (int i = 0; i < image_count; i++) {
            RandomStream random(5, static_cast<std::uint32_t>(i), RandomPurpose::test);
            const double shift_A = shift_px * pixel_A;
            const Pose pose{random_rotation(random), {shift_A * random.normal(), shift_A * random.normal()}};
            poses.push_back(pose);
            for (std::size_t p = 0; p < images.points.size(); p++) {
                const std::complex<double> noise(random.normal(), random.normal());
                const auto value = atoms.transform(in_space(pose.rotation, images.points[p])) * std::conj(phase(p, pose.shift_A));
                images.values.push_back(Complexf(value + noise * std::sqrt(0.25 / static_cast<double>(images.weight[p]))));
            }
        }
    }
    /// The narrower the atoms, the more a pose matters beside the score's rounding.
    static GaussianAtoms sharp(GaussianAtoms atoms) {
        atoms.sigma = 0.8;
        return atoms;
    }
    /// exp(2 pi i k.t), of the point's place on the grid.
    std::complex<double> phase(std::size_t p, Vec2 shift_A) const {
        const auto place = [&](float frequency) { return std::round(static_cast<double>(frequency) * images.box); };
        const double x = place(images.points[p].x), y = place(images.points[p].y);
        return std::polar(1.0, 2 * std::numbers::pi * (x * shift_A.x + y * shift_A.y) / (images.box * images.pixel_size_A));
    }
    /// Candidates around the true poses, `per_image` for each image.
    std::vector<PoseCandidate> candidates(double angle_deg, double shift_A, int per_image = 1) const {
        std::vector<PoseCandidate> out;
        for (int n = 0; n < per_image; n++)
            for (std::size_t i = 0; i < poses.size(); i++) {
                RandomStream random(6, static_cast<std::uint32_t>(out.size()), RandomPurpose::test);
                Pose p = poses[i];
                p.rotation = rotation_about({random.normal(), random.normal(), random.normal()}, radians(angle_deg)) * p.rotation;
                p.shift_A.x += shift_A * random.normal(), p.shift_A.y += shift_A * random.normal();
                out.push_back({static_cast<std::int64_t>(i), p, 0});
            }
        return out;
    }
    PolishOptions options(std::size_t first = 0, std::size_t last = ~std::size_t(0)) const {
        PolishOptions out;
        out.band = {first, std::min(last, images.points.size())};
        return out;
    }
};

/// A score with its prior, and the sum of the absolute values of its terms.
struct Sum {
    double score = 0, absolute = 0;
};
/// In double precision from the values of a slice.
template <class Slice>
Sum exact_score(const Scene& s, const PolishOptions& options, const PoseCandidate& c, const Slice& slice) {
    Sum sum;
    for (std::size_t p = options.band.first; p < options.band.last; p++) {
        const std::complex<double> a = slice(p);
        const std::complex<double> x = std::complex<double>(s.images.image(c.image)[p]) * s.phase(p, c.pose.shift_A);
        const double term = static_cast<double>(s.images.weight[p]) * (2 * (x * std::conj(a)).real() - std::norm(a));
        sum.score += term;
        sum.absolute += std::abs(term);
    }
    if (options.shift_sigma_A > 0)
        sum.score -= (std::pow(c.pose.shift_A.x, 2) + std::pow(c.pose.shift_A.y, 2)) / (2 * std::pow(options.shift_sigma_A, 2));
    return sum;
}
/// The same from the CPU's slice.
Sum sliced_score(const Scene& s, const PaddedTransform& transform, const PolishOptions& options, const PoseCandidate& c) {
    ThreadPool pool(1);
    std::vector<Complexf> slice(s.images.points.size());
    sample_slices(transform, std::vector{to_float(c.pose.rotation)}, s.images.points, slice.data(), pool);
    return exact_score(s, options, c, [&](std::size_t p) { return std::complex<double>(slice[p]); });
}

bool same_bits(const PoseCandidate& a, const PoseCandidate& b) {
    return std::memcmp(&a, &b, sizeof a) == 0;
}
double angle_deg(const PoseCandidate& a, const PoseCandidate& b) {
    return degrees(angle_between(a.pose.rotation, b.pose.rotation));
}
double distance_A(const PoseCandidate& a, const PoseCandidate& b) {
    return std::hypot(a.pose.shift_A.x - b.pose.shift_A.x, a.pose.shift_A.y - b.pose.shift_A.y);
}

/// The three operations on one map of one table.
struct Side {
    Backend backend;
    ResidentImages images;
    ResidentTransform transform;

    Side(const backend::Operations& table, const Scene& s, const GriddingWindow& window, double padding)
        : backend(table, 0, 1), images(backend.resident(s.images)), transform(backend.transform(s.map.view(), window, padding)) {}
    void score(const PolishOptions& o, std::span<PoseCandidate> c) const { backend.score_candidates(images, transform, o, c); }
    void polish(const PolishOptions& o, std::span<PoseCandidate> c) const { backend.polish_poses(images, transform, o, c); }
    void shifts(const PolishOptions& o, std::span<PoseCandidate> c) const { backend.polish_shifts(images, transform, o, c); }
};

// Scores: slices agree to 1e-6 of their largest value, each term is rounded four times to 6e-8 and their sum to 3e-7 at most;
// all but the last at random, so that a small part of it is left.
constexpr double score_tolerance = 1e-6;

}  // namespace

TEST_CASE("scores agree with the direct sum over the map's voxels") {
    const Scene s(3, 18, 18);
    const auto direct_sum = [&](Vec3 k) {
        std::complex<double> sum = 0;
        for (int z = 0; z < 18; z++)
            for (int y = 0; y < 18; y++)
                for (int x = 0; x < 18; x++)
                    if (const double v = s.map.view().at(x, y, z); v != 0)
                        sum += v * std::polar(1.0, -2 * std::numbers::pi * (k.x * (x - 9) + k.y * (y - 9) + k.z * (z - 9)));
        return sum;
    };
    for (const auto& [name, table] : every_table()) {
        INFO(name);
        const Side side(*table, s, wide_window(), 2);
        PolishOptions options = s.options(3);
        options.shift_sigma_A = 0.2;
        auto candidates = s.candidates(5, 0.1);
        side.score(options, candidates);
        for (const auto& c : candidates) {
            const auto slice = [&](std::size_t p) { return direct_sum(in_space(c.pose.rotation, s.images.points[p])); };
            const Sum sum = exact_score(s, options, c, slice);
            CHECK(std::abs(c.score - sum.score) < 1e-4 * sum.absolute);  // twice the window's error, 5e-5
        }
    }
}

TEST_CASE("scores agree with double-precision sums over the CPU's slices for every window, band and prior") {
    const Scene s(2, 28, 20);
    const std::size_t points = s.images.points.size();
    ThreadPool pool(1);
    REQUIRE(points > 256 + 1);
    for (const auto& [name, table] : every_table())
        for (int width = 2; width <= 8; width++) {
            const GriddingWindow window{width, 1.333};
            const PaddedTransform transform = padded_transform(s.map.view(), window, 1.333, pool);
            const Side side(*table, s, window, 1.333);
            // The whole band, one of a chunk of points, one more, odd ones, one point.
            for (const auto& [first, last] : std::vector<std::pair<std::size_t, std::size_t>>{
                     {0, points}, {1, 257}, {1, 258}, {4, 41}, {7, 8}}) {
                PolishOptions options = s.options(first, last);
                options.shift_sigma_A = width % 2 == 0 ? 0.3 : 0;
                auto candidates = s.candidates(3, 0.2);
                candidates[1].pose.shift_A = {-13, 7.5};  // many turns of the phase
                side.score(options, candidates);
                for (const auto& c : candidates) {
                    INFO(name << ", width " << width << ", points " << first << " to " << last);
                    const Sum sum = sliced_score(s, transform, options, c);
                    CHECK(std::abs(c.score - sum.score) < score_tolerance * (sum.absolute + std::abs(sum.score)));
                }
            }
        }
}

TEST_CASE("perturbed poses are polished to the CPU's optimum, without and with a prior, and no score falls") {
    const Scene s(4, 24, 24);
    ThreadPool pool(1);
    const PaddedTransform transform = padded_transform(s.map.view(), default_window(), 1.333, pool);
    for (const auto& [name, table] : every_table()) {
        const Side side(*table, s, default_window(), 1.333);
        for (const double sigma_A : {0.0, 0.05})
            for (const int steps : {1, 5}) {
                PolishOptions options = s.options(1);
                options.steps = steps;
                options.shift_sigma_A = sigma_A;
                auto before = s.candidates(3, 0.1, 2);
                side.score(options, before);
                auto found = before, expected = before;
                side.polish(options, found);
                polish_poses(s.images, transform, options, expected, pool);
                auto again = found;
                side.score(options, again);
                for (std::size_t i = 0; i < found.size(); i++) {
                    INFO(name << ", prior " << sigma_A << ", steps " << steps << ", candidate " << i);
                    const Sum sum = sliced_score(s, transform, options, found[i]);
                    CHECK(found[i].image == before[i].image);
                    CHECK(found[i].score >= before[i].score);
                    CHECK(std::abs(again[i].score - found[i].score) < score_tolerance * sum.absolute);
                    CHECK(std::abs(sum.score - found[i].score) < score_tolerance * sum.absolute);
                    CHECK(angle_deg(found[i], expected[i]) < 0.01);
                    CHECK(distance_A(found[i], expected[i]) < 0.002);
                    CHECK(angle_deg(found[i], before[i]) > 0.5);
                    const auto& truth = s.poses[static_cast<std::size_t>(found[i].image)];
                    if (steps > 1) CHECK(degrees(angle_between(found[i].pose.rotation, truth.rotation)) < 0.5);
                }
            }
    }
}

TEST_CASE("from far away each step is the CPU's, and steps that would lower the score are refused and damped") {
    const Scene s(4, 24, 24);
    ThreadPool pool(1);
    const PaddedTransform transform = padded_transform(s.map.view(), default_window(), 1.333, pool);
    PolishOptions options = s.options(1);
    options.smallest_step = 0;
    const auto start = s.candidates(14, 0.1);
    for (const auto& [name, table] : every_table()) {
        const Side side(*table, s, default_window(), 1.333);
        std::vector<PoseCandidate> last;
        int refused = 0;
        for (const int steps : {3, 5, 8}) {
            options.steps = steps;
            auto found = start, expected = start;
            side.polish(options, found);
            polish_poses(s.images, transform, options, expected, pool);
            for (std::size_t i = 0; i < found.size(); i++) {
                INFO(name << ", steps " << steps << ", candidate " << i);
                // Three steps of up to 10 degrees: 1e-6 of them each, some tenfold for the condition of the system. The last
                // steps gain as little as the score's rounding.
                CHECK(angle_deg(found[i], expected[i]) < (steps == 3 ? 5e-4 : 0.01));
                CHECK(distance_A(found[i], expected[i]) < (steps == 3 ? 1e-5 : 0.002));
                if (!last.empty()) CHECK(found[i].score >= last[i].score);
                if (steps == 8) refused += found[i].pose == last[i].pose;
            }
            last = found;
        }
        INFO(name);
        CHECK(refused > 0);
    }
}

TEST_CASE("a refused step is tried again shorter, as by the CPU") {
    // Six points leave a system that is nearly undetermined: some steps overshoot, and the same sums give a better one.
    const Scene s(4, 24, 24);
    ThreadPool pool(1);
    const PaddedTransform transform = padded_transform(s.map.view(), default_window(), 1.333, pool);
    PolishOptions options = s.options(100, 106);
    options.smallest_step = 0;
    const auto start = s.candidates(20, 0.5, 4);
    for (const auto& [name, table] : every_table()) {
        const Side side(*table, s, default_window(), 1.333);
        std::vector<std::vector<PoseCandidate>> after;
        for (const int steps : {1, 2, 3, 6}) {
            options.steps = steps;
            auto found = start, expected = start;
            side.polish(options, found);
            polish_poses(s.images, transform, options, expected, pool);
            for (std::size_t i = 0; i < found.size(); i++) {
                INFO(name << ", steps " << steps << ", candidate " << i);
                CHECK(angle_deg(found[i], expected[i]) < 0.01);
                CHECK(distance_A(found[i], expected[i]) < 0.002);
            }
            after.push_back(found);
        }
        int recovered = 0;
        for (std::size_t i = 0; i < start.size(); i++)
            recovered += after[1][i].pose == after[0][i].pose && after[2][i].score > after[1][i].score;
        INFO(name);
        CHECK(recovered > 0);
        // Refused and accepted moves on either side of the smallest one: the last that is made is the CPU's.
        for (const double smallest : {0.02, 0.06, 0.2}) {
            PolishOptions limited = options;
            limited.smallest_step = smallest;
            auto found = start, expected = start;
            side.polish(limited, found);
            polish_poses(s.images, transform, limited, expected, pool);
            int stopped = 0;
            for (std::size_t i = 0; i < found.size(); i++) {
                INFO(name << ", smallest step " << smallest << ", candidate " << i);
                CHECK(angle_deg(found[i], expected[i]) < 0.01);
                CHECK(distance_A(found[i], expected[i]) < 0.002);
                stopped += !(found[i].pose == after.back()[i].pose);
            }
            CHECK(stopped > 0);
        }
    }
}

TEST_CASE("shifts are polished to the CPU's optimum, without and with a prior, and rotations stay as they are") {
    const Scene s(6, 24, 24);
    ThreadPool pool(1);
    const PaddedTransform transform = padded_transform(s.map.view(), default_window(), 1.333, pool);
    for (const auto& [name, table] : every_table()) {
        const Side side(*table, s, default_window(), 1.333);
        for (const double sigma_A : {0.0, 0.05})
            for (const int steps : {1, 6}) {
                PolishOptions options = s.options(2);
                options.steps = steps;
                options.shift_sigma_A = sigma_A;
                auto before = s.candidates(1, 0.25, 3);
                // Farther than half a fringe off the Hessian is not negative definite: a step along the gradient.
                const auto far = s.candidates(1, 1, 2);
                before.insert(before.end(), far.begin(), far.end());
                side.score(options, before);
                auto found = before, expected = before;
                side.shifts(options, found);
                polish_shifts(s.images, transform, options, expected, pool);
                double moved_by = 0;
                for (std::size_t i = 0; i < found.size(); i++) {
                    INFO(name << ", prior " << sigma_A << ", steps " << steps << ", candidate " << i);
                    const Sum sum = sliced_score(s, transform, options, found[i]);
                    CHECK(found[i].pose.rotation == before[i].pose.rotation);
                    CHECK(found[i].score >= before[i].score);
                    CHECK(std::abs(sum.score - found[i].score) < score_tolerance * sum.absolute);
                    CHECK(distance_A(found[i], expected[i]) < 0.002);
                    moved_by = std::max(moved_by, distance_A(found[i], before[i]));
                }
                CHECK(moved_by > 0.1);
                // Stopped by the length of a step: where the CPU stops.
                options.smallest_step = 0.05;
                auto stopped = before;
                expected = before;
                side.shifts(options, stopped);
                polish_shifts(s.images, transform, options, expected, pool);
                int early = 0;
                for (std::size_t i = 0; i < stopped.size(); i++) {
                    CHECK(distance_A(stopped[i], expected[i]) < 1e-4);
                    early += distance_A(stopped[i], found[i]) > 1e-3;
                }
                CHECK((steps == 1 || early > 0));
            }
    }
}

TEST_CASE("shifts are polished alike where a slice has no room in the shared memory of a block") {
    const Scene s(1, 280, 16, 3);
    REQUIRE(s.images.points.size() > 232448 / sizeof(Complexf));  // what a block of the emulated device can have
    ThreadPool pool(1);
    const PaddedTransform transform = padded_transform(s.map.view(), default_window(), 1.333, pool);
    PolishOptions options = s.options();
    options.steps = 2;
    for (const auto& [name, table] : every_table()) {
        INFO(name);
        const Side side(*table, s, default_window(), 1.333);
        auto found = s.candidates(2, 0.1), expected = found;
        side.shifts(options, found);
        polish_shifts(s.images, transform, options, expected, pool);
        const Sum sum = sliced_score(s, transform, options, found[0]);
        CHECK(std::abs(sum.score - found[0].score) < score_tolerance * sum.absolute);
        CHECK(distance_A(found[0], expected[0]) < 1e-4);
    }
}

TEST_CASE("a candidate's result has the same bits alone, in any batch and in any order") {
    const Scene s(3, 18, 18);
    PolishOptions options = s.options(1, 120);
    options.steps = 3;
    options.shift_sigma_A = 0.3;
    for (const auto& [name, table] : every_table()) {
        const Side side(*table, s, default_window(), 1.5);
        for (const auto operation : {&Side::score, &Side::polish, &Side::shifts}) {
            INFO(name);
            const auto start = s.candidates(4, 0.1, 3);
            auto all = start;
            (side.*operation)(options, all);
            std::size_t wrong = 0;
            auto again = start;
            (side.*operation)(options, again);
            auto reversed = start;
            std::reverse(reversed.begin(), reversed.end());
            (side.*operation)(options, std::span(reversed).first(4));
            (side.*operation)(options, std::span(reversed).subspan(4));
            for (std::size_t i = 0; i < all.size(); i++) {
                auto alone = start[i];
                (side.*operation)(options, {&alone, 1});
                wrong += !same_bits(alone, all[i]);
                wrong += !same_bits(again[i], all[i]);
                wrong += !same_bits(reversed[all.size() - 1 - i], all[i]);
            }
            CHECK(wrong == 0);
        }
    }
}

TEST_CASE("no candidates, no steps, a band without points or of one point") {
    const Scene s(2, 18, 18);
    ThreadPool pool(1);
    const PaddedTransform transform = padded_transform(s.map.view(), default_window(), 1.5, pool);
    for (const auto& [name, table] : every_table()) {
        INFO(name);
        const Side side(*table, s, default_window(), 1.5);
        const auto start = s.candidates(4, 0.1);
        for (const auto operation : {&Side::score, &Side::polish, &Side::shifts}) (side.*operation)(s.options(), {});

        PolishOptions still = s.options();
        still.steps = 0;
        auto found = start, expected = start;
        found[1].score = 17;
        side.polish(still, found);
        CHECK(same_bits(found[0], start[0]));
        CHECK(found[1].score == 17);
        side.shifts(still, found);
        side.score(still, expected);
        for (std::size_t i = 0; i < 2; i++) CHECK(same_bits(found[i], expected[i]));

        PolishOptions empty = s.options(5, 5);
        empty.shift_sigma_A = 0.25;
        for (const auto operation : {&Side::score, &Side::polish, &Side::shifts}) {
            // Nothing but the prior: it draws shifts to the middle; rotations stay.
            found = start;
            (side.*operation)(empty, found);
            for (std::size_t i = 0; i < 2; i++) {
                const Vec2 t = found[i].pose.shift_A;
                CHECK(found[i].score == Approx(-(t.x * t.x + t.y * t.y) / (2 * 0.25 * 0.25)).margin(1e-6));
                CHECK(angle_deg(found[i], start[i]) < 1e-5);
                if (operation != &Side::score) CHECK(std::hypot(t.x, t.y) < 1e-3);
            }
        }
        empty.shift_sigma_A = 0;
        found = start;
        side.polish(empty, found);
        for (std::size_t i = 0; i < 2; i++) CHECK((found[i].pose == start[i].pose && found[i].score == 0));

        // One point determines two of the five parameters: only the score can be held against anything.
        const PolishOptions single = s.options(9, 10);
        auto before = start;
        side.score(single, before);
        found = start;
        side.polish(single, found);
        for (std::size_t i = 0; i < 2; i++) {
            CHECK(found[i].score > before[i].score);
            const Sum sum = sliced_score(s, transform, single, found[i]);
            CHECK(std::abs(sum.score - found[i].score) < 1e-5 * sum.absolute + 1e-6);
            CHECK(angle_between(orthonormalised(found[i].pose.rotation), found[i].pose.rotation) < 1e-12);
        }
    }
}

TEST_CASE("a device refuses images and points that do not exist and matrices that are no rotations") {
    const Scene s(2, 18, 18);
    for (const auto& [name, table] : every_table()) {
        if (name == "cpu") continue;  // its callers have looked
        INFO(name);
        const Side side(*table, s, default_window(), 1.5);
        const auto refusal = [&](const PolishOptions& options, const PoseCandidate& candidate) {
            for (const auto operation : {&Side::score, &Side::polish, &Side::shifts}) {
                auto c = candidate;
                std::string said;
                try {
                    (side.*operation)(options, {&c, 1});
                } catch (const Error& e) {
                    CHECK(e.kind() == ErrorKind::input);
                    said = e.what();
                }
                CHECK(said != "");
                CHECK(same_bits(c, candidate));
                if (operation == &Side::shifts) return said;
            }
            return std::string();
        };
        const auto good = s.candidates(1, 0)[0];
        auto bad = good;
        bad.image = 2;
        CHECK(refusal(s.options(), bad).find("image 2, expected 0 to 1") != std::string::npos);
        bad.image = -1;
        CHECK(refusal(s.options(), bad).find("image -1") != std::string::npos);
        bad = good;
        bad.pose.rotation(1, 1) = 1.5;
        CHECK(refusal(s.options(), bad).find("no rotation") != std::string::npos);
        bad.pose.rotation(1, 1) = std::nan("");
        CHECK(refusal(s.options(), bad).find("no rotation") != std::string::npos);
        PolishOptions options = s.options();
        options.band.last++;
        CHECK(refusal(options, good).find("points 0 to") != std::string::npos);
        options.band = {4, 3};
        CHECK(refusal(options, good).find("points 4 to 3") != std::string::npos);
    }
}
