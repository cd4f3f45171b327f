#include "atoms/atom_sums.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "atoms/image_waves.hpp"
#include "tumble/error.hpp"

namespace tumble {
namespace {

// Images are worked on in batches of this many and their sums added in the order of images, whatever the threads.
constexpr std::int64_t batch_images = 64;

HalfPlaneGrid grid_of(const ImageSamples& images, std::size_t shells) {
    HalfPlaneGrid grid(images.points, images.box, images.pixel_size_A);
    if (shells != static_cast<std::size_t>(grid.shells()))
        throw bad_input("image refinement: found " + std::to_string(shells) + " shells of the profile, expected the points' " +
                        std::to_string(grid.shells()));
    return grid;
}

// work(image, slot in the batch, waves) in any order; then gather(first image, count).
template <class Work, class Gather>
void for_batches(const HalfPlaneGrid& grid, const AtomScene& scene, ThreadPool& pool, const Work& work, const Gather& gather) {
    std::vector<ImageWaves> waves(static_cast<std::size_t>(pool.size()), ImageWaves(grid, scene.positions_A.size()));
    const std::int64_t last = scene.first_image + scene.image_count;
    for (std::int64_t first = scene.first_image; first < last; first += batch_images) {
        const std::int64_t count = std::min(batch_images, last - first);
        pool.each(count, [&](std::int64_t slot, int thread) {
            work(static_cast<std::size_t>(first + slot), static_cast<std::size_t>(slot), waves[static_cast<std::size_t>(thread)]);
        });
        gather(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
    }
}

}  // namespace

void add_profile_sums(const ImageSamples& images, const AtomScene& scene, bool depth, ProfileSums& sums, ThreadPool& pool) {
    const HalfPlaneGrid grid = grid_of(images, sums.shells.size());
    const std::size_t points = images.points.size();
    ProfileSums empty;
    empty.shells.resize(sums.shells.size());
    std::vector<ProfileSums> batch(static_cast<std::size_t>(batch_images));
    for_batches(
        grid, scene, pool,
        [&](std::size_t i, std::size_t slot, ImageWaves& waves) {
            batch[slot] = empty;
            if (scene.image_weights[i] == 0) return;
            waves.set(project_atoms(scene.poses[i], scene.positions_A, scene.heights));
            std::vector<Complexf> g(points), d(depth ? points : 0);
            waves.structure_factors(false, g);
            if (depth) waves.structure_factors(true, d);
            batch[slot].add_image(grid, images.weight, images.image(static_cast<std::int64_t>(i)), g, d);
        },
        [&](std::size_t first, std::size_t count) {
            for (std::size_t slot = 0; slot < count; slot++)
                sums.add(batch[slot], static_cast<double>(scene.image_weights[first + slot]));
        });
}

void add_atom_gradients(const ImageSamples& images, const AtomScene& scene, const ProjectedProfile& profile, const AtomGradients& out,
                        ThreadPool& pool) {
    const HalfPlaneGrid grid = grid_of(images, profile.direct.size());
    const std::size_t atoms = scene.positions_A.size(), points = images.points.size();
    const bool with_depth = !profile.depth.empty();
    const std::vector<double> direct = profile.direct_at(grid), depth = profile.depth_at(grid);
    std::vector<AtomVector> gradients(static_cast<std::size_t>(batch_images) * atoms);
    for_batches(
        grid, scene, pool,
        [&](std::size_t i, std::size_t slot, ImageWaves& waves) {
            waves.set(project_atoms(scene.poses[i], scene.positions_A, scene.heights));
            std::vector<Complexf> g(points), d(with_depth ? points : 0);
            waves.structure_factors(false, g);
            if (with_depth) waves.structure_factors(true, d);
            const Complexf* image = images.image(static_cast<std::int64_t>(i));
            double square = 0, likelihood = 0;
            for (std::size_t p = 0; p < g.size(); p++) {
                const auto f = static_cast<float>(direct[p]), fz = static_cast<float>(depth[p]), w = images.weight[p];
                const Complexf model_value = with_depth ? f * g[p] + fz * d[p] : f * g[p];
                const Complexf rest = image[p] - model_value;
                square += w * static_cast<double>(std::norm(rest));
                likelihood += w * (static_cast<double>(std::norm(image[p])) - static_cast<double>(std::norm(rest)));
                g[p] = w * f * rest;
                if (with_depth) d[p] = w * fz * rest;
            }
            out.likelihood[i - static_cast<std::size_t>(scene.first_image)] = likelihood;
            out.residual[i - static_cast<std::size_t>(scene.first_image)] = square;
            std::vector<ProjectedGradient> projected(atoms);
            waves.gradient(g, d, projected);
            const Mat3 back = transpose(scene.poses[i].rotation);
            for (std::size_t a = 0; a < atoms; a++) {
                const Vec3 slope = back * Vec3{projected[a].x, projected[a].y, projected[a].z};
                gradients[slot * atoms + a] = {slope.x, slope.y, slope.z, projected[a].height};
            }
        },
        [&](std::size_t first, std::size_t count) {
            pool.run(static_cast<std::int64_t>(atoms), [&](std::int64_t begin, std::int64_t end, int) {
                for (auto a = static_cast<std::size_t>(begin); a < static_cast<std::size_t>(end); a++)
                    for (std::size_t slot = 0; slot < count; slot++)
                        for (std::size_t k = 0; k < 4; k++) {
                            const double value = scene.image_weights[first + slot] * gradients[slot * atoms + a][k];
                            out.gradient[a][k] += value;
                            out.scatter[a][k] += value * value;
                        }
            });
        });
}

}  // namespace tumble
