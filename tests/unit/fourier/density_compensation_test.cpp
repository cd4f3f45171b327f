#include "catch.hpp"

#include "fourier/density_compensation.hpp"
#include "gaussian_atoms.hpp"

using namespace tumble;
using namespace tumble::test;

namespace {

struct ExactData {
    std::vector<Mat3f> rotations;
    std::vector<FrequencyPoint> points;
    std::vector<Complexf> values;
    std::vector<float> point_weights, image_weights;
    SliceSamples view() const { return {rotations, points, values.data(), point_weights, image_weights}; }
};

ExactData exact_slices(const GaussianAtoms& atoms, int box, double limit, int images) {
    ExactData data;
    // The origin is its own Friedel mate: half a weight.
    data.points = half_plane(box, limit);
    data.points.push_back({0, 0});
    RandomStream random(31, 0, RandomPurpose::test);
    for (int i = 0; i < images; i++) {
        const Mat3 rotation = random_rotation(random);
        data.rotations.push_back(to_float(rotation));
        for (const FrequencyPoint p : data.points)
            data.values.push_back(Complexf(atoms.transform(in_space(rotation, p))));
    }
    data.point_weights.assign(data.points.size(), 1.0f);
    data.point_weights.back() = 0.5f;
    data.image_weights.assign(data.rotations.size(), 1.0f);
    return data;
}

}  // namespace

TEST_CASE("Equal atoms come out equal at every radius") {
    // Atoms on a line spiral from the centre to 0.3 of the box; each in a part of the box of its own.
    const int box = 40;
    GaussianAtoms atoms;
    atoms.sigma = 1.6;
    RandomStream random(32, 0, RandomPurpose::test);
    for (int i = 0; i <= 6; i++) {
        const Mat3 turn = random_rotation(random);
        atoms.positions.push_back(transpose(turn) * Vec3{std::round(2.0 * i), 0, 0});
    }
    for (Vec3& r : atoms.positions) r = {std::round(r.x), std::round(r.y), std::round(r.z)};
    ThreadPool pool(2);
    const ExactData data = exact_slices(atoms, box, 0.45, 150);
    SolveOptions options;
    options.steps = 30;
    options.prior.assign(19, 1e-4);
    Volume map = solve(accumulate(data.view(), box, default_window(), 1.333, pool), options, pool);
    const Volume truth = atoms.map(box);
    for (const Vec3& r : atoms.positions) {
        const int x = static_cast<int>(r.x) + box / 2, y = static_cast<int>(r.y) + box / 2,
                  z = static_cast<int>(r.z) + box / 2;
        INFO("radius " << length(r) / box << " of the box");
        CHECK(map.at(x, y, z) / truth.at(x, y, z) == Approx(1).margin(0.01));
    }
}

TEST_CASE("The map solves the normal equations whose slices were given") {
    const int box = 32;
    const GaussianAtoms atoms = ball_of_atoms(40, 9, 33);
    ThreadPool pool(2);
    const ExactData data = exact_slices(atoms, box, 0.5, 200);
    SolveOptions options;
    options.steps = 30;
    const Volume map = solve(accumulate(data.view(), box, default_window(), 1.333, pool), options, pool);
    const Volume truth = atoms.map(box);
    double wrong = 0, all = 0;
    for (std::size_t i = 0; i < map.values.size(); i++) {
        wrong += std::pow(map.values[i] - truth.values[i], 2);
        all += std::pow(truth.values[i], 2);
    }
    CHECK(std::sqrt(wrong / all) < 0.01);
}

TEST_CASE("Normal equations add up and subtract") {
    const GaussianAtoms atoms = ball_of_atoms(10, 5, 34);
    ThreadPool pool(1);
    ExactData data = exact_slices(atoms, 16, 0.4, 20);
    const NormalEquations both = accumulate(data.view(), 16, default_window(), 1.333, pool);
    std::fill_n(data.image_weights.begin(), 10, 0.0f);
    NormalEquations last = accumulate(data.view(), 16, default_window(), 1.333, pool);
    std::fill_n(data.image_weights.begin(), 10, 1.0f);
    std::fill_n(data.image_weights.begin() + 10, 10, 0.0f);
    const NormalEquations first = accumulate(data.view(), 16, default_window(), 1.333, pool);
    last += first;
    CHECK(last.images == both.images);
    for (std::size_t i = 0; i < both.kernel.size(); i++)
        CHECK(std::abs(last.kernel[i] - both.kernel[i]) < 1e-2);
    for (std::size_t i = 0; i < both.right_side.size(); i++)
        CHECK(last.right_side[i] == Approx(both.right_side[i]).margin(1e-3));
    last -= first;
    CHECK(last.images == 10);
}
