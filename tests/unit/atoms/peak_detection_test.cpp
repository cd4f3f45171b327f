#include "atoms/peak_detection.hpp"

#include "atoms/atomic_model.hpp"
#include "catch.hpp"
#include "simulated_particle.hpp"

using namespace tumble;

namespace {

// White noise, band-limited by a Gaussian as a restored map is.
Volume noise_map(int box, double voxel, double sigma_A, std::uint64_t seed) {
    RandomStream random(seed, 0, RandomPurpose::test);
    Volume noise(box, voxel);
    for (float& v : noise.values) v = static_cast<float>(random.normal());
    const int reach = static_cast<int>(std::ceil(3 * sigma_A / voxel));
    for (int axis = 0; axis < 3; axis++) {
        Volume next(box, voxel);
        for (int z = 0; z < box; z++)
            for (int y = 0; y < box; y++)
                for (int x = 0; x < box; x++) {
                    double sum = 0;
                    for (int d = -reach; d <= reach; d++) {
                        int i[3] = {x, y, z};
                        i[axis] = (i[axis] + d + box) % box;
                        sum += noise.at(i[0], i[1], i[2]) *
                               std::exp(-0.5 * d * d * voxel * voxel / (sigma_A * sigma_A));
                    }
                    next.at(x, y, z) = static_cast<float>(sum);
                }
        noise = next;
    }
    double power = 0;
    for (const float v : noise.values) power += v * v;
    const double rms = std::sqrt(power / static_cast<double>(noise.values.size()));
    for (float& v : noise.values) v = static_cast<float>(v / rms);
    return noise;
}

}  // namespace

TEST_CASE("find_peaks finds each atom once, to a small part of a voxel") {
    ThreadPool pool(2);
    const auto particle = random_particle(60, 7.5, 2.4, 11);
    const std::vector<double> heights(particle.size(), 1.0);
    const Volume map = render_atoms(56, 0.358, particle, heights, gaussian_shells(56, 0.358, 0.45), pool);
    const auto peaks = find_peaks(map, 9, 1.2, pool);
    const auto selection = select_atoms(peaks);
    REQUIRE(selection.atoms == particle.size());
    for (const Vec3& atom : particle) {
        double nearest = 1e9;
        for (std::size_t p = 0; p < selection.atoms; p++)
            nearest = std::min(nearest, length(peaks[p].position_A - atom));
        CHECK(nearest < 0.05);
    }
    for (std::size_t p = 1; p < peaks.size(); p++) CHECK(peaks[p].height <= peaks[p - 1].height);
}

TEST_CASE("find_peaks keeps the stronger of two peaks that are too close, and stays inside the radius") {
    ThreadPool pool(1);
    const std::vector<Vec3> atoms{{0, 0, 0}, {1.7, 0, 0}, {6.5, 0, 0}};
    const std::vector<double> heights{1.0, 0.8, 1.0};
    const Volume map = render_atoms(48, 0.35, atoms, heights, gaussian_shells(48, 0.35, 0.35), pool);
    CHECK(find_peaks(map, 5, 1.2, pool).size() >= 2);
    const auto apart = find_peaks(map, 5, 2.0, pool);
    REQUIRE(!apart.empty());
    CHECK(length(apart[0].position_A) < 0.1);
    for (const Peak& p : apart) CHECK((length(p.position_A) <= 5.2 && length(p.position_A - atoms[1]) > 0.2));
}

TEST_CASE("noise alone has no atoms") {
    ThreadPool pool(2);
    for (std::uint64_t seed = 0; seed < 6; seed++)
        for (const double width : {0.25, 0.4, 0.6}) {
            const Volume noise = noise_map(48, 0.358, width, 100 + seed);
            for (const double radius : {5.0, 8.0})
                CHECK(select_atoms(find_peaks(noise, radius, 1.2, pool)).atoms == 0);
        }
    CHECK(select_atoms({}).atoms == 0);
}

TEST_CASE("atoms of uneven height are told from noise by the gap") {
    ThreadPool pool(2);
    const auto particle = random_particle(60, 7.5, 2.4, 12);
    std::vector<double> heights;
    for (std::size_t a = 0; a < particle.size(); a++)
        heights.push_back(0.7 + 0.3 * static_cast<double>(a % 7) / 6);
    const auto shells = gaussian_shells(56, 0.358, 0.42);
    Volume map = render_atoms(56, 0.358, particle, heights, shells, pool);
    const double peak = find_peaks(map, 9, 1.2, pool).at(5).height;
    const Volume noise = noise_map(56, 0.358, 0.4, 5);
    for (std::size_t i = 0; i < map.values.size(); i++)
        map.values[i] += static_cast<float>(0.04 * peak) * noise.values[i];
    const auto peaks = find_peaks(map, 9, 1.2, pool);
    const auto selection = select_atoms(peaks);
    CHECK(peaks.size() > particle.size() + 10);
    CHECK(selection.atoms == particle.size());
    CHECK(selection.gap > 0.1);
    CHECK(selection.noise_height < selection.threshold);
}
