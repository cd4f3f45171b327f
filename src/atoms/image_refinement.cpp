#include "atoms/image_refinement.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "atoms/image_waves.hpp"
#include "atoms/projected_overlap.hpp"
#include "atoms/projected_profile.hpp"
#include "tumble/error.hpp"

namespace tumble {
namespace {

// Images are worked on in batches of this many and their sums added in the order of images, whatever the
// threads.
constexpr std::int64_t batch_images = 64;
constexpr double pair_reach_A = 8;        // in space: see overlap_matrix
constexpr double projected_reach_A = 5;   // in projection: the profile has died out
constexpr double variance_reach_A = 6.5;  // neighbours that an error bar takes into account
constexpr double least_height = 0.02;     // an atom of no height would have no position
constexpr double height_spread =
    0.3;                        // prior: heights are 1 +- 0.3; of weight only where the images hardly tell
constexpr double ridge = 1e-3;  // keeps steps finite along directions that no image sees

struct Model {
    std::vector<Vec3> positions;
    std::vector<double> heights;
    ProjectedProfile profile;
};

// Sums of one pass over the images with the model held.
struct Pass {
    std::vector<AtomVector> gradient,
        scatter;  // sum and sum of squares over images of the derivatives by atom
    std::vector<double> image_likelihood;
    double likelihood = 0, residual = 0, images = 0;
};

class Refinement {
  public:
    Refinement(const PreparedImages& images, std::span<const Pose> poses,
               std::span<const float> image_weights, std::size_t atoms, bool depth, ThreadPool& pool,
               Progress& progress)
        : images_(images),
          poses_(poses),
          image_weights_(image_weights),
          depth_(depth),
          pool_(pool),
          progress_(progress),
          grid_(images),
          waves_(static_cast<std::size_t>(pool.size()), ImageWaves(grid_, atoms)) {}

    void estimate_profile(Model& model);
    Pass evaluate(const Model& model);
    AtomMatrix normal_matrix(const Model& model);
    void step(Model& model, const Pass& pass, double largest_step_A);
    std::size_t points() const { return images_.points.size(); }

  private:
    template <class Work, class Gather>
    void for_batches(const Work& work, const Gather& gather);

