#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "operators/states.hpp"
#include "tumble/error.hpp"

namespace tumble {
namespace {

constexpr std::int64_t batch_images = 32;

/// Calls body(first, count) for batches of `total`.
template <class Body>
void in_batches(std::size_t total, Body&& body) {
    for (std::size_t first = 0; first < total; first += batch_images) body(first, std::min<std::size_t>(batch_images, total - first));
}

/// Candidates of pairs of rows at all shifts. Their scores are those of the grid, with which a later pass compares.
std::vector<PoseCandidate> grid_candidates(const SearchPanels& panels, const ResidentRows& rows, std::span<const SearchPair> pairs,
                                           std::span<const std::int64_t> images, Backend& backend) {
    std::vector<std::int64_t> shifts;
    for (const auto& pair : pairs) shifts.push_back(pair.row % panels.shifts());
    auto candidates = candidates_of(panels, rows, pairs, images, shifts, backend);
    for (std::size_t i = 0; i < pairs.size(); i++) candidates[i].score = static_cast<double>(pairs[i].score);
    return candidates;
}

}  // namespace

OrientationSearch::OrientationSearch(const ParticleImages& images, const MapTransform& map, const OrientationSearchOptions& options) : images_(images) {
    require_same_pixels(images, map);
    if (!(options.low_per_A >= 0 && options.low_per_A < options.high_per_A))
        throw bad_input(fmt::format("the band reaches from {} to {} 1/A: expected it to begin at 0 or above and to end higher", options.low_per_A, options.high_per_A));
    if (!(options.shift_radius_A >= 0 && options.shift_step_A > 0))
        throw bad_input(fmt::format("shifts within {} A in steps of {} A: expected a radius of 0 or more and a positive step", options.shift_radius_A, options.shift_step_A));
    const SearchScope scope{options.low_per_A, options.high_per_A, options.shift_radius_A, options.shift_step_A, options.seed, 0};
    state_ = std::make_shared<State>(State{search_panels(images.state()->resident, map.state()->resident, scope, backend_of(images.device()))});
}

std::int64_t OrientationSearch::views() const { return state_->panels.views(); }
std::int64_t OrientationSearch::shifts() const { return state_->panels.shifts(); }
int OrientationSearch::angles() const { return state_->panels.grid.angles; }

std::vector<ClimbedPose> OrientationSearch::climb(std::span<const PoseCandidate> present, const ClimbOptions& options) const {
    if (!(options.neighbourhood > 0 && options.neighbourhood <= 1))
        throw bad_input(fmt::format("the neighbourhood is {} of the views: expected above 0 and at most 1", options.neighbourhood));
    for (const auto& p : present) require_image(images_, p.image, "present poses");
    Backend& backend = backend_of(images_.device());
    const SearchPanels& panels = state_->panels;
    const auto size = std::max<std::int64_t>(1, std::llround(options.neighbourhood * static_cast<double>(panels.views())));
    HillClimbOptions climb;
    climb.seed = options.seed, climb.pass = options.pass;
    if (size < panels.views()) climb.purpose = RandomPurpose::neighbourhood;
    climb.batch_rows = batch_images * panels.shifts();
    std::vector<ClimbedPose> out(present.size());
    in_batches(present.size(), [&](std::size_t first, std::size_t count) {
        std::vector<std::int64_t> batch;
        std::vector<float> previous;
        std::vector<ViewList> lists;
        for (std::size_t b = first; b < first + count; b++) {
            batch.push_back(present[b].image);
            previous.push_back(static_cast<float>(present[b].score));
            const Mat3& r = present[b].pose.rotation;
            if (size < panels.views()) lists.push_back(nearest_views(panels.directions, {r(2, 0), r(2, 1), r(2, 2)}, size));
        }
        const ResidentRows rows = rows_at_all_shifts(panels, batch, backend);
        const auto first_row = first_rows(panels, count);
        const auto steps = backend.hill_climb(panels.resident, rows, {first_row, 0, batch}, previous, lists, climb);
        std::vector<SearchPair> pairs;
        for (const auto& step : steps) pairs.push_back(step.pair);
        const auto candidates = grid_candidates(panels, rows, pairs, batch, backend);
        for (std::size_t b = 0; b < count; b++) out[first + b] = {candidates[b], steps[b].visited, steps[b].improved};
    });
    return out;
}

std::vector<PoseCandidate> OrientationSearch::best(std::span<const std::int64_t> images) const {
    for (const auto i : images) require_image(images_, i, "images");
    Backend& backend = backend_of(images_.device());
    const SearchPanels& panels = state_->panels;
    std::vector<PoseCandidate> out;
    in_batches(images.size(), [&](std::size_t first, std::size_t count) {
        const auto batch = images.subspan(first, count);
        const ResidentRows rows = rows_at_all_shifts(panels, batch, backend);
        const auto first_row = first_rows(panels, count);
        std::vector<SearchPair> pairs;
        for (const auto& list : backend.best_pairs(panels.resident, rows, {first_row}, {}, {})) pairs.push_back(list.front());
        const auto candidates = grid_candidates(panels, rows, pairs, batch, backend);
        out.insert(out.end(), candidates.begin(), candidates.end());
    });
    return out;
}

}  // namespace tumble
