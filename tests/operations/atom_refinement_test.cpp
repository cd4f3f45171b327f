// Sums of the atoms' refinement on every table, against direct sums in double; whole refinements against the processor's.
#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include "atoms/half_plane_grid.hpp"
#include "atoms/projected_overlap.hpp"
#include "catch.hpp"
#include "operations/every_table.hpp"
#include "reconstruct/image_refinement.hpp"
#include "tumble/error.hpp"
#include "unit/atoms/simulated_images.hpp"

using namespace tumble;
using namespace tumble::testing;

namespace {

constexpr double pi = std::numbers::pi;
using Complex = std::complex<double>;

/// A backend's images have a real-space copy, which these sums do not read.
SimulatedImages with_pixels(SimulatedImages data) {
    data.images.real_space.assign(static_cast<std::size_t>(data.images.images) * static_cast<std::size_t>(data.images.box * data.images.box), 0.0f);
    return data;
}

/// Images of atoms, of which a model a little off is held against them; a profile with a part by depth.
struct Case {
    SimulatedImages data;
    std::vector<Vec3> positions;
    std::vector<double> heights;
    ProjectedProfile profile;

    Case(int atoms, int images, int box, bool depth) {
        const auto truth = random_particle(atoms, 1.3 * std::cbrt(atoms) + 1, 1.5, 61);
        data = with_pixels(simulate_images(truth, images, box, 1.0, 1.0, false, 62));
        RandomStream random(63, 0, RandomPurpose::test);
        for (const Vec3& p : truth) {
            positions.push_back(p + 0.05 * Vec3{random.normal(), random.normal(), random.normal()});
            heights.push_back(0.8 + 0.4 * random.uniform());
        }
        for (float& w : data.weights) w = 0.5f + static_cast<float>(random.uniform());
        for (float& w : data.images.weight) w *= 0.5f + static_cast<float>(random.uniform());
        for (int s = 0; s < grid().shells(); s++) {
            const double k = s * grid().spacing_per_A;
            profile.direct.push_back(projected_profile(k));
            if (depth) profile.depth.push_back(0.03 * k * k * std::exp(-3 * k * k));
        }
    }
    HalfPlaneGrid grid() const { return {data.images.points, data.images.box, data.images.pixel_size_A}; }
    AtomScene scene(std::int64_t first, std::int64_t count) const {
        return {data.poses, data.weights, positions, heights, first, count};
    }
    AtomScene scene() const { return scene(0, data.images.images); }
};

/// A sum, and the sum of its terms' magnitudes: what its rounding is measured by.
struct Sum {
    double value = 0, size = 0;
    void add(double term) { value += term, size += std::abs(term); }
    void add_product(double weight, Complex a, Complex b) { value += weight * (a * std::conj(b)).real(), size += weight * std::abs(a) * std::abs(b); }
};

struct Direct {
    std::vector<std::array<Sum, 8>> shells;
    std::vector<std::array<Sum, 4>> gradient, scatter;
    std::vector<Sum> likelihood, residual;
};

Direct direct_sums(const Case& c) {
    const HalfPlaneGrid grid = c.grid();
    const PreparedImages& images = c.data.images;
    const std::vector<double> f = c.profile.direct_at(grid), fz = c.profile.depth_at(grid);
    Direct out;
    out.shells.resize(static_cast<std::size_t>(grid.shells()));
    out.gradient.resize(c.positions.size());
    out.scatter.resize(c.positions.size());
    for (std::int64_t i = 0; i < images.images; i++) {
        const Pose& pose = c.data.poses[static_cast<std::size_t>(i)];
        const double weight = c.data.weights[static_cast<std::size_t>(i)];
        std::vector<std::array<Sum, 4>> own(c.positions.size());
        Sum likelihood, residual;
        for (std::size_t p = 0; p < images.points.size(); p++) {
            const double x = images.points[p].x / images.pixel_size_A, y = images.points[p].y / images.pixel_size_A;
            const double w = images.weight[p];
            std::vector<Complex> wave;
            Complex g = 0, d = 0;
            for (std::size_t a = 0; a < c.positions.size(); a++) {
                const Vec3 lab = pose.rotation * c.positions[a];
                wave.push_back(std::polar(1.0, -2 * pi * (x * (lab.x + pose.shift_A.x) + y * (lab.y + pose.shift_A.y))));
                g += c.heights[a] * wave.back();
                d += c.heights[a] * lab.z * wave.back();
            }
            const Complex value = images.image(i)[p], model = f[p] * g + fz[p] * d, rest = value - model;
            likelihood.add(w * std::norm(value));
            likelihood.add(-w * std::norm(rest));
            residual.add(w * std::norm(rest));
            const auto s = static_cast<std::size_t>(grid.frequency[p]);
            const double up = grid.frequency[p] - static_cast<double>(s), down = 1 - up;
            const Complex pairs[5][2] = {{g, g}, {g, d}, {d, d}, {value, g}, {value, d}};
            for (std::size_t q = 0; q < 3; q++) {
                out.shells[s][q].add_product(weight * w * down * down, pairs[q][0], pairs[q][1]);
                out.shells[s][3 + q].add_product(weight * w * down * up, pairs[q][0], pairs[q][1]);
                out.shells[s + 1][q].add_product(weight * w * up * up, pairs[q][0], pairs[q][1]);
            }
            for (std::size_t q = 3; q < 5; q++) {
                out.shells[s][3 + q].add_product(weight * w * down, pairs[q][0], pairs[q][1]);
                out.shells[s + 1][3 + q].add_product(weight * w * up, pairs[q][0], pairs[q][1]);
            }
            for (std::size_t a = 0; a < c.positions.size(); a++) {
                const double z = (pose.rotation * c.positions[a]).z, height = c.heights[a];
                const Complex one = (f[p] + z * fz[p]) * wave[a], turn = Complex(0, -2 * pi) * height * one;
                const Complex slopes[3] = {x * turn, y * turn, height * fz[p] * wave[a]};
                for (std::size_t axis = 0; axis < 3; axis++)
                    for (int lab = 0; lab < 3; lab++)
                        own[a][axis].add_product(2 * w * pose.rotation(lab, static_cast<int>(axis)), slopes[lab], rest);
                own[a][3].add_product(2 * w, one, rest);
            }
        }
        out.likelihood.push_back(likelihood);
        out.residual.push_back(residual);
        for (std::size_t a = 0; a < own.size(); a++)
            for (std::size_t k = 0; k < 4; k++) {
                const double term = weight * own[a][k].value, size = weight * std::abs(own[a][k].size);
                out.gradient[a][k].value += term, out.gradient[a][k].size += size;
                out.scatter[a][k].value += term * term, out.scatter[a][k].size += size * size;
            }
    }
    return out;
}

/// What a table adds, from zero.
struct Found {
    ProfileSums profile;
    std::vector<AtomVector> gradient, scatter;
    std::vector<double> likelihood, residual;
    bool operator==(const Found& other) const {
        const auto numbers = [](const ProfileSums& p) {
            std::vector<double> out;
            for (const auto& s : p.shells)
                out.insert(out.end(), {s.gg, s.gd, s.dd, s.gg_next, s.gd_next, s.dd_next, s.right_g, s.right_d});
            return out;
        };
        return numbers(profile) == numbers(other.profile) && gradient == other.gradient && scatter == other.scatter &&
               likelihood == other.likelihood && residual == other.residual;
    }
};

Found sums_of(const Case& c, const Backend& backend, std::int64_t part) {
    const ResidentImages images = backend.resident(c.data.images);
    const std::int64_t all = c.data.images.images;
    Found out;
    out.profile.shells.resize(static_cast<std::size_t>(c.grid().shells()));
    out.gradient.assign(c.positions.size(), AtomVector{});
    out.scatter = out.gradient;
    out.likelihood.assign(static_cast<std::size_t>(all), -1);
    out.residual = out.likelihood;
    for (std::int64_t first = 0; first < all; first += part) {
        const std::int64_t count = std::min(part, all - first);
        const auto places = [&](std::vector<double>& v) { return std::span(v).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count)); };
        backend.add_profile_sums(images, c.scene(first, count), !c.profile.depth.empty(), out.profile);
        backend.add_atom_gradients(images, c.scene(first, count), c.profile,
                                   {out.gradient, out.scatter, places(out.likelihood), places(out.residual)});
    }
    return out;
}

