#include "map/restoration.hpp"

#include "catch.hpp"
#include "fourier/fsc.hpp"
#include "gaussian_atoms.hpp"

using namespace tumble;
using namespace tumble::test;

TEST_CASE("The filter is the signal's share and ends where the correlation does") {
    const std::vector<double> filter = wiener_filter(std::vector<double>{0.3, 1, 0.5, 0.2, -0.01, 0.4});
    CHECK(filter == std::vector<double>{1, 1, 2 * 0.5 / 1.5, 2 * 0.2 / 1.2, 0, 0});
}

TEST_CASE("Shells without signal below the strongest do not end the filter") {
    const std::vector<double> filter = wiener_filter(std::vector<double>{0, -0.2, 0.1, 1, 1, 0.5, -0.1, 0.3});
    CHECK(filter == std::vector<double>{1, 0, 2 * 0.1 / 1.1, 1, 1, 2 * 0.5 / 1.5, 0, 0});
}

TEST_CASE("Restoration brings a noisy map nearer to the truth than any constant factor a shell does") {
    ThreadPool pool(2);
    const int box = 32;
    GaussianAtoms atoms = ball_of_atoms(40, 9, 51);
    const Volume truth = atoms.map(box);
    Volume halves[2] = {truth, truth};
    RandomStream random(52, 0, RandomPurpose::test);
    for (Volume& half : halves)
        for (float& v : half.values) v += 0.06f * static_cast<float>(random.normal());
    const Volume mean = average_of_halves(halves[0], halves[1]);
    const std::vector<double> fsc = shell_correlation(halves[0], halves[1], {}, 0, pool).unmasked;
    const Restoration restored = restore(mean, fsc, pool);
    const auto error = [&](const Volume& map) {
        double sum = 0;
        for (std::size_t i = 0; i < map.values.size(); i++)
            sum += std::pow(map.values[i] - truth.values[i], 2);
        return sum;
    };
    const double best = error(restored.map);
    CHECK(best < 0.3 * error(mean));
    // A minimum: stronger and weaker powers of the same filter are both worse.
    for (const double power : {0.5, 2.0}) {
        std::vector<double> other = restored.filter;
        for (double& f : other) f = std::pow(f, power);
        std::vector<double> as_fsc;
        for (const double f : other) as_fsc.push_back(f / (2 - f));
        CHECK(error(restore(mean, as_fsc, pool).map) > best);
    }
}
