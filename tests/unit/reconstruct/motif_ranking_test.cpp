#include "reconstruct/motif_ranking.hpp"

#include <cmath>
#include <numbers>

#include "catch.hpp"
#include "core/random.hpp"
#include "pose/image_preparation.hpp"
#include "unit/pose/simulated_particle.hpp"

using namespace tumble;

namespace {

constexpr double first_ring = 0.3, last_ring = 1.0, ring_step = 0.004;

/// |sum over atoms of exp(-2 pi i k.x)|^2 averaged over all directions, by the sum over pairs.
double debye_sum(const std::vector<Vec3>& atoms, double k) {
    double sum = static_cast<double>(atoms.size());
    for (std::size_t i = 0; i < atoms.size(); i++)
        for (std::size_t j = 0; j < i; j++) {
            const double x = 2 * std::numbers::pi * k * length(atoms[i] - atoms[j]);
            sum += 2 * std::sin(x) / x;
        }
    return sum;
}

/// What the rings of such a particle look like: a falling envelope, and noise of that share of the mean.
RingProfile rings_of(const std::vector<Vec3>& atoms, double noise, std::uint64_t seed) {
    RandomStream random(seed, 0, RandomPurpose::test);
    RingProfile profile;
    profile.first_per_A = first_ring;
    profile.step_per_A = ring_step;
    for (double k = first_ring; k < last_ring; k += ring_step) {
        const double envelope = std::exp(-4 * k * k) * (1 + 0.3 * std::cos(3 * k));
        profile.power.push_back(envelope * debye_sum(atoms, k) / static_cast<double>(atoms.size()));
    }
    double mean = 0;
    for (const double p : profile.power) mean += p / static_cast<double>(profile.power.size());
    for (double& p : profile.power) p += noise * mean * random.normal();
    return profile;
}

/// Images of noise alone, of the given standard deviation.
ImageStack white_noise(int images, int side, double deviation, std::uint64_t seed) {
    ImageStack stack{images, side, side, 0.4, {}};
    RandomStream random(seed, 0, RandomPurpose::noise);
    for (int i = 0; i < images * side * side; i++)
        stack.values.push_back(static_cast<float>(5 + deviation * random.normal()));
    return stack;
}

double mean_of(const RingProfile& profile) {
    double mean = 0;
    for (const double p : profile.power) mean += p / static_cast<double>(profile.power.size());
    return mean;
}

}  // namespace

TEST_CASE("rings of a ball of each structure rank it first, with its neighbour distance") {
    ThreadPool pool(2);
    std::uint64_t seed = 1;
    for (const Motif truth :
         {Motif::fcc, Motif::hcp, Motif::bcc, Motif::decahedron, Motif::icosahedron, Motif::wurtzite})
        for (const double neighbour : {2.77, 2.5}) {
            const double radius = 10;
            const auto profile = rings_of(motif_sites(truth, neighbour, radius, {}), 0.02, seed++);
            const auto fits = rank_motifs(profile, radius, all_motifs(), 2.2, 3.6, pool);
            REQUIRE(fits.size() == all_motifs().size());
            std::string ranking;
            for (const auto& f : fits)
                ranking += std::string(name_of(f.motif)) + " " + std::to_string(f.neighbour_A) + " " +
                           std::to_string(f.unexplained) + "; ";
            INFO(name_of(truth) << " of " << neighbour << " A: " << ranking);
            CHECK(fits.front().motif == truth);
            CHECK(fits.front().neighbour_A == Approx(neighbour).margin(0.0201));
            for (std::size_t i = 1; i < fits.size(); i++)
                CHECK(fits[i - 1].unexplained <= fits[i].unexplained);
        }
}

TEST_CASE("only motifs that are asked for are ranked") {
    ThreadPool pool(1);
    const auto profile = rings_of(motif_sites(Motif::fcc, 2.77, 8, {}), 0.02, 30);
    const Motif asked[] = {Motif::diamond, Motif::bcc};
    const auto fits = rank_motifs(profile, 8, asked, 2.2, 3.6, pool);
    REQUIRE(fits.size() == 2);
    CHECK(fits[0].motif != fits[1].motif);
    for (const auto& f : fits) CHECK((f.motif == Motif::diamond || f.motif == Motif::bcc));
    CHECK(fits[0].unexplained > 0.1);
}

