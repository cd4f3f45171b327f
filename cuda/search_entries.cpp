#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "context.hpp"
#include "entries.hpp"
#include "kernels/choice.hpp"
#include "kernels/coarse_list.hpp"
#include "kernels/curve.hpp"
#include "kernels/score.hpp"
#include "pose/soft_assignment.hpp"
#include "resident.hpp"

namespace tumble::cuda {
namespace {

static_assert(sizeof(CurvePair) == curve_pair_bytes);

constexpr std::int64_t block_directions = DeviceSearch::block_directions;
constexpr std::int64_t block_views = 2 * block_directions;
constexpr float infinity = std::numeric_limits<float>::infinity();
// Blocks of directions of the first step of a search for the best: small, to have a threshold early.
constexpr std::int64_t first_step = 24;

std::int64_t blocks_of(const DeviceSearch& search) {
    return (search.directions + block_directions - 1) / block_directions;
}

std::size_t size(std::int64_t count) {
    return static_cast<std::size_t>(count);
}

void require_batch(const Batch& batch, const DeviceRows& rows) {
    bool good = batch.images >= 0 && batch.first_row[0] == 0 && batch.first_row[batch.images] == rows.rows;
    for (std::int64_t i = 0; good && i < batch.images; i++)
        good = batch.first_row[i] <= batch.first_row[i + 1];
    if (!good)
        refuse("search: the images' rows do not cover the panel of " + std::to_string(rows.rows) +
               " rows in ascending order");
}

/// The blocks of directions that hold a listed view, or all.
struct NeededBlocks {
    std::int64_t count = 0;
    DeviceBuffer<int> list, position;  ///< empty: all

    static NeededBlocks all(const DeviceSearch& search) { return {blocks_of(search), {}, {}}; }
    static NeededBlocks of(Device& device, const DeviceSearch& search, std::span<const std::int64_t> views) {
        std::vector<int> position(size(blocks_of(search)), -1), list;
        for (const std::int64_t view : views) position[size(view / block_views)] = 0;
        for (std::size_t b = 0; b < position.size(); b++)
            if (position[b] == 0) {
                position[b] = static_cast<int>(list.size());
                list.push_back(static_cast<int>(b));
            }
        return {static_cast<std::int64_t>(list.size()), to_device<int>(device, list, "blocks of directions"),
                to_device<int>(device, position, "places of the blocks")};
    }
};

/// What the search rules have in common: a search, its rows, their images, and a table of scores with a
/// threshold for each row.
class Scorer {
  public:
    Scorer(Device& device, const DeviceSearch& search, const DeviceRows& rows, const Batch& batch)
        : device_(device),
          search_(search),
          rows_(rows),
          first_row_(to_device(device, std::span(batch.first_row, size(batch.images) + 1),
                               "first rows of the images")),
          first_row_on_host_(batch.first_row) {
        candidates_.first_row = first_row_.data();
        candidates_.all_views = 2 * search.directions;
        for (std::int64_t i = 0; i < batch.images; i++)
            if ((batch.first_row[i + 1] - batch.first_row[i]) * candidates_.all_views > most_candidates)
                refuse("search: image " + std::to_string(i) + " has more than 2^32 - 1 candidates");
    }

    Device& device() const { return device_; }
    /// The table's room for the next calls. What was there goes first, so that no two tables are held.
    void reserve(std::int64_t rows, std::int64_t blocks) {
        resize(table_, size(rows * blocks * block_views), "scores");
        resize(threshold_, size(rows), "thresholds");
    }
    /// Rows and images that the next calls are about. An image may have more rows than these.
    void select(std::int64_t first_row, std::int64_t rows, std::int64_t first_image, std::int64_t images) {
        window_ = {};
        window_.first_row = first_row;
        window_.rows = rows;
        window_.threshold = threshold_.data();
        window_.maxima = table_.data();
        candidates_.first_image = first_image;
        candidates_.images = images;
    }
    void set_views(const int* views, const std::int64_t* first_view) {
        candidates_.views = views;
        candidates_.first_view = first_view;
    }
    const ImageCandidates& candidates() const { return candidates_; }
    const std::int64_t* first_row() const { return first_row_on_host_; }