double worst(double found, const Sum& expected) {
    return std::abs(found - expected.value) / std::max(expected.size, 1e-30);
}

/// Float32 rounds positions of up to 10 A to 5e-7 A (a phase of 4e-6 at 1.1 1/A, other for each atom and image) and sums of N terms
/// by at most N 6e-8 of their magnitudes, in practice a few of these. Sums over many points and images have their errors in all
/// directions: 4e-6 of the magnitudes is the phase's error if it were the same for all.
constexpr double rounding = 4e-6;

}  // namespace

TEST_CASE("sums of atoms over images equal direct sums in double", "[atoms]") {
    struct Size {
        int atoms, images, box;
        bool depth;
    };
    // One of all; a frame wider than a tile; more atoms than a warp and an odd number; more images than a slot of threads.
    for (const Size size : {Size{1, 1, 16, true}, Size{33, 3, 48, true}, Size{33, 3, 48, false}, Size{70, 2, 30, true}, Size{5, 9, 20, false}}) {
        const Case c(size.atoms, size.images, size.box, size.depth);
        const Direct expected = direct_sums(c);
        for (const NamedTable& named : every_table()) {
            INFO(named.name << ", " << size.atoms << " atoms, " << size.images << " images, box " << size.box << ", depth " << size.depth);
            const Found found = sums_of(c, Backend(*named.table, 0, 1), size.images);
            double profile = 0, gradient = 0, scatter = 0, likelihood = 0;
            for (std::size_t s = 0; s < expected.shells.size(); s++) {
                const auto& o = found.profile.shells[s];
                const double numbers[8] = {o.gg, o.gd, o.dd, o.gg_next, o.gd_next, o.dd_next, o.right_g, o.right_d};
                for (std::size_t q = 0; q < 8; q++) {
                    const bool of_depth = q == 1 || q == 2 || q == 4 || q == 5 || q == 7;
                    if (of_depth && !size.depth)
                        CHECK(numbers[q] == 0);
                    else if (expected.shells[s][q].size > 0)
                        profile = std::max(profile, worst(numbers[q], expected.shells[s][q]));
                }
            }
            for (std::size_t a = 0; a < c.positions.size(); a++)
                for (std::size_t k = 0; k < 4; k++) {
                    gradient = std::max(gradient, worst(found.gradient[a][k], expected.gradient[a][k]));
                    scatter = std::max(scatter, worst(found.scatter[a][k], expected.scatter[a][k]));
                }
            for (std::size_t i = 0; i < expected.likelihood.size(); i++)
                likelihood = std::max({likelihood, worst(found.likelihood[i], expected.likelihood[i]), worst(found.residual[i], expected.residual[i])});
            INFO("of the magnitudes: profile " << profile << ", gradient " << gradient << ", scatter " << scatter << ", likelihood " << likelihood);
            CHECK(profile < rounding);
            CHECK(gradient < rounding);
            CHECK(scatter < 2 * rounding);  // squares
            CHECK(likelihood < rounding);
        }
    }
}