TEST_CASE("the ring profile of white noise is zero, whatever its deviation") {
    ThreadPool pool(2);
    NoProgress quiet;
    for (const double deviation : {0.2, 1.0}) {
        const auto stack = white_noise(100, 64, deviation, 7);
        const auto profile = ring_profile(prepare_images(stack.view(), {0.4, 12, 1}, pool, quiet), first_ring,
                                          last_ring, pool);
        REQUIRE(profile.power.size() > 150);
        CHECK(profile.first_per_A == first_ring);
        CHECK(profile.first_per_A + profile.step_per_A * static_cast<double>(profile.power.size() - 1) ==
              Approx(last_ring).margin(profile.step_per_A));
        CHECK(std::abs(mean_of(profile)) < 0.02);
        for (const double p : profile.power) REQUIRE(std::abs(p) < 0.25);
    }
}

TEST_CASE("the ring profile of a particle is its Debye sum over the power of the noise in the mask") {
    ThreadPool pool(2);
    NoProgress quiet;
    const double pixel = 0.4, noise = 0.3;
    const auto particle = test::fcc_ball(7, 0.05, 3);
    const auto simulated = test::simulated_stack(particle, 300, 64, pixel, noise, 0.1, 11);
    const auto images = prepare_images(simulated.stack.view(), {pixel, 15, 1}, pool, quiet);
    const auto profile = ring_profile(images, first_ring, last_ring, pool);
    double mask_power = 0;
    for (int y = 0; y < images.box; y++)
        for (int x = 0; x < images.box; x++) {
            const double beyond =
                pixel * std::hypot(x - images.box / 2, y - images.box / 2) - images.mask_radius_A;
            const double m = beyond <= 0     ? 1
                             : beyond >= 1.5 ? 0
                                             : 0.5 * (1 + std::cos(std::numbers::pi * beyond / 1.5));
            mask_power += m * m;
        }
    const double width = particle.width_A, peak = 2 * std::numbers::pi * width * width / (pixel * pixel);
    double cross = 0, expected_power = 0, power = 0, expected_sum = 0;
    for (std::size_t r = 0; r < profile.power.size(); r++) {
        const double k = profile.first_per_A + profile.step_per_A * static_cast<double>(r);
        const double amplitude = peak * std::exp(-2 * std::pow(std::numbers::pi * width * k, 2));
        const double expected =
            amplitude * amplitude * debye_sum(particle.atoms_A, k) / (noise * noise * mask_power);
        cross += expected * profile.power[r], expected_power += expected * expected,
            power += profile.power[r] * profile.power[r];
        expected_sum += expected;
    }
    CHECK(cross / std::sqrt(expected_power * power) > 0.98);
    CHECK(mean_of(profile) * static_cast<double>(profile.power.size()) == Approx(expected_sum).epsilon(0.1));
}

TEST_CASE("ring profile and ranking have the same bits for any number of threads") {
    ThreadPool one(1), two(2), three(3);
    NoProgress quiet;
    const auto simulated = test::simulated_stack(test::fcc_ball(6, 0.05, 4), 40, 48, 0.4, 0.3, 0.1, 12);
    const auto images = prepare_images(simulated.stack.view(), {0.4, 13, 1}, one, quiet);
    const auto profile = ring_profile(images, first_ring, last_ring, one);
    CHECK(mean_of(profile) > 0.1);
    CHECK(ring_profile(images, first_ring, last_ring, two).power == profile.power);
    CHECK(ring_profile(images, first_ring, last_ring, three).power == profile.power);
    const auto a = rank_motifs(profile, 6, all_motifs(), 2.2, 3.6, one),
               b = rank_motifs(profile, 6, all_motifs(), 2.2, 3.6, three);
    REQUIRE(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); i++) {
        CHECK(a[i].motif == b[i].motif);
        CHECK(a[i].neighbour_A == b[i].neighbour_A);
        CHECK(a[i].unexplained == b[i].unexplained);
    }
}
