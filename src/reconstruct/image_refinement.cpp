#include "reconstruct/image_refinement.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "atoms/half_plane_grid.hpp"
#include "atoms/projected_overlap.hpp"
#include "atoms/projected_profile.hpp"
#include "tumble/error.hpp"

namespace tumble {
namespace {

constexpr std::int64_t call_images = 256;  // of a call of the backend: it can be stopped between calls
constexpr double pair_reach_A = 8;        // in space: see AtomPairs
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
    Refinement(const ResidentImages& images, std::span<const Pose> poses,
               std::span<const float> image_weights, bool depth, const Backend& backend, Progress& progress)
        : resident_(images),
          images_(images.host()),
          poses_(poses),
          image_weights_(image_weights),
          depth_(depth),
          backend_(backend),
          progress_(progress),
          grid_(images_.points, images_.box, images_.pixel_size_A) {}

    void estimate_profile(Model& model);
    Pass evaluate(const Model& model);
    AtomMatrix normal_matrix(const Model& model);
    void step(Model& model, const Pass& pass, double largest_step_A);

  private:
    template <class Work>
    void for_calls(const Model& model, const Work& work);

    const ResidentImages& resident_;
    const PreparedImages& images_;
    std::span<const Pose> poses_;
    std::span<const float> image_weights_;
    bool depth_;
    const Backend& backend_;
    Progress& progress_;
    HalfPlaneGrid grid_;
};

// work(scene) for parts of the images, in their order.
template <class Work>
void Refinement::for_calls(const Model& model, const Work& work) {
    for (std::int64_t first = 0; first < images_.images; first += call_images) {
        if (progress_.cancelled())
            throw Error(ErrorKind::interrupted, "The refinement against the images was stopped.");
        work(AtomScene{poses_, image_weights_, model.positions, model.heights, first,
                       std::min(call_images, images_.images - first)});
    }
}

void Refinement::estimate_profile(Model& model) {
    ProfileSums total;
    total.shells.resize(static_cast<std::size_t>(grid_.shells()));
    for_calls(model, [&](const AtomScene& scene) { backend_.add_profile_sums(resident_, scene, depth_, total); });
    model.profile = solve_profile(total, depth_);
}

Pass Refinement::evaluate(const Model& model) {
    Pass pass;
    pass.gradient.assign(model.positions.size(), AtomVector{});
    pass.scatter.assign(model.positions.size(), AtomVector{});
    pass.image_likelihood.assign(static_cast<std::size_t>(images_.images), 0.0);
    std::vector<double> residual(pass.image_likelihood.size());
    for_calls(model, [&](const AtomScene& scene) {
        const auto first = static_cast<std::size_t>(scene.first_image), count = static_cast<std::size_t>(scene.image_count);
        backend_.add_atom_gradients(resident_, scene, model.profile,
                                    {pass.gradient, pass.scatter, std::span(pass.image_likelihood).subspan(first, count),
                                     std::span(residual).subspan(first, count)});
    });
    for (std::size_t i = 0; i < residual.size(); i++) {
        const double weight = image_weights_[i];
        pass.images += weight;
        pass.residual += weight * residual[i];
        pass.likelihood += weight * pass.image_likelihood[i];
    }
    return pass;
}

AtomMatrix Refinement::normal_matrix(const Model& model) {
    // Rings a quarter of a shell wide: their mean frequency stands for all their points.
    const std::vector<double> direct = model.profile.direct_at(grid_);
    std::vector<double> sum(static_cast<std::size_t>(4 * grid_.shells()) + 1), frequency(sum.size());
    for (std::size_t p = 0; p < images_.points.size(); p++) {
        const double information = 2 * static_cast<double>(images_.weight[p]) * direct[p] * direct[p];
        const auto ring = static_cast<std::size_t>(4 * grid_.frequency[p]);
        sum[ring] += information;
        frequency[ring] += information * grid_.frequency[p] * grid_.spacing_per_A;
    }
    for (std::size_t ring = 0; ring < sum.size(); ring++)
        if (sum[ring] > 0) frequency[ring] /= sum[ring];
    const RadialOverlap overlap(frequency, sum, projected_reach_A, backend_.pool());
    std::vector<WeightedView> views;
    for (std::size_t i = 0; i < poses_.size(); i++) {
        const Mat3& r = poses_[i].rotation;
        if (image_weights_[i] != 0)
            views.push_back({{r(2, 0), r(2, 1), r(2, 2)}, static_cast<double>(image_weights_[i])});
    }
    const AtomPairs pairs = atom_pairs(model.positions, pair_reach_A);
    return overlap_matrix(pairs, backend_.overlap_sums(pairs.apart_A, views, overlap.table()), model.heights);
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
    const std::vector<AtomVector> change = solve(matrix, right, backend_.pool());
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

ImageRefinement refine_atoms(const ResidentImages& images, std::span<const Pose> poses,
                             std::span<const float> image_weights, std::span<const FittedAtom> start,
                             const ImageRefinementOptions& options, const Backend& backend, Progress& progress) {
    if (poses.size() != static_cast<std::size_t>(images->images) || image_weights.size() != poses.size())
        throw bad_input("image refinement: " + std::to_string(images->images) +
                        " images need as many poses and weights, but " + std::to_string(poses.size()) +
                        " and " + std::to_string(image_weights.size()) + " were given");
    ImageRefinement result;
    result.atoms.assign(start.begin(), start.end());
    if (start.empty() || images->images == 0) return result;

    Model model;
    double mean = 0;
    for (const FittedAtom& atom : start) mean += atom.height / static_cast<double>(start.size());
    for (const FittedAtom& atom : start) {
        model.positions.push_back(atom.position_A);
        model.heights.push_back(mean > 0 ? std::max(atom.height / mean, least_height) : 1.0);
    }
    Refinement refinement(images, poses, image_weights, options.depth, backend, progress);
    for (int round = 0; round < options.rounds; round++) {
        refinement.estimate_profile(model);
        refinement.step(model, refinement.evaluate(model), options.largest_step_A);
        progress.update((round + 1.0) / (options.rounds + 1.0));
    }
    refinement.estimate_profile(model);
    const Pass last = refinement.evaluate(model);
    const AtomMatrix matrix = refinement.normal_matrix(model);
    const std::vector<AtomVector> variance =
        inverse_diagonal(matrix, model.positions, variance_reach_A, backend.pool());
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
            last.residual / (last.images * static_cast<double>(images->points.size()) * mask_power(images));
    }
    result.variance_scale = scale;
    return result;
}

}  // namespace tumble
