#include "reconstruct/atomic_rounds.hpp"

#include <algorithm>
#include <cmath>

#include "core/units.hpp"
#include "reconstruct/atomic_map.hpp"
#include "reconstruct/fold_maps.hpp"
#include "reconstruct/frame_continuity.hpp"
#include "reconstruct/global_search.hpp"
#include "tumble/error.hpp"

namespace tumble {
namespace {

constexpr int map_steps = 8;               // conjugate-gradient steps: enough for poses, see docs/performance.md
constexpr double repeated_rad = 0.02;      // candidates closer than this are one
constexpr double sure_share = 0.9;         // mean posterior share of the best poses
constexpr double polished_share = 0.05;
constexpr double kept_share = 0.002;
constexpr double predicted_share = 0.3;    // of the median score: an image below it is not predicted
constexpr double jump_probability = 1e-7;  // of a step that no tumbling explains: a wrong pose on either side
const double mate_rad = radians(6);
const double moved_rad = radians(5);

struct FoldModels {
    std::vector<ResidentTransform> transforms;
    Volume map;                // from all images
    std::vector<Vec3> atoms;   // of it
};

/// Shares so high that one pose stands for each image.
bool one_pose_each(const std::vector<PosteriorPoses>& present) {
    double mean = 0;
    for (const auto& image : present) mean += image.shares.front() / static_cast<double>(present.size());
    return mean > sure_share;
}

FoldModels fold_models(const ResidentImages& images, const std::vector<PosteriorPoses>& present, const std::vector<int>& fold,
                       const RoundOptions& options, Backend& backend, Progress& progress) {
    FoldEquations equations = fold_equations(images, weighted_poses(present), fold, options.folds, band_of(images, 0.1, options.high_per_A), backend);
    FoldModels models;
    const double radius = images->mask_radius_A;
    const bool refine = one_pose_each(present);
    std::vector<Pose> poses;
    for (const auto& image : present) poses.push_back(image.candidates.front().pose);
    NoProgress quiet;
    for (int f = 0; f < options.folds; f++) {
        Volume map = map_without(equations, f, images, options.high_per_A, map_steps, backend);
        if (auto atoms = tentative_model_of(map, radius, options.min_distance_A, options.most_atoms, backend)) {
            if (refine) {
                std::vector<float> weights;
                for (const int g : fold) weights.push_back(g == f ? 0.0f : 1.0f);
                atoms = refined(*atoms, images, poses, weights, backend, quiet);
            }
            map = rendered(*atoms, images->box, images->pixel_size_A, backend);
        }
        models.transforms.push_back(scoring_transform(map, backend));
        progress.update(0.4 * (f + 1) / options.folds);
        if (progress.cancelled()) throw Error(ErrorKind::interrupted, "interrupted between two maps");
    }
    models.map = solve_map(equations.total, images, options.high_per_A, map_steps, backend);
    if (const auto atoms = tentative_model_of(models.map, radius, options.min_distance_A, options.most_atoms, backend))
        models.atoms = atoms->positions_A;
    return models;
}

/// The operations that turn the particle, the strongest of each rotation: one that also moves it by a lattice vector differs
/// by a shift only, which every candidate finds by itself.
std::vector<NearSymmetry> turning_symmetries(std::span<const Vec3> atoms, ThreadPool& pool) {
    NearSymmetryOptions options;
    options.translation_overlap = 2;
    std::vector<NearSymmetry> distinct;
    for (const auto& s : find_near_symmetries(atoms, options, pool)) {
        const bool known = std::any_of(distinct.begin(), distinct.end(), [&](const NearSymmetry& d) {
            return d.improper == s.improper && angle_between(d.rotation, s.rotation) < radians(15);
        });
        if (!known) distinct.push_back(s);
    }
    return distinct;
}

/// Mates of a pose for every operation but the identity; those that the prior of the centring error rules out are left away.
void append_mates(const PoseCandidate& pose, std::span<const NearSymmetry> symmetries, double shift_sigma_A,
                  std::vector<PoseCandidate>& out) {
    const double farthest = 5 * shift_sigma_A;
    for (std::size_t s = 1; s < symmetries.size(); s++) {
        const Pose mate = mate_of(pose.pose, symmetries[s]);
        if (std::hypot(mate.shift_A.x, mate.shift_A.y) < farthest) out.push_back({pose.image, mate, 0});
    }
}

bool is_mate(const Pose& pose, const Pose& of, std::span<const NearSymmetry> symmetries) {
    return std::any_of(symmetries.begin(), symmetries.end(), [&](const NearSymmetry& s) {
        return angle_between(mate_of(of, s).rotation, pose.rotation) < mate_rad;
    });
}

/// Poses of a fresh search of the fold's images, and the mates of each image's best where that is new.
void append_searched(const ResidentImages& images, const ResidentTransform& model, std::span<const std::int64_t> members,
                     const std::vector<PosteriorPoses>& present, std::span<const NearSymmetry> symmetries, const RoundOptions& options,
                     const PolishOptions& polish, Backend& backend, std::vector<PoseCandidate>& out) {
    GlobalSearchOptions search;
    static_cast<SearchScope&>(search) = options.search_scope;
    search.seed = options.seed;
    search.pass = options.pass + 1;
    search.shift_sigma_A = options.shift_sigma_A;
    NoProgress quiet;
    const auto lists = global_search(images, model, members, search, backend, quiet);
    std::vector<PoseCandidate> found;
    for (const auto& list : lists) found.insert(found.end(), list.begin(), list.end());
    backend.polish_poses(images, model, polish, found);
    auto first = found.cbegin();
    for (const auto& list : lists) {
        if (list.empty()) continue;  // no orientation stands out against a model of too few atoms
        const auto last = first + static_cast<std::ptrdiff_t>(list.size());
        const auto best = std::max_element(first, last, [](const auto& a, const auto& b) { return a.score < b.score; });
        const auto& own = present[static_cast<std::size_t>(best->image)].candidates.front();
        if (!is_mate(best->pose, own.pose, symmetries)) append_mates(*best, symmetries, options.shift_sigma_A, out);
        first = last;
    }
    out.insert(out.end(), found.begin(), found.end());
}

/// Best first, each orientation once.
void thin(std::vector<PoseCandidate>& list) {
    std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    std::vector<PoseCandidate> kept;
    for (const auto& c : list) {
        const bool repeated = std::any_of(kept.begin(), kept.end(), [&](const PoseCandidate& k) {
            return angle_between(k.pose.rotation, c.pose.rotation) < repeated_rad;
        });
        if (!repeated) kept.push_back(c);
    }
    list = std::move(kept);
}

/// Shares exp(score / temperature) of each list by itself.
std::vector<std::vector<double>> shares_one_by_one(const std::vector<std::vector<PoseCandidate>>& lists, double temperature) {
    std::vector<std::vector<double>> shares;
    for (const auto& list : lists) {
        auto& mine = shares.emplace_back();
        double sum = 0;
        for (const auto& c : list) {
            mine.push_back(std::exp((c.score - list.front().score) / temperature));
            sum += mine.back();
        }
        for (auto& s : mine) s /= sum;
    }
    return shares;
}

PosteriorPoses posterior_from(const std::vector<PoseCandidate>& list, const std::vector<double>& shares) {
    std::vector<std::size_t> order(list.size());
    for (std::size_t k = 0; k < order.size(); k++) order[k] = k;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return shares[a] > shares[b]; });
    PosteriorPoses out;
    double sum = 0, best_other = -1e30;
    for (const std::size_t k : order) {
        if (k != order.front()) best_other = std::max(best_other, list[k].score);
        if (k != order.front() && shares[k] < kept_share) continue;
        out.candidates.push_back(list[k]);
        out.shares.push_back(shares[k]);
        sum += shares[k];
    }
    for (auto& s : out.shares) s /= sum;
    if (list.size() > 1) out.margin = list[order.front()].score - best_other;
    return out;
}