    /// Thresholds of the rows, from values of the images.
    void set_thresholds(const float* of_images) {
        spread_over_rows(device_, table_of(0, 0, nullptr), candidates_, of_images, threshold_.data());
    }
    ScoreTable score(const NeededBlocks& needed) { return score(0, needed.count, needed); }
    /// Adds the best of the selected rows to the lists. Where all directions are wanted, in steps of up to
    /// `largest_step` blocks that raise the thresholds.
    void collect_best(const BestLists& lists, const NeededBlocks& needed, std::int64_t largest_step) {
        offer_scores(device_, table_of(0, 0, nullptr), candidates_, lists, threshold_.data());
        std::int64_t step = needed.list.empty() ? std::min(first_step, largest_step) : needed.count;
        for (std::int64_t first = 0; first < needed.count;
             first += step, step = std::min(2 * step, largest_step)) {
            const ScoreTable table = score(first, std::min(step, needed.count - first), needed);
            offer_scores(device_, table, candidates_, lists, threshold_.data());
            if (first + step >= needed.count) break;
        }
    }

  private:
    void resize(DeviceBuffer<float>& buffer, std::size_t floats, const char* what) const {
        if (buffer.size() == floats) return;
        buffer = {};
        buffer = DeviceBuffer<float>(device_, floats, what);
    }
    ScoreTable table_of(std::int64_t first_block, std::int64_t blocks, const int* position) const {
        ScoreTable table;
        table.scores = table_.data();
        table.columns = blocks * block_views;
        table.first_row = window_.first_row;
        table.rows = window_.rows;
        table.first_view = first_block * block_views;
        table.views = blocks == 0 ? 0 : std::min(table.columns, candidates_.all_views - table.first_view);
        table.block_position = position;
        return table;
    }
    ScoreTable score(std::int64_t first_block, std::int64_t blocks, const NeededBlocks& needed) {
        const ScoreTable table = table_of(first_block, blocks, needed.position.data());
        window_.first_block = first_block;
        window_.blocks = blocks;
        window_.block_list = needed.list.data();
        window_.columns = table.columns;
        score_window(device_, search_, rows_, window_);
        return table;
    }

    Device& device_;
    const DeviceSearch& search_;
    const DeviceRows& rows_;
    DeviceBuffer<std::int64_t> first_row_;
    const std::int64_t* first_row_on_host_;
    DeviceBuffer<float> table_, threshold_;
    ImageCandidates candidates_;
    ScoreWindow window_;
};

/// Pair of a candidate of an image that takes all views, or those of `views`.
Pair pair_of(std::int64_t first_row, std::span<const std::int64_t> views, std::int64_t all_views,
             std::uint32_t candidate, float score) {
    const std::int64_t count = views.empty() ? all_views : static_cast<std::int64_t>(views.size());
    const std::int64_t number = candidate % count, view = views.empty() ? number : views[size(number)];
    return {first_row + candidate / count, view / 2, static_cast<std::int32_t>(view % 2), score};
}

/// Lists of the images of a batch on the device, and on the host when the device has filled them.
class ListsOfImages {
  public:
    ListsOfImages(Device& device, std::int64_t images, std::int64_t capacity, const float* incumbent,
                  float cut)
        : device_(device),
          images_(images),
          keys_(device, size(images * capacity), "lists of candidates"),
          found_(device, size(images), "lengths of the lists") {
        clear(device, found_);
        lists_ = {keys_.data(), found_.data(), incumbent, static_cast<int>(capacity), cut};
    }
    const BestLists& on_device() const { return lists_; }
    void fetch() {
        h_keys_.resize(keys_.size());
        h_found_.resize(size(images_));
        copy_to_host(device_, keys_.data(), h_keys_.size(), h_keys_.data());
        copy_to_host(device_, found_.data(), h_found_.size(), h_found_.data());
        device_.synchronize("search for the best");
    }
    /// Best first, those that are worse than the best by more than the cut left out.
    std::span<const CandidateKey> list(std::int64_t image) const {
        const std::span keys(h_keys_.data() + image * lists_.capacity, size(h_found_[size(image)]));
        std::size_t length = keys.size();
        while (length > 0 && score_of(keys[length - 1]) < score_of(keys[0]) - lists_.cut) length--;
        return keys.first(length);
    }

