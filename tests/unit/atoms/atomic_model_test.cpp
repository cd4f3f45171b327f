#include "atoms/atomic_model.hpp"

#include <numbers>

#include "catch.hpp"
#include "core/random.hpp"
#include "simulated_particle.hpp"

using namespace tumble;

TEST_CASE("render_atoms equals analytic Gaussians at any position") {
    ThreadPool pool(2);
    const int box = 48;
    const double voxel = 0.4, sigma = 0.55;
    const std::vector<Vec3> atoms{{0.13, -0.41, 2.77}, {-3.21, 1.07, 0.05}, {4.4, 4.1, -3.9}};
    const std::vector<double> heights{1, 0.6, 1.3};
    const Volume map = render_atoms(box, voxel, atoms, heights, gaussian_shells(box, voxel, sigma), pool);
    double worst = 0, peak = 0;
    for (int z = 0; z < box; z++)
        for (int y = 0; y < box; y++)
            for (int x = 0; x < box; x++) {
                const Vec3 r = voxel * Vec3{x - box / 2.0, y - box / 2.0, z - box / 2.0};
                double expected = 0;
                for (std::size_t a = 0; a < atoms.size(); a++) {
                    const double d = length(r - atoms[a]) / sigma;
                    expected += heights[a] * std::exp(-0.5 * d * d);
                }
                expected *= std::pow(voxel / sigma, 3) / std::pow(2 * std::numbers::pi, 1.5);
                worst = std::max(worst, std::abs(map.at(x, y, z) - expected));
                peak = std::max(peak, expected);
            }
    // Interpolation of the profile between shells is the only approximation, at most 1/8 of its largest
    // curvature at any frequency: (2 pi sigma / (box voxel))^2 / 8 = 0.4 %, hence so much of the peak times
    // the mean over its transform.
    CHECK(worst < 0.01 * peak);
}

TEST_CASE("fit_shell_amplitude finds the profile that a map was made with") {
    ThreadPool pool(2);
    // A far larger box than the particle: the profile is then nearly constant over a shell, as the step
    // formula assumes.
    const int box = 64;
    const auto particle = random_particle(25, 4.5, 1.6, 3);
    std::vector<double> heights(particle.size(), 1.0);
    heights[3] = 0.7;
    const auto shells = gaussian_shells(box, 0.4, 0.5);
    const Volume map = render_atoms(box, 0.4, particle, heights, shells, pool);
    const auto found = fit_shell_amplitude(map, particle, heights, pool);
    REQUIRE(found.size() == static_cast<std::size_t>(box / 2 + 1));
    for (std::size_t s = 2; s + 2 < found.size(); s++)
        CHECK(found[s] == Approx(shells[s]).epsilon(0.02).margin(1e-3));
}

TEST_CASE("render_atoms and fit_shell_amplitude are the same for any number of threads") {
    const auto particle = random_particle(20, 5, 2.0, 4);
    const std::vector<double> heights(particle.size(), 1.0);
    ThreadPool one(1), three(3);
    const auto shells = gaussian_shells(32, 0.4, 0.5);
    const Volume a = render_atoms(32, 0.4, particle, heights, shells, one);
    const Volume b = render_atoms(32, 0.4, particle, heights, shells, three);
    CHECK(a.values == b.values);
    CHECK(fit_shell_amplitude(a, particle, heights, one) == fit_shell_amplitude(b, particle, heights, three));
}