/// Fills mean_score, moved and strayed. Images that the model hardly predicts (blank, or of another particle) wander for ever
/// and tell nothing of whether the others are settled.
void measure_changes(const std::vector<PosteriorPoses>& before, RoundResult& result) {
    std::vector<double> scores;
    for (const auto& image : result.images) scores.push_back(image.candidates.front().score);
    for (const double s : scores) result.mean_score += s / static_cast<double>(scores.size());
    std::vector<double> sorted = scores;
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
    std::nth_element(sorted.begin(), middle, sorted.end());
    double counted = 0, moved = 0, strayed = 0;
    for (std::size_t i = 0; i < scores.size(); i++) {
        if (scores[i] < predicted_share * *middle) continue;
        const Pose& now = result.images[i].candidates.front().pose;
        const Pose& then = before[i].candidates.front().pose;
        counted += 1;
        moved += angle_between(now.rotation, then.rotation) > moved_rad;
        strayed += !is_mate(now, then, result.symmetries);
    }
    result.moved = moved / std::max(1.0, counted);
    result.strayed = strayed / std::max(1.0, counted);
}

}  // namespace

RoundResult atomic_round(const ResidentImages& images, const std::vector<PosteriorPoses>& present, const RoundOptions& options,
                         Backend& backend, Progress& progress) {
    const auto fold = draw_folds(images->images, options.folds, options.seed, options.pass);
    FoldModels models = fold_models(images, present, fold, options, backend, progress);
    RoundResult result;
    result.atoms = models.atoms.size();
    result.map = std::move(models.map);
    result.symmetries = turning_symmetries(models.atoms, backend.pool());

    PolishOptions polish;
    polish.band = band_of(images, options.low_per_A, options.high_per_A);
    polish.shift_sigma_A = options.shift_sigma_A;
    polish.steps = 3;
    std::vector<std::vector<PoseCandidate>> lists(present.size());
    for (int f = 0; f < options.folds; f++) {
        const auto& model = models.transforms[static_cast<std::size_t>(f)];
        std::vector<std::int64_t> members;
        std::vector<PoseCandidate> proposals;
        for (std::size_t i = 0; i < present.size(); i++) {
            if (fold[i] != f) continue;
            members.push_back(static_cast<std::int64_t>(i));
            proposals.insert(proposals.end(), present[i].candidates.begin(), present[i].candidates.end());
            append_mates(present[i].candidates.front(), result.symmetries, options.shift_sigma_A, proposals);
        }
        if (options.search) append_searched(images, model, members, present, result.symmetries, options, polish, backend, proposals);
        backend.polish_shifts(images, model, polish, proposals);
        for (const auto& c : proposals) lists[static_cast<std::size_t>(c.image)].push_back(c);
        progress.update(0.4 + 0.4 * (f + 1) / options.folds);
        if (progress.cancelled()) throw Error(ErrorKind::interrupted, "interrupted between two folds");
    }
    backend.pool().each(static_cast<std::int64_t>(lists.size()), [&](std::int64_t i, int) { thin(lists[static_cast<std::size_t>(i)]); });
    const auto shares = options.turn_sigma_rad > 0
                            ? forward_backward(lists, options.temperature, options.turn_sigma_rad, jump_probability, backend.pool())
                            : shares_one_by_one(lists, options.temperature);
    for (int f = 0; f < options.folds; f++) {
        std::vector<PoseCandidate> weighty;
        std::vector<PoseCandidate*> home;
        for (std::size_t i = 0; i < lists.size(); i++)
            for (std::size_t k = 0; fold[i] == f && k < lists[i].size(); k++)
                if (shares[i][k] > polished_share) weighty.push_back(lists[i][k]), home.push_back(&lists[i][k]);
        backend.polish_poses(images, models.transforms[static_cast<std::size_t>(f)], polish, weighty);
        for (std::size_t k = 0; k < weighty.size(); k++) *home[k] = weighty[k];
    }
    for (std::size_t i = 0; i < lists.size(); i++) result.images.push_back(posterior_from(lists[i], shares[i]));
    measure_changes(present, result);
    progress.update(1);
    return result;
}

}  // namespace tumble
