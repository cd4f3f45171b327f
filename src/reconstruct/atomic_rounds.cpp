#include "reconstruct/atomic_rounds.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "atoms/atomic_model.hpp"
#include "atoms/peak_detection.hpp"
#include "tumble/error.hpp"

namespace tumble {
namespace {

constexpr int map_steps = 8;              // conjugate-gradient steps: enough for poses, see docs/performance.md
constexpr double mate_cut = 15;           // mates within this much of the best are polished
constexpr std::size_t polished_mates = 4;
constexpr double least_share = 0.04;

struct FoldModels {
    std::vector<ResidentTransform> transforms;
    std::vector<Vec3> atoms;  // of the map from all images
};

FoldModels fold_models(const ResidentImages& images, const std::vector<WeightedPose>& poses, const std::vector<int>& fold,
                       const RoundOptions& options, Backend& backend, Progress& progress) {
    const Band band = band_of(images, 0.1, options.high_per_A);
    std::vector<ResidentEquations> parts;
    for (int f = 0; f < options.folds; f++) {
        std::vector<WeightedPose> part;
        for (const auto& p : poses)
            if (fold[static_cast<std::size_t>(p.image)] == f) part.push_back(p);
        parts.push_back(equations_of(images, part, band, backend));
    }
    ResidentEquations total = backend.copy(parts[0]);
    for (std::size_t f = 1; f < parts.size(); f++) backend.add(total, parts[f]);
    FoldModels models;
    const double radius = images->mask_radius_A;
    for (std::size_t f = 0; f < parts.size(); f++) {
        ResidentEquations rest = backend.copy(total);
        backend.subtract(rest, parts[f]);
        parts[f] = {};
        Volume map = solve_map(rest, images, options.high_per_A, map_steps, backend);
        if (const auto atoms = atomic_model_of(map, radius, options.min_distance_A, backend))
            map = rendered(*atoms, images->box, images->pixel_size_A, backend);
        models.transforms.push_back(scoring_transform(map, backend));
        progress.update(0.4 * static_cast<double>(f + 1) / options.folds);
        if (progress.cancelled()) throw Error(ErrorKind::interrupted, "interrupted between two maps");
    }
    const Volume map = solve_map(total, images, options.high_per_A, map_steps, backend);
    if (const auto atoms = atomic_model_of(map, radius, options.min_distance_A, backend)) models.atoms = atoms->positions_A;
    return models;
}

/// Mates of an image's best present pose, for every operation but the identity; those that the prior of the centring error
/// rules out are left away.
void append_mates(const PoseCandidate& best, std::span<const NearSymmetry> symmetries, double shift_sigma_A,
                  std::vector<PoseCandidate>& out) {
    const double farthest = 4.5 * shift_sigma_A;
    for (std::size_t s = 1; s < symmetries.size(); s++) {
        const Pose mate = mate_of(best.pose, symmetries[s]);
        if (std::hypot(mate.shift_A.x, mate.shift_A.y) < farthest) out.push_back({best.image, mate, 0});
    }
}

}  // namespace

PosteriorPoses posterior_of(std::vector<PoseCandidate> candidates, double temperature, double margin) {
    std::stable_sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    PosteriorPoses out;
    out.margin = margin;
    double sum = 0;
    for (const auto& c : candidates) {
        const double share = std::exp((c.score - candidates.front().score) / temperature);
        const bool repeated = std::any_of(out.candidates.begin(), out.candidates.end(), [&](const PoseCandidate& kept) {
            return angle_between(kept.pose.rotation, c.pose.rotation) < 0.02;
        });
        if (share < least_share || repeated) continue;
        out.candidates.push_back(c);
        out.shares.push_back(share);
        sum += share;
    }
    for (auto& s : out.shares) s /= sum;
    return out;
}

std::optional<AtomicModel> atomic_model_of(const Volume& map, double radius_A, double min_distance_A, Backend& backend) {
    const auto peaks = find_peaks(map, radius_A, min_distance_A, backend.pool());
    const auto selection = select_atoms(peaks);
    if (selection.atoms < 4) return std::nullopt;
    AtomicModel model;
    const double median = peaks[selection.atoms / 2].height;
    for (std::size_t a = 0; a < selection.atoms; a++) {
        model.positions_A.push_back(peaks[a].position_A);
        model.heights.push_back(std::min(1.15, peaks[a].height / median));
    }
    model.shell_amplitude = fit_shell_amplitude(map, model.positions_A, model.heights, backend.pool());
    for (auto& f : model.shell_amplitude) f = std::max(0.0, f);
    return model;
}

Volume rendered(const AtomicModel& model, int box, double voxel_A, Backend& backend) {
    return render_atoms(box, voxel_A, model.positions_A, model.heights, model.shell_amplitude, backend.pool());
}

RoundResult atomic_round(const ResidentImages& images, const std::vector<PosteriorPoses>& present,
                         const std::vector<std::vector<PoseCandidate>>& extra, const RoundOptions& options, Backend& backend,
                         Progress& progress) {
    const auto fold = draw_folds(images->images, options.folds, options.seed, options.pass);
    const FoldModels models = fold_models(images, weighted_poses(present), fold, options, backend, progress);
    RoundResult result;
    result.atoms = models.atoms.size();
    const auto symmetries = options.propose_mates ? find_near_symmetries(models.atoms, {}) : std::vector<NearSymmetry>{};
    result.symmetries = symmetries.empty() ? 0 : symmetries.size() - 1;
    result.images.resize(present.size());

    PolishOptions polish;
    polish.band = band_of(images, options.low_per_A, options.high_per_A);
    polish.shift_sigma_A = options.shift_sigma_A;
    polish.steps = 3;
    // Mates differ by tens of units already in the band of the strongest reflections: enough to drop most of them.
    PolishOptions screening = polish;
    screening.band.last = band_of(images, options.low_per_A, options.screening_high_per_A).last;
    for (int f = 0; f < options.folds; f++) {
        const auto& transform = models.transforms[static_cast<std::size_t>(f)];
        std::vector<std::size_t> members;
        std::vector<PoseCandidate> own, mates;
        std::vector<std::size_t> own_end, mate_end;
        for (std::size_t i = 0; i < present.size(); i++) {
            if (fold[i] != f) continue;
            members.push_back(i);
            own.insert(own.end(), present[i].candidates.begin(), present[i].candidates.end());
            if (!extra.empty()) own.insert(own.end(), extra[i].begin(), extra[i].end());
            append_mates(present[i].candidates.front(), symmetries, options.shift_sigma_A, mates);
            own_end.push_back(own.size()), mate_end.push_back(mates.size());
        }
        backend.polish_shifts(images, transform, screening, mates);
        // Of the mates only those that come near the best are worth a full polish.
        std::vector<PoseCandidate> finalists;
        std::vector<std::size_t> finalist_end;
        std::size_t mate_at = 0;
        for (std::size_t m = 0; m < members.size(); m++) {
            std::vector<PoseCandidate> mine(mates.begin() + static_cast<std::ptrdiff_t>(mate_at), mates.begin() + static_cast<std::ptrdiff_t>(mate_end[m]));
            mate_at = mate_end[m];
            std::stable_sort(mine.begin(), mine.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
            for (std::size_t k = 0; k < std::min(polished_mates, mine.size()) && mine[k].score > mine[0].score - mate_cut; k++) finalists.push_back(mine[k]);
            finalist_end.push_back(finalists.size());
        }
        backend.polish_poses(images, transform, polish, own);
        backend.polish_poses(images, transform, polish, finalists);
        std::size_t own_at = 0, finalist_at = 0;
        for (std::size_t m = 0; m < members.size(); m++) {
            std::vector<PoseCandidate> all(own.begin() + static_cast<std::ptrdiff_t>(own_at), own.begin() + static_cast<std::ptrdiff_t>(own_end[m]));
            double best_own = -1e30, best_mate = -1e30;
            for (const auto& c : all) best_own = std::max(best_own, c.score);
            for (std::size_t k = finalist_at; k < finalist_end[m]; k++) best_mate = std::max(best_mate, finalists[k].score);
            all.insert(all.end(), finalists.begin() + static_cast<std::ptrdiff_t>(finalist_at), finalists.begin() + static_cast<std::ptrdiff_t>(finalist_end[m]));
            const double margin = finalist_end[m] > finalist_at ? std::abs(best_own - best_mate) : 0;
            result.images[members[m]] = posterior_of(std::move(all), options.temperature, margin);
            own_at = own_end[m], finalist_at = finalist_end[m];
        }
        progress.update(0.4 + 0.6 * (f + 1) / options.folds);
        if (progress.cancelled()) throw Error(ErrorKind::interrupted, "interrupted between two folds");
    }
    for (const auto& image : result.images) result.mean_score += image.candidates.front().score / static_cast<double>(present.size());
    return result;
}

std::vector<PosteriorPoses> certain_poses(std::span<const Pose> poses) {
    std::vector<PosteriorPoses> out;
    for (std::size_t i = 0; i < poses.size(); i++) out.push_back({{{static_cast<std::int64_t>(i), poses[i], 0}}, {1.0}, 0});
    return out;
}

std::vector<WeightedPose> weighted_poses(const std::vector<PosteriorPoses>& posteriors) {
    std::vector<WeightedPose> out;
    for (const auto& p : posteriors)
        for (std::size_t k = 0; k < p.candidates.size(); k++)
            out.push_back({p.candidates[k].image, p.candidates[k].pose, static_cast<float>(p.shares[k])});
    return out;
}

Vec3 recentre(std::vector<PosteriorPoses>& posteriors) {
    Eigen::Matrix3d normal = 1e-9 * Eigen::Matrix3d::Identity();
    Eigen::Vector3d right = Eigen::Vector3d::Zero();
    for (const auto& p : posteriors) {
        const Pose& pose = p.candidates.front().pose;
        for (int row = 0; row < 2; row++) {
            const Eigen::Vector3d r(pose.rotation(row, 0), pose.rotation(row, 1), pose.rotation(row, 2));
            normal += r * r.transpose();
            right -= r * (row == 0 ? pose.shift_A.x : pose.shift_A.y);
        }
    }
    const Eigen::Vector3d c = normal.ldlt().solve(right);
    const Vec3 centre{c[0], c[1], c[2]};
    for (auto& p : posteriors)
        for (auto& candidate : p.candidates) {
            const Vec3 moved = candidate.pose.rotation * centre;
            candidate.pose.shift_A.x += moved.x, candidate.pose.shift_A.y += moved.y;
        }
    return centre;
}

}  // namespace tumble
