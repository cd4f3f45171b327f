#include "reconstruct/rule_search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "core/random.hpp"
#include "pose/exhaustive_search.hpp"
#include "pose/pose_polish.hpp"
#include "pose/soft_assignment.hpp"
#include "pose/stochastic_hill_climbing.hpp"
#include "tumble/error.hpp"

namespace tumble {
namespace {

constexpr std::array<double, 4> temperatures{8, 4, 2, 1};  // soft: the first for the list, then one a polish
constexpr double least_listed_share = 0.01;
constexpr int listed_pairs = 400;  // neighbours on the grid included: far more than the poses that differ
constexpr std::size_t wave_pairs = 32;  // curves an image that are asked for at once
constexpr int soft_polish_steps = 2;
constexpr double coarse_share = 0.9;  // of the progress shown

/// The row of a pair that is kept between passes is its shift's number.
using ImagePairs = std::vector<SearchPair>;

struct Search {
    const ResidentImages& images;
    const ResidentTransform& map;
    const RuleSearchOptions& options;
    SearchPanels panels;
    Backend& backend;
    Progress& progress;
};

struct PassTally {
    std::int64_t improved = 0;
    double visited = 0, score = 0;  // sums over the images
};

void log_pass(const Search& s, const char* rule, int pass, const PassTally& tally) {
    const auto n = static_cast<double>(s.images->images);
    s.progress.log(fmt::format(
        "{} pass {}: {:.1f} % of the images improved, {:.1f} % of the candidates visited, mean score {:.1f}",
        rule, pass + 1, 100 * static_cast<double>(tally.improved) / n, 100 * tally.visited / n,
        tally.score / n));
}

/// Calls body(images of a batch) for `images` in turn; `from` and `to` are the progress before and after.
template <class Body>
void in_batches(const Search& s, std::span<const std::int64_t> images, double from, double to, Body&& body) {
    const auto batch = static_cast<std::size_t>(s.options.batch_images);
    for (std::size_t first = 0; first < images.size(); first += batch) {
        const std::size_t count = std::min(batch, images.size() - first);
        body(images.subspan(first, count));
        const double done = static_cast<double>(first + count) / static_cast<double>(images.size());
        s.progress.update(coarse_share * (from + (to - from) * done));
        if (s.progress.cancelled()) throw Error(ErrorKind::interrupted, "interrupted during the search");
    }
}

std::vector<std::int64_t> all_images(const PreparedImages& images) {
    std::vector<std::int64_t> out(static_cast<std::size_t>(images.images));
    std::iota(out.begin(), out.end(), 0);
    return out;
}

/// Curve number i among `curves`.
std::span<const float> curve_of(const Search& s, const std::vector<float>& curves, std::size_t i) {
    const auto angles = static_cast<std::size_t>(s.panels.grid.angles);
    return std::span(curves).subspan(i * angles, angles);
}

/// A random candidate of every image and its score.
ImagePairs random_pairs(const Search& s) {
    const SearchPanels& p = s.panels;
    ImagePairs out;
    for (std::int64_t i = 0; i < s.images->images; i++) {
        RandomStream random(s.options.seed, static_cast<std::uint32_t>(i), RandomPurpose::starting_pose);
        const auto shift = random.below(static_cast<std::uint32_t>(p.shifts()));
        const auto view = random.below(static_cast<std::uint32_t>(p.views()));
        out.push_back({shift, view / 2, view % 2 == 1, 0});
    }
    in_batches(s, all_images(s.images), 0, 0, [&](std::span<const std::int64_t> batch) {
        std::vector<std::int64_t> shifts;
        for (const std::int64_t i : batch) shifts.push_back(out[static_cast<std::size_t>(i)].row);
        const ResidentRows rows = rows_at_shifts(p, batch, shifts, s.backend);
        std::vector<SearchPair> pairs;
        for (std::size_t b = 0; b < batch.size(); b++) {
            pairs.push_back(out[static_cast<std::size_t>(batch[b])]);
            pairs.back().row = static_cast<std::int64_t>(b);
        }
        const auto curves = s.backend.score_curves(p.resident, rows, pairs);
        for (std::size_t b = 0; b < batch.size(); b++) {
            const auto curve = curve_of(s, curves, b);
            out[static_cast<std::size_t>(batch[b])].score = *std::max_element(curve.begin(), curve.end());
        }
    });
    return out;
}

/// The views nearest to the present one of each image of a batch; no lists where that is all of them.
std::vector<ViewList> neighbourhoods(const Search& s, std::span<const std::int64_t> batch,
                                     const ImagePairs& present, std::int64_t size) {
    std::vector<ViewList> lists;
    if (size >= s.panels.views()) return lists;
    lists.resize(batch.size());
    s.backend.pool().each(static_cast<std::int64_t>(batch.size()), [&](std::int64_t b, int) {
        const auto at = static_cast<std::size_t>(b);
        const SearchPair& pair = present[static_cast<std::size_t>(batch[at])];
        const Mat3& base = s.panels.directions[static_cast<std::size_t>(pair.direction)];
        const double side = pair.mirror ? -1 : 1;
        lists[at] = nearest_views(s.panels.directions, side * Vec3{base(2, 0), base(2, 1), base(2, 2)}, size);
    });
    return lists;
}

/// One pass over `active` images among the `size` views nearest to each; images that do not improve leave the
/// list of active ones where they have seen all candidates, because no later pass can move them either.
PassTally climb_once(const Search& s, int pass, std::int64_t size, ImagePairs& present,
                     std::vector<std::int64_t>& active) {
    const SearchPanels& p = s.panels;
    PassTally tally;
    std::vector<char> improved(present.size(), 0);
    HillClimbOptions climb;
    climb.seed = s.options.seed;
    climb.pass = static_cast<std::uint32_t>(pass);
    climb.batch_rows = s.options.batch_images * p.shifts();
    if (s.options.rule == SearchRule::snhc) climb.purpose = RandomPurpose::neighbourhood;
    const auto candidates = static_cast<double>(std::min(size, p.views()) * p.shifts());
    const double most = s.options.most_passes;
    in_batches(s, active, pass / most, (pass + 1) / most, [&](std::span<const std::int64_t> batch) {
        const ResidentRows rows = rows_at_all_shifts(p, batch, s.backend);
        const auto first_row = first_rows(p, batch.size());
        std::vector<float> previous;
        for (const std::int64_t i : batch) previous.push_back(present[static_cast<std::size_t>(i)].score);
        const auto lists = neighbourhoods(s, batch, present, size);
        const auto steps =
            s.backend.hill_climb(p.resident, rows, {first_row, 0, batch}, previous, lists, climb);
        for (std::size_t b = 0; b < batch.size(); b++) {
            const auto image = static_cast<std::size_t>(batch[b]);
            present[image] = steps[b].pair;
            present[image].row -= first_row[b];
            improved[image] = steps[b].improved;
            tally.visited += static_cast<double>(steps[b].visited) / candidates;
        }
    });
    tally.visited += static_cast<double>(present.size() - active.size());  // the settled ones would visit all
    tally.improved = std::count(improved.begin(), improved.end(), 1);
    for (const auto& pair : present) tally.score += pair.score;
    if (size >= p.views())
        std::erase_if(active, [&](std::int64_t i) { return !improved[static_cast<std::size_t>(i)]; });
    return tally;
}

ImagePairs climbed_pairs(const Search& s) {
    const bool near = s.options.rule == SearchRule::snhc;
    const std::int64_t all = s.panels.views();
    const auto smallest = std::max<std::int64_t>(
        1, static_cast<std::int64_t>(s.options.smallest_neighbourhood * static_cast<double>(all)));
    ImagePairs present = random_pairs(s);
    std::vector<std::int64_t> active = all_images(s.images);
    for (int pass = 0; pass < s.options.most_passes; pass++) {
        const std::int64_t size =
            near ? neighbourhood_size(pass, s.options.growing_passes, smallest, all) : all;
        const PassTally tally = climb_once(s, pass, size, present, active);
        log_pass(s, near ? "snhc" : "shc", pass, tally);
        const double share = static_cast<double>(tally.improved) / static_cast<double>(present.size());
        if (size >= all && share < s.options.least_improved) break;
    }
    return present;
}

ImagePairs best_pairs(const Search& s) {
    const SearchPanels& p = s.panels;
    ImagePairs out;
    PassTally tally{s.images->images, static_cast<double>(s.images->images), 0};
    in_batches(s, all_images(s.images), 0, 1, [&](std::span<const std::int64_t> batch) {
        const ResidentRows rows = rows_at_all_shifts(p, batch, s.backend);
        const auto first_row = first_rows(p, batch.size());
        const auto lists = s.backend.best_pairs(p.resident, rows, {first_row}, {}, {});
        for (std::size_t b = 0; b < batch.size(); b++) {
            out.push_back(lists[b].front());
            out.back().row -= first_row[b];
            tally.score += out.back().score;
        }
    });
    log_pass(s, "exhaustive", 0, tally);
    return out;
}

/// One candidate an image.
std::vector<PosteriorPoses> candidates_of(const Search& s, const ImagePairs& pairs) {
    std::vector<PosteriorPoses> out(pairs.size());
    in_batches(s, all_images(s.images), 1, 1, [&](std::span<const std::int64_t> batch) {
        std::vector<std::int64_t> shifts;
        std::vector<SearchPair> chosen;
        for (std::size_t b = 0; b < batch.size(); b++) {
            chosen.push_back(pairs[static_cast<std::size_t>(batch[b])]);
            shifts.push_back(std::exchange(chosen.back().row, static_cast<std::int64_t>(b)));
        }
        const ResidentRows rows = rows_at_shifts(s.panels, batch, shifts, s.backend);
        const auto candidates = candidates_of(s.panels, rows, chosen, batch, shifts, s.backend);
        for (std::size_t b = 0; b < batch.size(); b++) out[static_cast<std::size_t>(batch[b])] = {{candidates[b]}, {1.0}, 0};
    });
    return out;
}

/// Of each image's weighted pairs the poses that differ from all better ones. Curves are asked for in waves: most lists
/// are full long before their pairs end.
std::vector<std::vector<PoseCandidate>> distinct_poses(const Search& s, const ResidentRows& rows,
                                                       const std::vector<std::vector<WeightedPair>>& lists,
                                                       std::span<const std::int64_t> batch,
                                                       std::span<const std::int64_t> first_row) {
    std::vector<std::vector<PoseCandidate>> kept(lists.size());
    const auto full = [&](std::size_t b) { return static_cast<int>(kept[b].size()) == s.options.list_length; };
    for (std::size_t begin = 0; begin < static_cast<std::size_t>(listed_pairs); begin += wave_pairs) {
        std::vector<SearchPair> pairs;
        std::vector<std::size_t> owner;
        for (std::size_t b = 0; b < lists.size(); b++)
            for (std::size_t k = begin; !full(b) && k < std::min(begin + wave_pairs, lists[b].size()); k++) {
                pairs.push_back(lists[b][k].pair);
                owner.push_back(b);
            }
        const auto curves = s.backend.score_curves(s.panels.resident, rows, pairs);
        for (std::size_t i = 0; i < pairs.size(); i++) {
            const std::size_t b = owner[i];
            if (full(b)) continue;
            const auto candidate = candidate_of(s.panels, curve_of(s, curves, i), pairs[i], batch[b], pairs[i].row - first_row[b]);
            const bool near = std::any_of(kept[b].begin(), kept[b].end(), [&](const PoseCandidate& k) {
                return angle_between(k.pose.rotation, candidate.pose.rotation) < s.options.separation_rad;
            });
            if (!near) kept[b].push_back(candidate);
        }
    }
    return kept;
}

std::vector<PosteriorPoses> listed_candidates(const Search& s) {
    const SearchPanels& p = s.panels;
    std::vector<PosteriorPoses> out(static_cast<std::size_t>(s.images->images));
    SoftOptions soft;
    soft.temperature = temperatures.front();
    soft.smallest_weight = least_listed_share;
    soft.count = listed_pairs;
    in_batches(s, all_images(s.images), 0, 1, [&](std::span<const std::int64_t> batch) {
        const ResidentRows rows = rows_at_all_shifts(p, batch, s.backend);
        const auto first_row = first_rows(p, batch.size());
        const auto lists = s.backend.soft_pairs(p.resident, rows, {first_row}, soft);
        auto poses = distinct_poses(s, rows, lists, batch, first_row);
        for (std::size_t b = 0; b < batch.size(); b++)
            out[static_cast<std::size_t>(batch[b])] = posterior_of(std::move(poses[b]), temperatures.front(), 0);
    });
    return out;
}

void log_soft_pass(const Search& s, std::size_t pass, std::int64_t improved,
                   const std::vector<PosteriorPoses>& poses) {
    double listed = 0, score = 0;
    for (const auto& image : poses) {
        listed += static_cast<double>(image.candidates.size());
        score += image.candidates.front().score;
    }
    const auto n = static_cast<double>(poses.size());
    s.progress.log(
        fmt::format("soft pass {}: temperature {:g}, {:.1f} % of the images improved, {:.1f} % of "
                    "the candidates visited, {:.2f} poses an image, mean score {:.1f}",
                    pass + 1, temperatures[pass], 100 * static_cast<double>(improved) / n,
                    pass == 0 ? 100.0 : 0.0, listed / n, score / n));
}

/// Polishes all candidates and weighs each image's anew.
std::vector<PosteriorPoses> polished(const Search& s, const std::vector<PosteriorPoses>& present, int steps,
                                     double temperature) {
    PolishOptions polish;
    polish.band = band_of(s.images, s.options.low_per_A, s.options.high_per_A);
    polish.shift_sigma_A = s.options.shift_sigma_A;
    polish.steps = steps;
    std::vector<PoseCandidate> flat;
    for (const auto& image : present)
        flat.insert(flat.end(), image.candidates.begin(), image.candidates.end());
    s.backend.polish_poses(s.images, s.map, polish, flat);
    std::vector<PosteriorPoses> out;
    auto next = flat.begin();
    for (const auto& image : present) {
        const auto end = next + static_cast<std::ptrdiff_t>(image.candidates.size());
        out.push_back(posterior_of({next, end}, temperature, 0));
        next = end;
    }
    return out;
}

std::vector<PosteriorPoses> soft_poses(const Search& s) {
    auto poses = listed_candidates(s);
    log_soft_pass(s, 0, s.images->images, poses);
    for (std::size_t pass = 1; pass < temperatures.size(); pass++) {
        auto next = polished(s, poses, soft_polish_steps, temperatures[pass]);
        std::int64_t improved = 0;
        for (std::size_t i = 0; i < poses.size(); i++)
            improved += next[i].candidates.front().score > poses[i].candidates.front().score;
        poses = std::move(next);
        log_soft_pass(s, pass, improved, poses);
        if (s.progress.cancelled()) throw Error(ErrorKind::interrupted, "interrupted during the search");
    }
    return poses;
}

}  // namespace

std::vector<PosteriorPoses> rule_search(const ResidentImages& images, const ResidentTransform& map,
                                        const RuleSearchOptions& options, Backend& backend,
                                        Progress& progress) {
    if (options.rule == SearchRule::automatic)
        throw bad_input("rule search: the rule is automatic, expected shc, snhc, exhaustive or soft");
    if (options.batch_images < 1 || options.most_passes < 1)
        throw bad_input("rule search: expected at least one image a batch and one pass");
    const Search s{images, map, options, search_panels(images, map, options, backend), backend, progress};
    std::vector<PosteriorPoses> poses;
    if (options.rule == SearchRule::soft) {
        poses = soft_poses(s);
    } else {
        const ImagePairs pairs = options.rule == SearchRule::exhaustive ? best_pairs(s) : climbed_pairs(s);
        poses = polished(s, candidates_of(s, pairs), PolishOptions{}.steps, 1);
    }
    progress.update(1);
    return poses;
}

}  // namespace tumble