    const PreparedImages& images_;
    std::span<const Pose> poses_;
    std::span<const float> image_weights_;
    bool depth_;
    ThreadPool& pool_;
    Progress& progress_;
    HalfPlaneGrid grid_;
    std::vector<ImageWaves> waves_;
};

// work(image, slot in the batch, waves) in any order; then gather(first image, count).
template <class Work, class Gather>
void Refinement::for_batches(const Work& work, const Gather& gather) {
    for (std::int64_t first = 0; first < images_.images; first += batch_images) {
        if (progress_.cancelled())
            throw Error(ErrorKind::interrupted, "The refinement against the images was stopped.");
        const std::int64_t count = std::min(batch_images, images_.images - first);
        pool_.each(count, [&](std::int64_t slot, int thread) {
            work(static_cast<std::size_t>(first + slot), static_cast<std::size_t>(slot),
                 waves_[static_cast<std::size_t>(thread)]);
        });
        gather(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
    }
}

void Refinement::estimate_profile(Model& model) {
    ProfileSums empty;
    empty.shells.resize(static_cast<std::size_t>(profile_shells(grid_)));
    ProfileSums total = empty;
    std::vector<ProfileSums> batch(static_cast<std::size_t>(batch_images));
    for_batches(
        [&](std::size_t i, std::size_t slot, ImageWaves& waves) {
            batch[slot] = empty;
            if (image_weights_[i] == 0) return;
            waves.set(project_atoms(poses_[i], model.positions, model.heights));
            std::vector<Complexf> g(points()), d(depth_ ? points() : 0);
            waves.structure_factors(false, g);
            if (depth_) waves.structure_factors(true, d);
            batch[slot].add_image(grid_, images_.weight, images_.image(static_cast<std::int64_t>(i)), g, d);
        },
        [&](std::size_t first, std::size_t count) {
            for (std::size_t slot = 0; slot < count; slot++)
                total.add(batch[slot], static_cast<double>(image_weights_[first + slot]));
        });
    model.profile = solve_profile(total, depth_);
}

Pass Refinement::evaluate(const Model& model) {
    const std::size_t atoms = model.positions.size();
    const std::vector<double> direct = model.profile.direct_at(grid_), depth = model.profile.depth_at(grid_);
    Pass pass;
    pass.gradient.assign(atoms, AtomVector{});
    pass.scatter.assign(atoms, AtomVector{});
    pass.image_likelihood.assign(static_cast<std::size_t>(images_.images), 0.0);
    std::vector<double> residual(static_cast<std::size_t>(batch_images));
    std::vector<AtomVector> gradients(static_cast<std::size_t>(batch_images) * atoms);
    for_batches(
        [&](std::size_t i, std::size_t slot, ImageWaves& waves) {
            waves.set(project_atoms(poses_[i], model.positions, model.heights));
            std::vector<Complexf> g(points()), d(depth_ ? points() : 0);
            waves.structure_factors(false, g);
            if (depth_) waves.structure_factors(true, d);
            const Complexf* image = images_.image(static_cast<std::int64_t>(i));
            double square = 0, likelihood = 0;
            for (std::size_t p = 0; p < g.size(); p++) {
                const auto f = static_cast<float>(direct[p]), fz = static_cast<float>(depth[p]),
                           w = images_.weight[p];
                const Complexf model_value = depth_ ? f * g[p] + fz * d[p] : f * g[p];
                const Complexf rest = image[p] - model_value;
                square += w * static_cast<double>(std::norm(rest));
                likelihood +=
                    w * (static_cast<double>(std::norm(image[p])) - static_cast<double>(std::norm(rest)));
                g[p] = w * f * rest;
                if (depth_) d[p] = w * fz * rest;
            }
            pass.image_likelihood[i] = likelihood;
            residual[slot] = square;
            std::vector<ProjectedGradient> projected(atoms);
            waves.gradient(g, d, projected);
            const Mat3 back = transpose(poses_[i].rotation);
            for (std::size_t a = 0; a < atoms; a++) {
                const Vec3 slope = back * Vec3{projected[a].x, projected[a].y, projected[a].z};
                gradients[slot * atoms + a] = {slope.x, slope.y, slope.z, projected[a].height};
            }
        },
        [&](std::size_t first, std::size_t count) {
            for (std::size_t slot = 0; slot < count; slot++) {
                const double weight = image_weights_[first + slot];
                pass.images += weight;
                pass.residual += weight * residual[slot];
                pass.likelihood += weight * pass.image_likelihood[first + slot];
            }
            pool_.run(static_cast<std::int64_t>(atoms), [&](std::int64_t begin, std::int64_t end, int) {
                for (auto a = static_cast<std::size_t>(begin); a < static_cast<std::size_t>(end); a++)
                    for (std::size_t slot = 0; slot < count; slot++)
                        for (std::size_t k = 0; k < 4; k++) {
                            const double value =
                                image_weights_[first + slot] * gradients[slot * atoms + a][k];
                            pass.gradient[a][k] += value;
                            pass.scatter[a][k] += value * value;
                        }
            });
        });
    return pass;
}

AtomMatrix Refinement::normal_matrix(const Model& model) {
    // Rings a quarter of a shell wide: their mean frequency stands for all their points.
    const std::vector<double> direct = model.profile.direct_at(grid_);
    std::vector<double> sum(static_cast<std::size_t>(4 * profile_shells(grid_)) + 1), frequency(sum.size());
    for (std::size_t p = 0; p < points(); p++) {
        const double information = 2 * static_cast<double>(images_.weight[p]) * direct[p] * direct[p];
        const auto ring = static_cast<std::size_t>(4 * grid_.frequency[p]);
        sum[ring] += information;
        frequency[ring] += information * grid_.frequency[p] * grid_.spacing_per_A;
    }
    for (std::size_t ring = 0; ring < sum.size(); ring++)
        if (sum[ring] > 0) frequency[ring] /= sum[ring];
    const RadialOverlap overlap(frequency, sum, projected_reach_A);
    std::vector<WeightedView> views;
    for (std::size_t i = 0; i < poses_.size(); i++) {
        const Mat3& r = poses_[i].rotation;
        if (image_weights_[i] != 0)
            views.push_back({{r(2, 0), r(2, 1), r(2, 2)}, static_cast<double>(image_weights_[i])});
    }
    return overlap_matrix(model.positions, model.heights, views, overlap, pair_reach_A, pool_);
}

void Refinement::step(Model& model, const Pass& pass, double largest_step_A) {
    constexpr double prior = 1 / (height_spread * height_spread);
    AtomMatrix matrix = normal_matrix(model);
    std::vector<AtomVector> right = pass.gradient;
    for (std::size_t a = 0; a < matrix.blocks.size(); a++) {
        right[a][3] -= prior * (model.heights[a] - 1);
        for (std::size_t n = 0; n < matrix.blocks[a].size(); n++) {
            if (matrix.neighbours[a][n] != static_cast<int>(a)) continue;
            for (std::size_t k = 0; k < 16; k += 5) matrix.blocks[a][n][k] *= 1 + ridge;
            matrix.blocks[a][n][15] += prior;
        }
    }
    const std::vector<AtomVector> change = solve(matrix, right, pool_);
    for (std::size_t a = 0; a < change.size(); a++) {
        Vec3 move{change[a][0], change[a][1], change[a][2]};
        const double far = length(move);
        if (far > largest_step_A) move = (largest_step_A / far) * move;
        model.positions[a] = model.positions[a] + move;
        model.heights[a] = std::max(model.heights[a] + change[a][3], least_height);
    }
    // The profile carries the scale: heights stay relative to their mean.
    double mean = 0;
    for (const double h : model.heights) mean += h / static_cast<double>(model.heights.size());
    for (double& h : model.heights) h /= mean;
}

// Mean square of the mask over the image: masking leaves that much of the noise power in a Fourier sample.
double mask_power(const PreparedImages& images) {
    if (!(images.mask_radius_A > 0)) return 1;
    constexpr double edge_A = 1.5, pi = 3.14159265358979323846;
    double sum = 0;
    for (int y = 0; y < images.box; y++)
        for (int x = 0; x < images.box; x++) {
            const double r = std::hypot(x - images.box / 2, y - images.box / 2) * images.pixel_size_A;
            const double past = std::clamp((r - images.mask_radius_A) / edge_A, 0.0, 1.0);
            const double mask = 0.5 * (1 + std::cos(pi * past));
            sum += mask * mask;
        }
    return sum / (static_cast<double>(images.box) * images.box);
}

// How much larger the scatter of the images' derivatives is than the normal matrix says: 1 where the model is
// right and the noise is as assumed. Errors of model and poses that change from image to image count as
// noise. The fit itself takes up a part of the scatter: four unknowns an atom against two measurements of it
// (x and y) an image.
double variance_scale(const Pass& pass, const AtomMatrix& matrix) {
    double seen = 0, expected = 0;
    for (std::size_t a = 0; a < pass.scatter.size(); a++)
        for (std::size_t n = 0; n < matrix.neighbours[a].size(); n++) {
            if (matrix.neighbours[a][n] != static_cast<int>(a)) continue;
            for (std::size_t k = 0; k < 3; k++)
                seen += pass.scatter[a][k], expected += matrix.blocks[a][n][5 * k];
        }
    const double free_share = 1 - 2 / std::max(pass.images, 4.0);
    return expected > 0 ? seen / (expected * free_share) : 1;
}

}  // namespace

ImageRefinement refine_atoms(const PreparedImages& images, std::span<const Pose> poses,
                             std::span<const float> image_weights, std::span<const FittedAtom> start,
                             const ImageRefinementOptions& options, ThreadPool& pool, Progress& progress) {
    if (poses.size() != static_cast<std::size_t>(images.images) || image_weights.size() != poses.size())
        throw bad_input("image refinement: " + std::to_string(images.images) +
                        " images need as many poses and weights, but " + std::to_string(poses.size()) +
                        " and " + std::to_string(image_weights.size()) + " were given");
    ImageRefinement result;
    result.atoms.assign(start.begin(), start.end());
    if (start.empty() || images.images == 0) return result;

    Model model;
    double mean = 0;
    for (const FittedAtom& atom : start) mean += atom.height / static_cast<double>(start.size());
    for (const FittedAtom& atom : start) {
        model.positions.push_back(atom.position_A);
        model.heights.push_back(mean > 0 ? std::max(atom.height / mean, least_height) : 1.0);
    }
    Refinement refinement(images, poses, image_weights, start.size(), options.depth, pool, progress);
    for (int round = 0; round < options.rounds; round++) {
        refinement.estimate_profile(model);
        refinement.step(model, refinement.evaluate(model), options.largest_step_A);
        progress.update((round + 1.0) / (options.rounds + 1.0));
    }
    refinement.estimate_profile(model);
    const Pass last = refinement.evaluate(model);
    const AtomMatrix matrix = refinement.normal_matrix(model);
    const std::vector<AtomVector> variance =
        inverse_diagonal(matrix, model.positions, variance_reach_A, pool);
    const double scale = variance_scale(last, matrix);
    for (std::size_t a = 0; a < start.size(); a++) {
        FittedAtom& atom = result.atoms[a];
        atom.position_A = model.positions[a];
        atom.sigma_A = {std::sqrt(scale * variance[a][0]), std::sqrt(scale * variance[a][1]),
                        std::sqrt(scale * variance[a][2])};
        atom.height = model.heights[a];
        atom.height_sigma = std::sqrt(scale * variance[a][3]);
    }
    result.shell_amplitude = model.profile.direct;
    result.depth_amplitude = model.profile.depth;
    result.image_log_likelihood = last.image_likelihood;
    if (last.images > 0) {
        result.log_likelihood = last.likelihood / last.images;
        result.chi_squared =
            last.residual / (last.images * static_cast<double>(images.points.size()) * mask_power(images));
    }
    result.variance_scale = scale;
    return result;
}

}  // namespace tumble