  private:
    Device& device_;
    std::int64_t images_;
    DeviceBuffer<CandidateKey> keys_;
    DeviceBuffer<int> found_;
    BestLists lists_;
    std::vector<CandidateKey> h_keys_;
    std::vector<int> h_found_;
};

struct BestRule {
    int count;
    float cut;
    std::int64_t batch_rows;
};

/// The best pairs of every image, as exhaustive_search (pose/exhaustive_search.hpp).
std::vector<std::vector<Pair>> best_of(Device& device, const DeviceSearch& search, const DeviceRows& rows,
                                       const Batch& batch, const BestRule& rule, const float* incumbent) {
    require_batch(batch, rows);
    if (rule.count < 1 || rule.batch_rows < 1) refuse("search: expected at least one pair and one row");
    const std::int64_t* first_row = batch.first_row;
    std::int64_t most_rows = 1;
    for (std::int64_t i = 0; i < batch.images; i++)
        most_rows = std::max(most_rows, first_row[i + 1] - first_row[i]);
    const DeviceMemory memory = device.memory();
    const BestCut cut =
        best_cut(memory, {batch.images, rows.rows, most_rows, search.directions, rule.count, rule.batch_rows});
    require(memory, cut.take.least, "a search for the best " + std::to_string(rule.count) + " poses");
    Scorer scorer(device, search, rows, batch);
    const std::int64_t candidates = std::max<std::int64_t>(1, most_rows * scorer.candidates().all_views);
    const auto d_incumbent =
        to_device(device, std::span(incumbent, incumbent ? size(batch.images) : 0), "scores to beat");
    ListsOfImages lists(device, batch.images, std::min<std::int64_t>(rule.count, candidates),
                        incumbent ? d_incumbent.data() : nullptr, rule.cut);
    const NeededBlocks needed = NeededBlocks::all(search);
    scorer.reserve(cut.rows, cut.blocks);
    for (std::int64_t begin = 0; begin < rows.rows; begin += cut.rows) {
        const std::int64_t count = std::min(cut.rows, rows.rows - begin);
        // The images of the first and of the last row, and those between.
        const std::int64_t first =
            std::upper_bound(first_row, first_row + batch.images + 1, begin) - first_row - 1;
        const std::int64_t end =
            std::lower_bound(first_row, first_row + batch.images + 1, begin + count) - first_row;
        scorer.select(begin, count, first, end - first);
        scorer.collect_best(lists.on_device(), needed, cut.blocks);
    }
    lists.fetch();
    std::vector<std::vector<Pair>> out(size(batch.images));
    for (std::int64_t i = 0; i < batch.images; i++)
        for (const CandidateKey key : lists.list(i))
            out[size(i)].push_back(
                pair_of(first_row[i], {}, scorer.candidates().all_views, candidate_of(key), score_of(key)));
    return out;
}

/// The best views of every image, as coarse_lists (pose/coarse_list.hpp). The table of scores stays on the device.
class CoarseLists {
  public:
    CoarseLists(Device& device, const DeviceSearch& search, const DeviceRows& rows, const CoarseArguments& a, std::int64_t most_rows, std::int64_t at_once)
        : device_(device),
          search_(search),
          rows_(rows),
          arguments_(a),
          views_(2 * search.directions),
          first_row_(to_device(device, std::span(a.batch.first_row, size(a.batch.images) + 1), "first rows of the images")),
          prior_(to_device(device, std::span(a.prior, size(rows.rows)), "priors of the rows")),
          capacity_(std::max<std::int64_t>(1, std::min<std::int64_t>(a.count, views_))),
          scores_(device, size(at_once * most_rows * views_), "scores"),
          best_(device, size(at_once * views_), "best scores of the views"),
          threshold_(device, size(at_once), "thresholds"),
          row_(device, size(at_once * views_), "best rows of the views"),
          chosen_(device, size(at_once * capacity_), "rows of the lists") {
        // In the table of best scores an image is a row.
        std::vector<std::int64_t> numbers(size(a.batch.images) + 1);
        for (std::size_t i = 0; i < numbers.size(); i++) numbers[i] = static_cast<std::int64_t>(i);
        numbers_ = to_device<std::int64_t>(device, numbers, "numbers of the images");
    }

