#include "reconstruct/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "atoms/atomic_model.hpp"
#include "atoms/lattice_fit.hpp"
#include "pose/symmetry_mates.hpp"
#include "reconstruct/map_estimate.hpp"
#include "reconstruct/particle_signal.hpp"

namespace tumble {
namespace {

/// Scores of the images of `half` against point atoms with the profile of the other half.
void score_half(const FinalStageInput& in, int half, std::span<const Vec3> positions, std::span<const double> heights,
                std::span<const double> shell_amplitude, std::vector<double>& scores, Backend& backend) {
    const auto model = scoring_transform(render_atoms(in.images->box, in.images->pixel_size_A, positions, heights, shell_amplitude, backend.pool()), backend);
    std::vector<PoseCandidate> candidates;
    for (std::size_t i = 0; i < in.poses.size(); i++)
        if (in.half[i] == half) candidates.push_back(in.poses[i]);
    PolishOptions options;
    options.band = band_of(in.images, in.bands.low, in.bands.polish_high);
    backend.score_candidates(in.images, model, options, candidates);
    for (const auto& c : candidates) scores[static_cast<std::size_t>(c.image)] = c.score;
}

/// Every atom at the mean of the places where the near symmetries put it or its likes, with the mean height.
void symmetrise(std::vector<Vec3>& positions, std::vector<double>& heights, std::span<const NearSymmetry> symmetries) {
    std::vector<Vec3> mean(positions.size());
    std::vector<double> height(positions.size(), 0), count(positions.size(), 0);
    for (const auto& s : symmetries)
        for (std::size_t b = 0; b < positions.size(); b++) {
            const Vec3 rotated = s.rotation * positions[b];
            const Vec3 place = s.improper ? s.shift_A - rotated : s.shift_A + rotated;
            for (std::size_t a = 0; a < positions.size(); a++)
                if (length(place - positions[a]) < 0.6) mean[a] = mean[a] + place, height[a] += heights[b], count[a] += 1;
        }
    for (std::size_t a = 0; a < positions.size(); a++) {
        if (count[a] == 0) continue;
        positions[a] = (1 / count[a]) * mean[a];
        heights[a] = height[a] / static_cast<double>(symmetries.size());
    }
}

/// Scores of every image against the alternative and against the atoms on their way from it; complete with both halves.
struct Comparison {
    explicit Comparison(std::size_t images) : alternative(images, 0.0), atoms(images, 0.0) {}
    std::vector<double> alternative, atoms;
    int halves = 0;
};

/// The half's images against the other half's alternative, and against its atoms at two thirds of the way from there. Let d
/// be the true displacements from the alternative and e their error in the atoms of one half. To second order, atoms at a
/// share t of the way gain t d² - t² (d² + e²) / 2, and atoms of all images, of error variance e² / 2, gain
/// d² / 2 - e² / 4: at t = 2/3 the first is 8/9 of the second for every d and e. The whole result is thus judged without
/// a third set of images; at t = 1 a test would judge atoms that nobody is given.
void compare_half(const FinalStageInput& in, int half, const HalfAtoms& other, std::span<const Vec3> positions, std::span<const double> heights,
                  Comparison& comparison, Backend& backend) {
    constexpr double kWay = 2.0 / 3;
    auto on_the_way = other.positions();
    auto height = other.heights();
    for (std::size_t a = 0; a < on_the_way.size(); a++) {
        on_the_way[a] = positions[a] + kWay * (on_the_way[a] - positions[a]);
        height[a] = heights[a] + kWay * (height[a] - heights[a]);
    }
    score_half(in, half, positions, heights, other.shell_amplitude, comparison.alternative, backend);
    score_half(in, half, on_the_way, height, other.shell_amplitude, comparison.atoms, backend);
    comparison.halves++;
}

Advantage advantage(const FinalStageInput& in, const Comparison& comparison) {
    Advantage a;
    if (comparison.halves < 2) return a;
    double sum = 0, squares = 0, n = 0;
    for (std::size_t i = 0; i < comparison.atoms.size(); i++) {
        if (in.rejected[i]) continue;
        const double d = comparison.atoms[i] - comparison.alternative[i];
        sum += d, squares += d * d, n += 1;
    }
    if (n < 2) return a;
    a.tried = true;
    a.mean = sum / n;
    a.error = std::sqrt(std::max(0.0, squares / n - a.mean * a.mean) / n);
    return a;
}

}  // namespace

const char* name_of(VerdictStatus status) {
    switch (status) {
        case VerdictStatus::ok:
            return "ok";
        case VerdictStatus::doubtful:
            return "doubtful";
        case VerdictStatus::failed:
            break;
    }
    return "failed";
}

std::vector<double> held_out_scores(const FinalStageInput& in, const HalfAtoms (&halves)[2], Backend& backend) {
    std::vector<double> scores(in.poses.size(), 0.0);
    if (halves[0].atoms.empty() || halves[1].atoms.empty()) return scores;
    for (int half = 1; half <= 2; half++) {
        const HalfAtoms& other = halves[half == 1 ? 1 : 0];
        score_half(in, half, other.positions(), other.heights(), other.shell_amplitude, scores, backend);
    }
    return scores;
}

PredictionTest test_predictions(const FinalStageInput& in, const HalfAtoms (&halves)[2], Backend& backend) {
    PredictionTest test;
    if (halves[0].atoms.empty() || halves[1].atoms.empty()) return test;
    Comparison symmetrised(in.poses.size()), on_lattice(in.poses.size());
    for (int half = 1; half <= 2; half++) {
        const HalfAtoms& other = halves[half == 1 ? 1 : 0];
        NearSymmetryOptions options;
        options.least_overlap = 0.8;
        options.translation_overlap = 2;  // a finite particle is not invariant under translations
        auto positions = other.positions();
        auto heights = other.heights();
        const auto symmetries = find_near_symmetries(positions, options, backend.pool());
        if (symmetries.size() > 1) {
            symmetrise(positions, heights, symmetries);
            compare_half(in, half, other, positions, heights, symmetrised, backend);
        }
        if (const auto lattice = fit_lattice(other.positions())) compare_half(in, half, other, lattice->sites_A, other.heights(), on_lattice, backend);
    }
    test.over_symmetrised = advantage(in, symmetrised);
    test.over_lattice = advantage(in, on_lattice);
    return test;
}

std::vector<char> bad_images(std::span<const double> scores) {
    std::vector<char> bad(scores.size(), 0);
    std::vector<double> sorted(scores.begin(), scores.end());
    if (sorted.empty()) return bad;
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
    std::nth_element(sorted.begin(), middle, sorted.end());
    const double median = *middle;
    if (median <= 0) return bad;  // nothing to judge by
    for (auto& s : sorted) s = std::abs(s - median);
    std::nth_element(sorted.begin(), middle, sorted.end());
    const double deviation = 1.4826 * *middle;
    for (std::size_t i = 0; i < scores.size(); i++) bad[i] = scores[i] <= 0 || scores[i] < median - 6 * deviation;
    return bad;
}

Verdict judge(const ReconstructResult& result, const PredictionTest& test, const SearchEnd& end) {
    Verdict verdict;
    const auto worsen = [&](VerdictStatus status, std::string reason) {
        verdict.status = std::max(verdict.status, status);
        verdict.reasons.push_back(std::move(reason));
    };
    if (result.atoms.empty()) {
        worsen(VerdictStatus::failed, "no atoms stand out of the map's noise: more images, a higher dose or right poses are needed");
        return verdict;
    }
    double mean_score = 0;
    for (const auto& image : result.images) mean_score += image.score / static_cast<double>(result.images.size());
    if (mean_score <= 0)
        worsen(VerdictStatus::failed, "the atoms of one half of the images predict the other half no better than nothing: the poses are wrong");
    const auto rejected = std::count_if(result.images.begin(), result.images.end(), [](const auto& i) { return i.rejected; });
    if (2 * rejected > static_cast<std::ptrdiff_t>(result.images.size()))
        worsen(VerdictStatus::failed, fmt::format("{} of {} images are not predicted by the others: they do not show one particle, or the poses are wrong",
                                                  rejected, result.images.size()));
    else if (4 * rejected > static_cast<std::ptrdiff_t>(result.images.size()))
        worsen(VerdictStatus::doubtful, fmt::format("{} of {} images are not predicted by the others", rejected, result.images.size()));
    const double counted = 1 - static_cast<double>(rejected) / static_cast<double>(result.images.size());
    if (end.explained < enough_explained * counted)
        worsen(VerdictStatus::doubtful,
               fmt::format("the atoms explain {:.2f} of the signal in the images, expected {:.2f} or more: the particle is put together wrongly, "
                           "or the images do not show one particle", end.explained, enough_explained));
    if (end.moving > 0.05)
        worsen(VerdictStatus::doubtful,
               fmt::format("the poses of {:.0f} % of the images were not settled: more images or a higher dose are needed, or the images do not show one particle",
                           100 * end.moving));
    const auto describe = [&](const Advantage& a, const char* alternative) {
        if (a.tried && !a.clear())
            worsen(a.mean < -3 * a.error ? VerdictStatus::failed : VerdictStatus::doubtful,
                   fmt::format("unseen images are predicted no better than by {} ({:+.2f} +- {:.2f} log-likelihood units an image): "
                               "more images, a higher dose or more views are needed", alternative, a.mean, a.error));
    };
    describe(test.over_symmetrised, "the particle's own symmetrised version");
    describe(test.over_lattice, "the same atoms on an ideal lattice");
    if (result.atoms_half_precision_pm > 25)
        worsen(VerdictStatus::doubtful, fmt::format("the atoms of the two halves lie {:.0f} pm apart (rms)", 2 * result.atoms_half_precision_pm));
    // Narrower cones leave no gap in the transform: every frequency is still met by slices of other views.
    if (result.largest_gap_deg > 65)
        worsen(VerdictStatus::doubtful,
               fmt::format("no image was taken from within {:.0f} deg of the direction ({:.2f}, {:.2f}, {:.2f}) in the particle: more views are needed",
                           result.largest_gap_deg, result.largest_gap_axis.x, result.largest_gap_axis.y, result.largest_gap_axis.z));
    return verdict;
}

}  // namespace tumble
