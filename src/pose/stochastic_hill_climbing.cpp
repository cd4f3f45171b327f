#include "pose/stochastic_hill_climbing.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "pose/score_kernel.hpp"
#include "tumble/error.hpp"

namespace tumble {
namespace {

constexpr float minus_infinity = -std::numeric_limits<float>::infinity();

void check(const DirectionPanel& directions, const SearchRows& rows, std::span<const float> previous,
           std::span<const ViewList> views) {
    check_search_rows(rows);
    const auto images = static_cast<std::size_t>(rows.images());
    if (previous.size() != images || (!views.empty() && views.size() != images))
        throw bad_input("hill climbing: found " + std::to_string(previous.size()) + " previous scores and " +
                        std::to_string(views.size()) + " view lists for " + std::to_string(images) +
                        " images");
    for (const auto& list : views)
        for (std::int64_t view : list)
            if (view < 0 || view >= 2 * directions.directions)
                throw bad_input("hill climbing: found view " + std::to_string(view) + ", expected one of " +
                                std::to_string(2 * directions.directions));
    for (std::int64_t i = 0; i < rows.images(); i++)
        if (rows.begin(i) == rows.end(i))
            throw bad_input("hill climbing: image " + std::to_string(i) + " has no row");
}

/// Candidate c of an image is its row c / views and its view number c % views.
struct Candidates {
    std::int64_t first_row, rows, all_views;
    const ViewList* list;  ///< null: all views

    std::int64_t views() const { return list ? static_cast<std::int64_t>(list->size()) : all_views; }
    std::int64_t count() const { return rows * views(); }
    std::int64_t row(std::int64_t c) const { return first_row + c / views(); }
    std::int64_t view(std::int64_t c) const {
        const std::int64_t v = c % views();
        return list ? (*list)[static_cast<std::size_t>(v)] : v;
    }
    SearchPair pair(std::int64_t c, float score) const {
        return {row(c), view(c) / 2, view(c) % 2 == 1, score};
    }
};

Candidates candidates_of(const DirectionPanel& directions, const SearchRows& rows,
                         std::span<const ViewList> views, std::int64_t image) {
    const ViewList* list = views.empty() || views[static_cast<std::size_t>(image)].empty()
                               ? nullptr
                               : &views[static_cast<std::size_t>(image)];
    return {rows.begin(image), rows.end(image) - rows.begin(image), 2 * directions.directions, list};
}

VisitingOrder order_of(const Candidates& candidates, const SearchRows& rows, const HillClimbOptions& options,
                       std::int64_t image) {
    return {candidates.count(),
            RandomStream(options.seed, static_cast<std::uint32_t>(rows.number(image)), options.purpose,
                         options.pass)};
}

/// The directions that a batch needs: all of them, or the blocks that hold a listed view.
class NeededDirections {
  public:
    NeededDirections(const AngularBasis& basis, const DirectionPanel& all, std::span<const ViewList> views,
                     std::span<const std::int64_t> images)
        : all_(&all) {
        std::vector<std::int64_t> blocks;
        for (std::int64_t image : images) {
            if (views.empty() || views[static_cast<std::size_t>(image)].empty()) return;
            for (std::int64_t view : views[static_cast<std::size_t>(image)])
                blocks.push_back(view / block_views);
        }
        std::sort(blocks.begin(), blocks.end());
        blocks.erase(std::unique(blocks.begin(), blocks.end()), blocks.end());
        const std::size_t count = all.power.size() / block_directions;
        // Copying most of the panel would cost more than it saves.
        if (10 * blocks.size() > 7 * count) return;
        selected_ = select_blocks(basis, all, blocks);
        position_.resize(count);
        for (std::size_t i = 0; i < blocks.size(); i++)
            position_[static_cast<std::size_t>(blocks[i])] = static_cast<std::int64_t>(i);
    }
    const DirectionPanel& panel() const { return position_.empty() ? *all_ : selected_; }
    /// Column of a view in the table of the panel's maxima.
    std::int64_t column(std::int64_t view) const {
        return position_.empty() ? view
                                 : position_[static_cast<std::size_t>(view / block_views)] * block_views +
                                       view % block_views;
    }
    std::int64_t columns() const { return 2 * panel().directions; }