    void run(std::int64_t first, std::int64_t images) {
        const std::int64_t* first_row = arguments_.batch.first_row;
        ScoreWindow window;
        window.first_row = first_row[first];
        window.rows = first_row[first + images] - first_row[first];
        window.blocks = blocks_of(search_);
        window.maxima = scores_.data();
        window.columns = views_;
        if (window.rows > 0) score_window(device_, search_, rows_, window);
        best_rows(device_, scores_.data(), prior_.data(), first_row_.data(), first, images, views_, best_.data(), row_.data());
        ListsOfImages lists(device_, images, capacity_, nullptr, arguments_.cut);
        const ImageCandidates candidates{numbers_.data(), 0, images, views_, nullptr, nullptr};
        const ScoreTable none{best_.data(), 0, 0, images, 0, 0, nullptr}, all{best_.data(), views_, 0, images, 0, views_, nullptr};
        offer_scores(device_, none, candidates, lists.on_device(), threshold_.data());
        offer_scores(device_, all, candidates, lists.on_device(), threshold_.data());
        rows_of_lists(device_, lists.on_device().keys, lists.on_device().found, static_cast<int>(capacity_), row_.data(), images, views_, chosen_.data());
        std::vector<int> chosen(size(images * capacity_));
        copy_to_host(device_, chosen_.data(), chosen.size(), chosen.data());
        lists.fetch();
        for (std::int64_t i = 0; i < images; i++) write(first + i, lists.list(i), chosen.data() + i * capacity_);
    }

  private:
    void write(std::int64_t image, std::span<const CandidateKey> list, const int* row) {
        arguments_.found[image] = static_cast<std::int64_t>(list.size());
        Pair* out = arguments_.pairs + image * arguments_.count;
        for (std::size_t k = 0; k < list.size(); k++) {
            const std::int64_t view = candidate_of(list[k]);
            out[k] = {arguments_.batch.first_row[image] + row[k], view / 2, static_cast<std::int32_t>(view % 2), score_of(list[k])};
        }
    }