TEST_CASE("sums of atoms are added to what is there, image by image, and have the same bits again", "[atoms]") {
    const Case c(20, 7, 24, true);
    for (const NamedTable& named : every_table()) {
        INFO(named.name);
        const Backend backend(*named.table, 0, 2);
        const Found whole = sums_of(c, backend, 7), parts = sums_of(c, backend, 3);
        CHECK(whole == sums_of(c, backend, 7));
        CHECK(whole.likelihood == parts.likelihood);  // an image's own
        CHECK(whole.residual == parts.residual);
        for (std::size_t a = 0; a < whole.gradient.size(); a++)
            for (std::size_t k = 0; k < 4; k++) {
                // Sums over images carry 48 bits or more.
                CHECK(parts.gradient[a][k] == Approx(whole.gradient[a][k]).epsilon(1e-10).margin(1e-10 * std::sqrt(whole.scatter[a][k])));
                CHECK(parts.scatter[a][k] == Approx(whole.scatter[a][k]).epsilon(1e-10));
            }
        for (std::size_t s = 0; s < whole.profile.shells.size(); s++)
            CHECK(parts.profile.shells[s].right_g ==
                  Approx(whole.profile.shells[s].right_g).epsilon(1e-10).margin(1e-10 * whole.profile.shells[s].gg));
    }
}