  private:
    static constexpr std::int64_t block_views = 2 * block_directions;
    const DirectionPanel* all_;
    DirectionPanel selected_;
    std::vector<std::int64_t> position_;
};

/// Scores of an image's candidates, from the maxima of its rows.
std::vector<float> candidate_scores(const Candidates& candidates, const NeededDirections& needed,
                                    const float* maxima) {
    std::vector<float> out(static_cast<std::size_t>(candidates.count()));
    for (std::int64_t c = 0; c < candidates.count(); c++)
        out[static_cast<std::size_t>(c)] =
            maxima[(candidates.row(c) - candidates.first_row) * needed.columns() +
                   needed.column(candidates.view(c))];
    return out;
}

/// Calls body(first image, last image + 1) for runs of whole images of at most `batch_rows` rows, at least
/// one image.
template <class Body>
void for_each_batch(const std::vector<std::int64_t>& first_row, std::int64_t batch_rows, Body&& body) {
    const auto images = static_cast<std::int64_t>(first_row.size()) - 1;
    const auto row = [&](std::int64_t image) { return first_row[static_cast<std::size_t>(image)]; };
    for (std::int64_t begin = 0, end; begin < images; begin = end) {
        end = begin + 1;
        while (end < images && row(end + 1) - row(begin) <= batch_rows) end++;
        body(begin, end);
    }
}

/// Maxima of the rows of `images`, one after another, against `directions`.
std::vector<float> score_images(const AngularBasis& basis, const DirectionPanel& directions,
                                const SearchRows& rows, std::span<const std::int64_t> images,
                                std::span<const float> threshold, ThreadPool& pool) {
    std::vector<std::int64_t> selected;
    std::vector<float> limits;
    for (std::int64_t image : images)
        for (std::int64_t r = rows.begin(image); r < rows.end(image); r++) {
            selected.push_back(r);
            if (!threshold.empty()) limits.push_back(threshold[static_cast<std::size_t>(image)]);
        }
    const RowPanel panel = select_rows(basis, rows.panel, selected);
    std::vector<float> out(selected.size() * static_cast<std::size_t>(2 * directions.directions));
    score_pairs(basis, directions, panel, limits, out.data(), pool);
    return out;
}

// Rows of a batch where images have views of their own: fewer images share fewer directions.
constexpr std::int64_t neighbourhood_batch = 32;

/// Scores `images` in batches and calls choose(image, its candidates, their scores), from any thread.
template <class Choose>
void score_in_batches(const AngularBasis& basis, const DirectionPanel& directions, const SearchRows& rows,
                      std::span<const ViewList> views, const std::vector<std::int64_t>& images,
                      std::span<const float> threshold, std::int64_t batch_rows, ThreadPool& pool,
                      Choose&& choose) {
    std::vector<std::int64_t> first_row{0};
    for (std::int64_t i : images) first_row.push_back(first_row.back() + rows.end(i) - rows.begin(i));
    const std::int64_t limit = views.empty() ? batch_rows : std::min(batch_rows, neighbourhood_batch);
    for_each_batch(first_row, limit, [&](std::int64_t begin, std::int64_t end) {
        const std::span<const std::int64_t> batch(images.data() + begin,
                                                  static_cast<std::size_t>(end - begin));
        const NeededDirections needed(basis, directions, views, batch);
        const auto maxima = score_images(basis, needed.panel(), rows, batch, threshold, pool);
        const std::int64_t base = first_row[static_cast<std::size_t>(begin)];
        pool.each(end - begin, [&](std::int64_t i, int) {
            const std::int64_t image = batch[static_cast<std::size_t>(i)];
            const std::int64_t row = first_row[static_cast<std::size_t>(begin + i)] - base;
            const auto candidates = candidates_of(directions, rows, views, image);
            choose(image, candidates,
                   candidate_scores(candidates, needed, maxima.data() + row * needed.columns()));
        });
    });
}

}  // namespace

VisitingOrder::VisitingOrder(std::int64_t count, RandomStream random)
    : random_(random), candidates_(static_cast<std::size_t>(count)) {
    if (count > std::numeric_limits<std::uint32_t>::max())
        throw bad_input("hill climbing: more than 2^32 candidates");
    std::iota(candidates_.begin(), candidates_.end(), 0u);
}

std::int64_t VisitingOrder::next() {
    const auto left = static_cast<std::uint32_t>(candidates_.size() - drawn_);
    std::swap(candidates_[drawn_], candidates_[drawn_ + random_.below(left)]);
    return candidates_[drawn_++];
}

FirstImprovement first_improvement(std::span<const float> scores, float previous, VisitingOrder order) {
    for (std::int64_t visited = 1; visited <= static_cast<std::int64_t>(scores.size()); visited++) {
        const std::int64_t c = order.next();
        if (scores[static_cast<std::size_t>(c)] > previous) return {c, visited};
    }
    return {-1, static_cast<std::int64_t>(scores.size())};
}

std::vector<HillClimbStep> hill_climb(const AngularBasis& basis, const DirectionPanel& directions,
                                      const SearchRows& rows, std::span<const float> previous,
                                      std::span<const ViewList> views, const HillClimbOptions& options,
                                      ThreadPool& pool) {
    check(directions, rows, previous, views);
    std::vector<HillClimbStep> out(static_cast<std::size_t>(rows.images()));
    std::vector<std::int64_t> images(out.size());
    std::iota(images.begin(), images.end(), 0);
    score_in_batches(basis, directions, rows, views, images, previous, options.batch_rows, pool,
                     [&](std::int64_t i, const Candidates& candidates, const std::vector<float>& scores) {
                         const auto found = first_improvement(scores, previous[static_cast<std::size_t>(i)],
                                                              order_of(candidates, rows, options, i));
                         auto& step = out[static_cast<std::size_t>(i)];
                         step.visited = found.visited;
                         step.improved = found.candidate >= 0;
                         if (step.improved)
                             step.pair = candidates.pair(found.candidate,
                                                         scores[static_cast<std::size_t>(found.candidate)]);
                     });
    // Below the previous score the bound has saved the work, so the few images that did not improve are
    // scored again.
    std::erase_if(images, [&](std::int64_t i) { return out[static_cast<std::size_t>(i)].improved; });
    score_in_batches(basis, directions, rows, views, images, {}, options.batch_rows, pool,
                     [&](std::int64_t i, const Candidates& candidates, const std::vector<float>& scores) {
                         const auto best = std::max_element(scores.begin(), scores.end());
                         out[static_cast<std::size_t>(i)].pair =
                             candidates.pair(best - scores.begin(), *best);
                     });
    return out;
}

std::vector<HillClimbStep> hill_climb_one_by_one(const AngularBasis& basis, const DirectionPanel& directions,
                                                 const SearchRows& rows, std::span<const float> previous,
                                                 std::span<const ViewList> views,
                                                 const HillClimbOptions& options) {
    check(directions, rows, previous, views);
    std::vector<HillClimbStep> out;
    std::vector<float> curve(static_cast<std::size_t>(basis.angles));
    for (std::int64_t i = 0; i < rows.images(); i++) {
        const auto candidates = candidates_of(directions, rows, views, i);
        VisitingOrder order = order_of(candidates, rows, options, i);
        HillClimbStep step;
        std::int64_t best = -1;
        float best_score = minus_infinity;
        while (!step.improved && step.visited < candidates.count()) {
            const std::int64_t c = order.next();
            score_angles(basis, directions, rows.panel, candidates.row(c), candidates.view(c) / 2,
                         candidates.view(c) % 2 == 1, curve);
            const float score = *std::max_element(curve.begin(), curve.end());
            step.visited++;
            step.improved = score > previous[static_cast<std::size_t>(i)];
            if (step.improved || score > best_score || (score == best_score && c < best))
                best = c, best_score = score;
        }
        step.pair = candidates.pair(best, best_score);
        out.push_back(step);
    }
    return out;
}

ViewList nearest_views(std::span<const Mat3> bases, Vec3 view, std::int64_t count) {
    std::vector<double> closeness;
    for (const auto& base : bases) {
        const double cosine = dot({base(2, 0), base(2, 1), base(2, 2)}, view);
        closeness.push_back(cosine);
        closeness.push_back(-cosine);
    }
    ViewList out(closeness.size());
    std::iota(out.begin(), out.end(), 0);
    const auto end = out.begin() + std::min(count, static_cast<std::int64_t>(out.size()));
    std::partial_sort(out.begin(), end, out.end(), [&](std::int64_t a, std::int64_t b) {
        const double ca = closeness[static_cast<std::size_t>(a)], cb = closeness[static_cast<std::size_t>(b)];
        return ca != cb ? ca > cb : a < b;
    });
    out.erase(end, out.end());
    return out;
}

std::int64_t neighbourhood_size(int pass, int passes, std::int64_t smallest, std::int64_t total) {
    if (smallest >= total || pass >= passes - 1) return total;
    const double growth = static_cast<double>(pass) / (passes - 1);
    const double size = static_cast<double>(smallest) *
                        std::pow(static_cast<double>(total) / static_cast<double>(smallest), growth);
    return std::clamp(static_cast<std::int64_t>(std::llround(size)), smallest, total);
}

}  // namespace tumble
