#include "atoms/joint_fit.hpp"

#include "atoms/atomic_model.hpp"
#include "atoms/peak_detection.hpp"
#include "catch.hpp"
#include "simulated_particle.hpp"
#include "tumble/error.hpp"

using namespace tumble;

namespace {

// A ball cut from the fcc lattice: its surface atoms have neighbours on one side only.
std::vector<Vec3> fcc_ball(double a, double radius) {
    std::vector<Vec3> atoms;
    for (int i = -6; i <= 6; i++)
        for (int j = -6; j <= 6; j++)
            for (int k = -6; k <= 6; k++)
                if ((i + j + k) % 2 == 0) {
                    const Vec3 p = a / 2 * Vec3{i + 0.13, j - 0.21, k + 0.08};
                    if (length(p) < radius) atoms.push_back(p);
                }
    return atoms;
}

struct Errors {
    double inwards_pm = 0, rms_pm = 0;  // of the atoms of the outermost shell; of all
};

Errors errors(const std::vector<Vec3>& found, const std::vector<Vec3>& truth) {
    Errors out;
    double outermost = 0, surface = 0;
    for (const Vec3& t : truth) outermost = std::max(outermost, length(t));
    for (std::size_t a = 0; a < truth.size(); a++) {
        const Vec3 e = found[a] - truth[a];
        out.rms_pm += dot(e, e) / static_cast<double>(truth.size());
        if (length(truth[a]) < outermost - 1) continue;
        out.inwards_pm -= 100 * dot(e, truth[a]) / length(truth[a]);
        surface++;
    }
    out.rms_pm = 100 * std::sqrt(out.rms_pm);
    out.inwards_pm /= surface;
    return out;
}

std::vector<Vec3> matched(const std::vector<Peak>& peaks, const std::vector<Vec3>& truth) {
    std::vector<Vec3> out;
    for (const Vec3& t : truth) {
        Vec3 best{1e9, 0, 0};
        for (const Peak& p : peaks)
            if (length(p.position_A - t) < length(best - t)) best = p.position_A;
        out.push_back(best);
    }
    return out;
}

std::vector<Vec3> positions(const JointFit& fit) {
    std::vector<Vec3> out;
    for (const FittedAtom& atom : fit.atoms) out.push_back(atom.position_A);
    return out;
}

}  // namespace

TEST_CASE("the joint fit removes the inward pull that plain maxima have at the surface") {
    ThreadPool pool(2);
    const auto truth = fcc_ball(3.92, 6.2);
    const std::vector<double> heights(truth.size(), 1.0);
    // Full width at half maximum 2.0 and 2.35 A (sigma = FWHM / 2.355).
    for (const double fwhm : {2.0, 2.35}) {
        const Volume map =
            render_atoms(56, 0.4, truth, heights, gaussian_shells(56, 0.4, fwhm / 2.3548), pool);
        const auto start = matched(find_peaks(map, 9, 1.2, pool), truth);
        const Errors maxima = errors(start, truth),
                     fitted = errors(positions(fit_atoms(map, start, {}, pool)), truth);
        CHECK(maxima.inwards_pm > 2);
        CHECK(std::abs(fitted.inwards_pm) < 0.1 * maxima.inwards_pm);
        CHECK(fitted.rms_pm < 0.15 * maxima.rms_pm);
    }
}

TEST_CASE("the joint fit gives heights and widths that a map was made with") {
    ThreadPool pool(2);
    const auto truth = random_particle(45, 7, 2.5, 21);
    std::vector<double> heights;
    for (std::size_t a = 0; a < truth.size(); a++) heights.push_back(a % 3 == 0 ? 0.8 : 1.1);
    Volume map = render_atoms(56, 0.4, truth, heights, gaussian_shells(56, 0.4, 0.6), pool);
    // Atom 4 is spread more than the others: replace it by a wider Gaussian of the same integral.
    const std::vector<Vec3> one{truth[4]};
    const std::vector<double> own{heights[4]};
    const Volume narrow = render_atoms(56, 0.4, one, own, gaussian_shells(56, 0.4, 0.6), pool);
    const Volume wide = render_atoms(56, 0.4, one, own, gaussian_shells(56, 0.4, 0.61), pool);
    for (std::size_t i = 0; i < map.values.size(); i++) map.values[i] += wide.values[i] - narrow.values[i];
    std::vector<Vec3> start = truth;
    for (std::size_t a = 0; a < start.size(); a++)
        start[a] = start[a] + Vec3{0.05, -0.04, a % 2 == 0 ? 0.06 : -0.05};
    const JointFit fit = fit_atoms(map, start, {}, pool);
    double mean = 0;
    for (const double h : heights) mean += h / static_cast<double>(heights.size());
    for (std::size_t a = 0; a < truth.size(); a++) {
        CHECK(length(fit.atoms[a].position_A - truth[a]) < 0.005);
        CHECK(fit.atoms[a].height == Approx(heights[a] / mean).epsilon(0.03));
        CHECK(fit.atoms[a].width_A - fit.profile.gaussian_width_A ==
              Approx(a == 4 ? 0.01 : 0.0).margin(0.002));
    }
    // Means over shells, then straight lines between them, widen the transform by up to (shell width)^2 (1/12
    // + 1/6) in variance: 0.7 % of it here, 0.002 A of the width.
    CHECK(fit.profile.gaussian_width_A == Approx(0.6).margin(0.005));
}

TEST_CASE("the joint fit is the same for any number of threads") {
    const auto truth = random_particle(30, 6, 2.4, 22);
    const std::vector<double> heights(truth.size(), 1.0);
    ThreadPool one(1), two(2), four(4);
    const Volume map = render_atoms(48, 0.4, truth, heights, gaussian_shells(48, 0.4, 0.6), one);
    std::vector<Vec3> start = truth;
    for (Vec3& p : start) p = p + Vec3{0.05, 0.03, -0.04};
    const JointFit a = fit_atoms(map, start, {}, one);
    for (ThreadPool* pool : {&two, &four}) {
        const JointFit b = fit_atoms(map, start, {}, *pool);
        for (std::size_t i = 0; i < truth.size(); i++) {
            CHECK(a.atoms[i].position_A == b.atoms[i].position_A);
            CHECK(a.atoms[i].sigma_A == b.atoms[i].sigma_A);
            CHECK(a.atoms[i].height == b.atoms[i].height);
        }
    }
}

TEST_CASE("two atoms on one place are refused") {
    ThreadPool pool(1);
    const std::vector<Vec3> atoms{{0, 0, 0}, {3, 0, 0}};
    const std::vector<double> heights{1, 1};
    const Volume map = render_atoms(40, 0.4, atoms, heights, gaussian_shells(40, 0.4, 0.6), pool);
    const std::vector<Vec3> twice{{0, 0, 0}, {0, 0, 0}, {3, 0, 0}};
    CHECK_THROWS_AS(fit_atoms(map, twice, {}, pool), Error);
}