TEST_CASE("an image of weight 0 adds nothing to the sums of atoms, whatever it holds", "[atoms]") {
    Case c(8, 5, 20, true);
    c.data.weights[1] = c.data.weights[4] = 0;
    for (const NamedTable& named : every_table()) {
        INFO(named.name);
        const Backend backend(*named.table, 0, 1);
        const Found some = sums_of(c, backend, 5);
        Case spoilt = c;
        const std::size_t points = c.data.images.points.size();
        for (const std::size_t image : {std::size_t{1}, std::size_t{4}})
            for (std::size_t p = 0; p < points; p++) spoilt.data.images.values[image * points + p] = 100;
        const Found same = sums_of(spoilt, backend, 5);
        CHECK(some.gradient == same.gradient);
        CHECK(some.scatter == same.scatter);
        CHECK(some.likelihood[1] != same.likelihood[1]);
        CHECK(some.likelihood[2] == same.likelihood[2]);
        for (std::size_t s = 0; s < some.profile.shells.size(); s++) CHECK(some.profile.shells[s].right_d == same.profile.shells[s].right_d);
    }
}

TEST_CASE("without atoms the residual is the image, and without images nothing is touched", "[atoms]") {
    Case c(3, 2, 16, true);
    Case none = c;
    none.positions.clear();
    none.heights.clear();
    double power = 0;
    for (std::size_t p = 0; p < c.data.images.points.size(); p++)
        power += static_cast<double>(c.data.images.weight[p]) * std::norm(Complex(c.data.images.values[p]));
    for (const NamedTable& named : every_table()) {
        INFO(named.name);
        const Backend backend(*named.table, 0, 1);
        const Found found = sums_of(none, backend, 2);
        CHECK(found.residual[0] == Approx(power).epsilon(1e-5));
        CHECK(found.likelihood[0] == Approx(0).margin(1e-5 * power));
        for (const auto& s : found.profile.shells) CHECK((s.gg == 0 && s.right_g == 0));
        const ResidentImages images = backend.resident(c.data.images);
        std::vector<AtomVector> kept(3, AtomVector{1, 2, 3, 4}), same = kept;
        backend.add_atom_gradients(images, c.scene(1, 0), c.profile, {kept, same, {}, {}});
        CHECK(kept == std::vector<AtomVector>(3, AtomVector{1, 2, 3, 4}));
        CHECK(same == kept);
    }
}

TEST_CASE("sums of atoms refuse what does not fit together", "[atoms]") {
    const Case c(3, 2, 16, true);
    for (const NamedTable& named : every_table()) {
        INFO(named.name);
        const Backend backend(*named.table, 0, 1);
        const ResidentImages images = backend.resident(c.data.images);
        ProfileSums sums;
        sums.shells.resize(static_cast<std::size_t>(c.grid().shells()));
        CHECK_THROWS_AS(backend.add_profile_sums(images, c.scene(1, 2), true, sums), Error);
        CHECK_THROWS_AS(backend.add_profile_sums(images, c.scene(-1, 2), true, sums), Error);
        ProfileSums few = sums;
        few.shells.pop_back();
        CHECK_THROWS_AS(backend.add_profile_sums(images, c.scene(), true, few), Error);
        PreparedImages off = c.data.images;
        off.points[5].x += 0.3f / static_cast<float>(off.box);
        const ResidentImages shifted = backend.resident(off);
        CHECK_THROWS_WITH(backend.add_profile_sums(shifted, c.scene(), true, sums), Catch::Matchers::Contains("the box's own grid"));
        backend.add_profile_sums(images, c.scene(), true, sums);  // and goes on after a refusal
        CHECK(sums.shells[2].gg > 0);
        const std::vector<OverlapTable::Value> short_table(4);
        const std::vector<Vec3> apart{{0, 0, 0}};
        if (named.name != "cpu") CHECK_THROWS_AS(backend.overlap_sums(apart, {}, {short_table, 4.0, 2.0}), Error);
    }
}

