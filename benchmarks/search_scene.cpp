#include "benchmarks/search_scene.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <numeric>

#include "core/random.hpp"
#include "pose/orientation_grid.hpp"
#include "pose/score.hpp"

namespace tumble::benchmark {
namespace {

constexpr int box = 160;
constexpr double lattice_px = 3.92 / 0.358, atom_sigma_px = 0.35 / 0.358;

/// Polar samples of the particle turned by `rotation`. Along a ring's radius the phase of an atom grows by a
/// constant factor, so each (angle, atom) needs one sine and cosine.
void sample_slice(const PolarGrid& grid, const std::vector<Vec3>& atoms, const Mat3& rotation,
                  Complexf* out) {
    const std::size_t n = atoms.size();
    std::vector<double> re(n), im(n), step_re(n), step_im(n);
    const double step = 1.0 / box;
    for (int j = 0; j < grid.half(); j++) {
        const double phi = 2 * std::numbers::pi * j / grid.angles;
        for (std::size_t a = 0; a < n; a++) {
            const Vec3 r = rotation * atoms[a];
            const double along = -2 * std::numbers::pi * (r.x * std::cos(phi) + r.y * std::sin(phi));
            re[a] = std::cos(along * grid.rings[0]), im[a] = std::sin(along * grid.rings[0]);
            step_re[a] = std::cos(along * step), step_im[a] = std::sin(along * step);
        }
        for (std::size_t ring = 0; ring < grid.rings.size(); ring++) {
            double sum_re = 0, sum_im = 0;
            for (std::size_t a = 0; a < n; a++) {
                sum_re += re[a], sum_im += im[a];
                const double next = re[a] * step_re[a] - im[a] * step_im[a];
                im[a] = re[a] * step_im[a] + im[a] * step_re[a];
                re[a] = next;
            }
            const double k = grid.rings[ring], pi = std::numbers::pi;
            const double envelope = std::exp(-2 * pi * pi * k * k * atom_sigma_px * atom_sigma_px);
            out[ring * static_cast<std::size_t>(grid.half()) + static_cast<std::size_t>(j)] =
                Complexf(static_cast<float>(envelope * sum_re), static_cast<float>(envelope * sum_im));
        }
    }
}

}  // namespace

// The 314 sites of an fcc lattice nearest to an off-lattice centre, moved by 0.1 A on each axis, turned at
// random.
std::vector<Vec3> scene_atoms(int crystal) {
    RandomStream random(static_cast<std::uint64_t>(crystal), 0, RandomPurpose::structure);
    const Vec3 centre{0.21 + 0.05 * crystal, 0.13, 0.34};
    std::vector<Vec3> sites;
    for (int x = -8; x <= 8; x++)
        for (int y = -8; y <= 8; y++)
            for (int z = -8; z <= 8; z++)
                if ((x + y + z) % 2 == 0)
                    sites.push_back(0.5 * lattice_px * (Vec3{x * 1.0, y * 1.0, z * 1.0} - centre));
    std::stable_sort(sites.begin(), sites.end(), [](Vec3 a, Vec3 b) { return dot(a, a) < dot(b, b); });
    sites.resize(314);
    const Mat3 turn =
        rotation_about({random.normal(), random.normal(), random.normal()}, 6 * random.uniform());
    for (auto& site : sites)
        site = turn * (site + (0.1 / 0.358) * Vec3{random.normal(), random.normal(), random.normal()});
    return sites;
}

SearchScene make_search_scene(int first_ring, std::int64_t directions, std::int64_t images, double noise,
                              int crystal, ThreadPool& pool) {
    SearchScene scene;
    for (int r = first_ring; r <= 80; r++) scene.grid.rings.push_back(static_cast<double>(r) / box);
    scene.grid.angles = 256;
    for (double k : scene.grid.rings) scene.weights.push_back(static_cast<float>(k));
    scene.bases = half_sphere_directions(directions);
    scene.slices.resize(static_cast<std::size_t>(directions) * scene.samples());
    scene.images.resize(static_cast<std::size_t>(images) * scene.samples());
    scene.image_index.resize(static_cast<std::size_t>(images));
    std::iota(scene.image_index.begin(), scene.image_index.end(), 0);
    const auto reference = scene_atoms(crystal), particle = scene_atoms(1);
    pool.each(directions + images, [&](std::int64_t i, int) {
        if (i < directions) {
            sample_slice(scene.grid, reference, scene.bases[static_cast<std::size_t>(i)],
                         scene.slices.data() + static_cast<std::size_t>(i) * scene.samples());
            return;
        }
        const std::int64_t image = i - directions;
        RandomStream random(99, static_cast<std::uint32_t>(image), RandomPurpose::noise);
        Complexf* out = scene.images.data() + static_cast<std::size_t>(image) * scene.samples();
        const Mat3 pose =
            pair_rotation(half_sphere_directions(997)[static_cast<std::size_t>(image * 389 % 997)],
                          image % 2 == 1, 6.28 * random.uniform());
        sample_slice(scene.grid, particle, pose, out);
        double power = 0;
        for (std::size_t s = 0; s < scene.samples(); s++) power += static_cast<double>(std::norm(out[s]));
        const double sigma = noise * std::sqrt(power / (2 * static_cast<double>(scene.samples())));
        for (std::size_t s = 0; s < scene.samples(); s++)
            out[s] += Complexf(static_cast<float>(sigma * random.normal()),
                               static_cast<float>(sigma * random.normal()));
    });
    return scene;
}

}  // namespace tumble::benchmark
