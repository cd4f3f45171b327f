#include "pose/pose_polish.hpp"

#include <algorithm>

#include "catch.hpp"
#include "core/units.hpp"
#include "pose/image_preparation.hpp"
#include "unit/pose/simulated_particle.hpp"

using namespace tumble;

namespace {

struct Scene {
    PreparedImages images;
    std::vector<Pose> poses;
    PaddedTransform map;
    PolishOptions options;
};

Scene scene(double noise) {
    ThreadPool pool(2);
    NoProgress quiet;
    const auto particle = test::fcc_ball(6, 0.1, 3);
    auto simulated = test::simulated_stack(particle, 30, 72, 0.4, noise, 0.3, 21);
    Scene s;
    s.images = prepare_images(simulated.stack.view(), {0.4, 0, 1}, pool, quiet);
    s.poses = simulated.poses;
    s.map = padded_transform(test::particle_map(particle, s.images.box, 0.4).view(), default_window(), 1.333, pool);
    s.options.band = band_of(s.images, 0.1, 0.9);
    s.options.steps = 8;
    return s;
}

std::vector<PoseCandidate> moved_candidates(const Scene& s, double angle_deg, double shift_A) {
    std::vector<PoseCandidate> out;
    for (std::size_t i = 0; i < s.poses.size(); i++) {
        RandomStream random(5, static_cast<std::uint32_t>(i), RandomPurpose::test);
        Pose p = s.poses[i];
        p.rotation = rotation_about({random.normal(), random.normal(), random.normal()}, radians(angle_deg)) * p.rotation;
        p.shift_A.x += shift_A * random.normal(), p.shift_A.y += shift_A * random.normal();
        out.push_back({static_cast<std::int64_t>(i), p, 0});
    }
    return out;
}

}  // namespace

TEST_CASE("polish from 2 degrees and 0.1 A off ends near the true pose, with no less likelihood than it") {
    const Scene s = scene(0.3);
    ThreadPool pool(2);
    auto candidates = moved_candidates(s, 2, 0.1);
    auto truth = moved_candidates(s, 0, 0);
    score_candidates(s.images, s.map, s.options, truth, pool);
    polish_poses(s.images, s.map, s.options, candidates, pool);
    std::vector<double> angles, shifts;
    for (std::size_t i = 0; i < candidates.size(); i++) {
        angles.push_back(degrees(angle_between(candidates[i].pose.rotation, s.poses[i].rotation)));
        shifts.push_back(std::hypot(candidates[i].pose.shift_A.x - s.poses[i].shift_A.x, candidates[i].pose.shift_A.y - s.poses[i].shift_A.y));
    }
    std::sort(angles.begin(), angles.end()), std::sort(shifts.begin(), shifts.end());
    CHECK(angles[angles.size() / 2] < 0.6);
    CHECK(shifts[shifts.size() / 2] < 0.02);
    int at_least_truth = 0;
    for (std::size_t i = 0; i < truth.size(); i++) at_least_truth += candidates[i].score >= truth[i].score;
    CHECK(at_least_truth >= 28);
}

TEST_CASE("polish never lowers a score, and its score is that of score_candidates") {
    const Scene s = scene(0.6);
    ThreadPool pool(2);
    auto before = moved_candidates(s, 4, 0.2);
    score_candidates(s.images, s.map, s.options, before, pool);
    for (const bool shifts_only : {false, true}) {
        auto after = before;
        shifts_only ? polish_shifts(s.images, s.map, s.options, after, pool) : polish_poses(s.images, s.map, s.options, after, pool);
        auto again = after;
        score_candidates(s.images, s.map, s.options, again, pool);
        for (std::size_t i = 0; i < after.size(); i++) {
            CHECK(after[i].score >= before[i].score);
            CHECK(again[i].score == Approx(after[i].score).margin(1e-3));
            if (shifts_only) CHECK(after[i].pose.rotation == before[i].pose.rotation);
        }
    }
}

TEST_CASE("the score is the log-likelihood ratio of real space: sum of (x a - a a / 2) / noise") {
    const Scene s = scene(0.5);
    ThreadPool pool(1);
    PolishOptions all = s.options;
    all.band = {0, s.images.points.size()};
    std::vector<PoseCandidate> candidates{{4, s.poses[4], 0}};
    score_candidates(s.images, s.map, all, candidates, pool);
    std::vector<float> model(static_cast<std::size_t>(s.images.box) * s.images.box);
    test::add_projection(test::fcc_ball(6, 0.1, 3), s.poses[4], s.images.box, 0.4, model.data());
    double mean = 0, direct = 0;
    for (const float v : model) mean += v / static_cast<double>(model.size());
    const float* image = s.images.real_space.data() + 4 * model.size();
    double noise = 0;
    for (const double v : s.images.noise_power) noise += v / static_cast<double>(s.images.noise_power.size());
    double image_mean = 0;
    for (std::size_t p = 0; p < model.size(); p++) image_mean += image[p] / static_cast<double>(model.size());
    for (std::size_t p = 0; p < model.size(); p++) direct += ((image[p] - image_mean) - 0.5 * (model[p] - mean)) * (model[p] - mean) / noise;
    CHECK(candidates[0].score == Approx(direct).epsilon(0.03));  // shells of the measured noise scatter about their mean
}

TEST_CASE("polished poses have the same bits for any number of threads and any batch") {
    const Scene s = scene(0.5);
    ThreadPool one(1), three(3);
    auto a = moved_candidates(s, 3, 0.1), b = a;
    polish_poses(s.images, s.map, s.options, a, one);
    polish_poses(s.images, s.map, s.options, std::span(b).first(7), three);
    polish_poses(s.images, s.map, s.options, std::span(b).subspan(7), three);
    for (std::size_t i = 0; i < a.size(); i++) {
        CHECK(a[i].pose == b[i].pose);
        CHECK(a[i].score == b[i].score);
    }
}