    Device& device_;
    const DeviceSearch& search_;
    const DeviceRows& rows_;
    const CoarseArguments& arguments_;
    std::int64_t views_;
    DeviceBuffer<std::int64_t> first_row_, numbers_;
    DeviceBuffer<float> prior_;
    std::int64_t capacity_;
    DeviceBuffer<float> scores_, best_, threshold_;
    DeviceBuffer<int> row_, chosen_;
};

std::span<const std::int64_t> views_of(const ClimbArguments& a, std::int64_t image) {
    if (!a.views) return {};
    return {a.views + a.first_view[image], a.views + a.first_view[image + 1]};
}

void require_climb(const ClimbArguments& a, const DeviceSearch& search, const DeviceRows& rows) {
    require_batch(a.batch, rows);
    if (search.directions < 1) refuse("hill climbing: found no directions, expected at least one");
    for (std::int64_t i = 0; i < a.batch.images; i++) {
        if (a.batch.first_row[i] == a.batch.first_row[i + 1])
            refuse("hill climbing: image " + std::to_string(i) + " has no row");
        for (const std::int64_t view : views_of(a, i))
            if (view < 0 || view >= 2 * search.directions)
                refuse("hill climbing: found view " + std::to_string(view) + ", expected one of " +
                       std::to_string(2 * search.directions));
    }
}

/// One pass of stochastic hill climbing, as hill_climb (pose/stochastic_hill_climbing.hpp). The walk is the
/// device's: the order of an image's visits comes from a counter-based stream, which every lane reaches by
/// itself, and neither the scores nor the orders, both as long as the list of candidates, go to the host.
class HillClimb {
  public:
    HillClimb(Device& device, const DeviceSearch& search, const DeviceRows& rows, const ClimbArguments& a)
        : device_(device),
          search_(search),
          arguments_(a),
          images_(a.batch.images),
          scorer_(device, search, rows, a.batch),
          previous_(to_device(device, std::span(a.previous, size(images_)), "previous scores")),
          incumbent_(device, size(images_), "who has improved"),
          climbs_(device, size(images_), "steps"),
          best_(device, images_, 1, incumbent_.data(), infinity) {
        std::vector<std::uint32_t> numbers;
        for (std::int64_t i = 0; i < images_; i++)
            numbers.push_back(
                static_cast<std::uint32_t>(a.batch.numbers ? a.batch.numbers[i] : a.batch.first_image + i));
        numbers_ = to_device<std::uint32_t>(device, numbers, "numbers of the images");
        if (!a.views) return;
        const std::vector<int> views(a.views, a.views + a.first_view[images_]);
        views_ = to_device<int>(device, views, "views");
        first_view_ = to_device(device, std::span(a.first_view, size(images_) + 1), "first views");
        scorer_.set_views(views_.data(), first_view_.data());
    }

    /// ends: the image after the last of each batch.
    void run(std::span<const std::int64_t> ends) {
        std::int64_t begin = 0;
        for (const std::int64_t end : ends) {
            climb_batch(begin, end);
            begin = end;
        }
        std::vector<Climb> climbs(size(images_));
        copy_to_host(device_, climbs_.data(), climbs.size(), climbs.data());
        best_.fetch();
        for (std::int64_t i = 0; i < images_; i++) arguments_.steps[i] = step_of(climbs[size(i)], i);
    }

  private:
    void climb_batch(std::int64_t begin, std::int64_t end) {
        const std::int64_t* first_row = arguments_.batch.first_row;
        const NeededBlocks needed = needed_by(begin, end);
        scorer_.reserve(first_row[end] - first_row[begin], needed.count);
        scorer_.select(first_row[begin], first_row[end] - first_row[begin], begin, end - begin);
        scorer_.set_thresholds(previous_.data());
        const ScoreTable table = scorer_.score(needed);
        ClimbRule rule;
        rule.previous = previous_.data();
        rule.numbers = numbers_.data();
        rule.seed = arguments_.seed;
        rule.purpose = arguments_.purpose;
        rule.pass = arguments_.pass;
        for (std::int64_t i = begin; i < end; i++)
            rule.words = std::max(rule.words, (candidate_count(i) + 31) / 32);
        DeviceBuffer<unsigned> marks(device_, size((end - begin) * rule.words), "marks of candidates");
        rule.marks = marks.data();
        rule.climbs = climbs_.data();
        rule.incumbent = incumbent_.data();
        first_improvements(device_, table, scorer_.candidates(), rule);
        // Below the previous score the bound has saved the work, so images that did not improve are scored
        // again. The others now have an infinite threshold, and groups of them alone are passed over.
        scorer_.collect_best(best_.on_device(), needed, largest_best_step);
    }
    NeededBlocks needed_by(std::int64_t begin, std::int64_t end) const {
        if (!arguments_.views) return NeededBlocks::all(search_);
        for (std::int64_t i = begin; i < end; i++)
            if (views_of(arguments_, i).empty()) return NeededBlocks::all(search_);
        return NeededBlocks::of(
            device_, search_,
            {arguments_.views + arguments_.first_view[begin], arguments_.views + arguments_.first_view[end]});
    }
    std::int64_t candidate_count(std::int64_t image) const {
        const std::int64_t* first_row = arguments_.batch.first_row;
        const std::span<const std::int64_t> views = views_of(arguments_, image);
        return (first_row[image + 1] - first_row[image]) *
               (views.empty() ? scorer_.candidates().all_views : static_cast<std::int64_t>(views.size()));
    }
    ClimbStep step_of(const Climb& climb, std::int64_t image) const {
        std::uint32_t candidate = climb.candidate;
        float score = climb.score;
        if (!climb.improved && !best_.list(image).empty()) {
            candidate = candidate_of(best_.list(image)[0]);
            score = score_of(best_.list(image)[0]);
        }
        const Pair pair = pair_of(arguments_.batch.first_row[image], views_of(arguments_, image),
                                  scorer_.candidates().all_views, candidate, score);
        return {pair, climb.visited, static_cast<std::int32_t>(climb.improved), 0};
    }