TEST_CASE("overlaps of pairs of atoms equal sums over the views in double", "[atoms]") {
    std::vector<double> frequency, information;
    for (int s = 0; s < 60; s++) {
        frequency.push_back(0.02 * s);
        const double f = projected_profile(0.02 * s);
        information.push_back(s * f * f);
    }
    ThreadPool pool(2);
    const RadialOverlap overlap(frequency, information, 5, pool);
    const auto atoms = random_particle(12, 4.5, 1.5, 71);
    std::vector<Vec3> apart;
    for (const Vec3& a : atoms)
        for (const Vec3& b : atoms)
            if (&a <= &b) apart.push_back(a - b);
    for (const std::size_t count : {0, 1, 127, 300}) {
        RandomStream random(72, static_cast<std::uint32_t>(count), RandomPurpose::test);
        std::vector<WeightedView> views;
        for (std::size_t i = 0; i < count; i++) {
            const Mat3 r = random_rotation(random);
            views.push_back({{r(2, 0), r(2, 1), r(2, 2)}, 0.5 + random.uniform()});
        }
        // Places in the table are rounded to 1,250 * 6e-8 of an entry and the differences of neighbours are a hundredth of the
        // table's height; beams and distances to 6e-8: all are below 1e-6 of the magnitudes. What falls on the table's end by
        // rounding alone is small there.
        const OverlapTable table = overlap.table();
        std::array<double, 10> size{};
        for (const OverlapTable::Value& v : table.values) {
            size[0] = std::max(size[0], std::abs(v.t));
            size[1] = std::max(size[1], 2 * std::abs(v.t1));
            size[4] = std::max(size[4], 2 * std::abs(v.t1));
        }
        size[2] = size[3] = size[1];
        for (std::size_t q = 5; q < 10; q++) size[q] = size[4];
        for (const NamedTable& named : every_table()) {
            INFO(named.name << ", " << count << " views");
            const Backend backend(*named.table, 0, 1);
            const auto found = backend.overlap_sums(apart, views, table);
            REQUIRE(found.size() == apart.size());
            double largest = 0;
            for (std::size_t i = 0; i < apart.size(); i++) {
                const OverlapSums e = overlap_sums(apart[i], views, table), &o = found[i];
                const double a[10] = {o.t, o.slope.x, o.slope.y, o.slope.z, o.xx, o.xy, o.xz, o.yy, o.yz, o.zz};
                const double b[10] = {e.t, e.slope.x, e.slope.y, e.slope.z, e.xx, e.xy, e.xz, e.yy, e.yz, e.zz};
                for (std::size_t q = 0; q < 10; q++)
                    largest = std::max(largest, std::abs(a[q] - b[q]) / (size[q] * static_cast<double>(std::max<std::size_t>(count, 1))));
            }
            INFO("of the magnitudes " << largest);
            CHECK(largest < 1e-6);
            CHECK(backend.overlap_sums({}, views, table).empty());
        }
    }
}

TEST_CASE("a refinement against images ends on every backend where it ends on the processor", "[atoms]") {
    const auto truth = random_particle(24, 5, 2.3, 81);
    const SimulatedImages data = with_pixels(simulate_images(truth, 24, 36, 1.0, 0.5, false, 82));
    std::vector<FittedAtom> start(truth.size());
    RandomStream random(83, 0, RandomPurpose::test);
    for (std::size_t a = 0; a < start.size(); a++) {
        start[a].position_A = truth[a] + 0.04 * Vec3{random.normal(), random.normal(), random.normal()};
        start[a].height = 1;
    }
    NoProgress quiet;
    ImageRefinementOptions options;
    options.rounds = 3;
    const Backend processor = cpu_backend(1);
    const ImageRefinement expected = refine_atoms(processor.resident(data.images), data.poses, data.weights, start, options, processor, quiet);
    for (const NamedTable& named : every_table()) {
        INFO(named.name);
        const Backend backend(*named.table, 0, 1);
        const ImageRefinement found = refine_atoms(backend.resident(data.images), data.poses, data.weights, start, options, backend, quiet);
        double apart = 0;
        for (std::size_t a = 0; a < truth.size(); a++) {
            apart = std::max(apart, length(found.atoms[a].position_A - expected.atoms[a].position_A));
            CHECK(found.atoms[a].sigma_A.x == Approx(expected.atoms[a].sigma_A.x).epsilon(1e-3));
            CHECK(found.atoms[a].height == Approx(expected.atoms[a].height).margin(1e-5));
        }
        INFO("positions differ by " << 100 * apart << " pm");
        CHECK(apart < 5e-4);  // 0.05 pm
        CHECK(found.chi_squared == Approx(expected.chi_squared).epsilon(1e-5));
        CHECK(found.variance_scale == Approx(expected.variance_scale).epsilon(1e-4));
        CHECK(found.log_likelihood == Approx(expected.log_likelihood).epsilon(1e-5));
    }
}