    Device& device_;
    const DeviceSearch& search_;
    const ClimbArguments& arguments_;
    std::int64_t images_;
    Scorer scorer_;
    DeviceBuffer<float> previous_, incumbent_;
    DeviceBuffer<Climb> climbs_;
    DeviceBuffer<std::uint32_t> numbers_;
    DeviceBuffer<int> views_;
    DeviceBuffer<std::int64_t> first_view_;
    ListsOfImages best_;
};

}  // namespace

std::int32_t score_pairs(Context* context, const Search* search, const Rows* rows,
                         const PairScoreArguments* a) {
    return on_device_from_host(context, a, [&](Device& device) {
        const DeviceSearch& s = behind(search);
        const DeviceRows& r = behind(rows);
        const std::int64_t columns = 2 * s.directions;
        if (r.rows == 0 || columns == 0) return;
        const DeviceMemory memory = device.memory();
        const Cut cut = pair_scores_cut(memory, r.rows, s.directions, a->threshold != nullptr);
        require(memory, cut.take.least, "scores of " + std::to_string(s.directions) + " directions");
        DeviceBuffer<float> table(device, size(cut.at_once * columns), "scores");
        const auto threshold =
            to_device(device, std::span(a->threshold, a->threshold ? size(r.rows) : 0), "thresholds");
        for (std::int64_t first = 0; first < r.rows; first += cut.at_once) {
            ScoreWindow window;
            window.first_row = first;
            window.rows = std::min(cut.at_once, r.rows - first);
            window.blocks = blocks_of(s);
            window.threshold = a->threshold ? threshold.data() + first : nullptr;
            window.maxima = table.data();
            window.columns = columns;
            score_window(device, s, r, window);
            copy_to_host(device, table.data(), size(window.rows * columns), a->maxima + first * columns);
        }
        device.synchronize("scores");
    });
}

std::int32_t score_curves(Context* context, const Search* search, const Rows* rows, const CurveArguments* a) {
    return on_device_from_host(context, a, [&](Device& device) {
        const DeviceSearch& s = behind(search);
        std::vector<CurvePair> pairs;
        for (std::int64_t i = 0; i < a->count; i++) {
            const Pair& p = a->pairs[i];
            if (p.row < 0 || p.row >= behind(rows).rows || p.direction < 0 || p.direction >= s.directions)
                refuse("score: row " + std::to_string(p.row) + " or direction " +
                       std::to_string(p.direction) + " is out of range");
            pairs.push_back({p.row, p.direction, p.mirror});
        }
        if (pairs.empty()) return;
        const DeviceMemory memory = device.memory();
        const Cut cut = curves_cut(memory, a->count, s.angles);
        require(memory, cut.take.least, "score curves of " + std::to_string(s.angles) + " angles");
        DeviceBuffer<CurvePair> d_pairs(device, size(cut.at_once), "pairs");
        DeviceBuffer<float> curves(device, size(cut.at_once * s.angles), "score curves");
        for (std::int64_t first = 0; first < a->count; first += cut.at_once) {
            const std::int64_t count = std::min(cut.at_once, a->count - first);
            copy_to_device(device, pairs.data() + first, size(count), d_pairs.data());
            score_curves(device, s, behind(rows), d_pairs.data(), count, curves.data());
            copy_to_host(device, curves.data(), size(count * s.angles), a->curves + first * s.angles);
        }
        device.synchronize("score curves");
    });
}

std::int32_t coarse_pairs(Context* context, const Search* search, const Rows* rows, const CoarseArguments* a) {
    return on_device_from_host(context, a, [&](Device& device) {
        const DeviceSearch& s = behind(search);
        const DeviceRows& r = behind(rows);
        require_batch(a->batch, r);
        if (a->count < 1) refuse("search: expected at least one view of each image");
        std::int64_t most_rows = 0;
        for (std::int64_t i = 0; i < a->batch.images; i++) {
            most_rows = std::max(most_rows, a->batch.first_row[i + 1] - a->batch.first_row[i]);
            a->found[i] = 0;
        }
        const DeviceMemory memory = device.memory();
        const Cut cut = coarse_cut(memory, {a->batch.images, r.rows, most_rows, s.directions, a->count});
        require(memory, cut.take.least, "coarse lists of " + std::to_string(s.directions) + " directions");
        if (r.rows == 0 || s.directions == 0) return;
        CoarseLists lists(device, s, r, *a, most_rows, cut.at_once);
        for (std::int64_t first = 0; first < a->batch.images; first += cut.at_once)
            lists.run(first, std::min(cut.at_once, a->batch.images - first));
    });
}

std::int32_t best_pairs(Context* context, const Search* search, const Rows* rows, const BestArguments* a) {
    return on_device_from_host(context, a, [&](Device& device) {
        const auto lists = best_of(device, behind(search), behind(rows), a->batch,
                                   {a->count, a->cut, a->batch_rows}, a->incumbent);
        for (std::size_t i = 0; i < lists.size(); i++) {
            a->found[i] = static_cast<std::int64_t>(lists[i].size());
            std::copy(lists[i].begin(), lists[i].end(), a->pairs + i * static_cast<std::size_t>(a->count));
        }
    });
}

std::int32_t soft_pairs(Context* context, const Search* search, const Rows* rows, const SoftArguments* a) {
    return on_device_from_host(context, a, [&](Device& device) {
        if (!(a->temperature > 0) || !(a->smallest_weight > 0))
            refuse("soft assignment: expected a temperature and a smallest weight above 0");
        const double cut = a->temperature * -std::log(a->smallest_weight);
        const auto lists = best_of(device, behind(search), behind(rows), a->batch,
                                   {a->count, static_cast<float>(cut), a->batch_rows}, nullptr);
        for (std::size_t i = 0; i < lists.size(); i++) {
            std::vector<float> scores;
            for (const Pair& pair : lists[i]) scores.push_back(pair.score);
            const std::vector<double> weights = posterior_weights(scores, a->temperature);
            a->found[i] = static_cast<std::int64_t>(lists[i].size());
            for (std::size_t n = 0; n < weights.size(); n++)
                a->pairs[i * static_cast<std::size_t>(a->count) + n] = {lists[i][n], weights[n]};
        }
    });
}

std::int32_t hill_climb(Context* context, const Search* search, const Rows* rows, const ClimbArguments* a) {
    return on_device_from_host(context, a, [&](Device& device) {
        require_climb(*a, behind(search), behind(rows));
        if (a->batch.images == 0) return;
        const auto ends = size(a->batch.images) + 1;
        const DeviceMemory memory = device.memory();
        const ClimbCut cut = climb_cut(memory, {{a->batch.first_row, ends}, {a->first_view, a->first_view ? ends : 0},
                                                behind(search).directions, a->batch_rows});
        require(memory, cut.take.least, "hill climbing among " + std::to_string(behind(search).directions) + " directions");
        HillClimb(device, behind(search), behind(rows), *a).run(cut.end);
    });
}

}  // namespace tumble::cuda
