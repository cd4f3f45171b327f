#include "pose/exhaustive_search.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>

#include "tumble/error.hpp"

namespace tumble {

void check_search_rows(const SearchRows& rows) {
    bool good =
        !rows.first_row.empty() && rows.first_row.front() == 0 && rows.first_row.back() == rows.panel.rows;
    for (std::size_t i = 1; good && i < rows.first_row.size(); i++)
        good = rows.first_row[i - 1] <= rows.first_row[i];
    if (!good)
        throw bad_input("search: the images' rows do not cover the panel of " +
                        std::to_string(rows.panel.rows) + " rows in ascending order");
}

namespace {

bool better(const SearchPair& a, const SearchPair& b) {
    if (a.score != b.score) return a.score > b.score;
    return std::tie(a.row, a.direction, a.mirror) < std::tie(b.row, b.direction, b.mirror);
}

/// The best pairs of one image so far, best first.
class BestPairs {
  public:
    BestPairs(const ExhaustiveOptions& options, float incumbent)
        : options_(&options), incumbent_(incumbent) {}

    void offer(const SearchPair& pair) {
        if (static_cast<int>(pairs_.size()) == options_->count && !better(pair, pairs_.back())) return;
        pairs_.insert(std::upper_bound(pairs_.begin(), pairs_.end(), pair, better), pair);
        if (static_cast<int>(pairs_.size()) > options_->count) pairs_.pop_back();
    }
    /// Pairs at or below it cannot enter the list. One step below the worst that can: an equal score may win
    /// by its lower row.
    float threshold() const {
        if (pairs_.empty()) return incumbent_;
        float worst = pairs_.front().score - options_->cut;
        if (static_cast<int>(pairs_.size()) == options_->count) worst = std::max(worst, pairs_.back().score);
        return std::max(incumbent_, std::nextafter(worst, -std::numeric_limits<float>::infinity()));
    }
    std::vector<SearchPair> take() {
        while (!pairs_.empty() && pairs_.back().score < pairs_.front().score - options_->cut)
            pairs_.pop_back();
        return std::move(pairs_);
    }

  private:
    const ExhaustiveOptions* options_;
    float incumbent_;
    std::vector<SearchPair> pairs_;
};

// Directions of the first and of the largest step: the first is small, to have an incumbent early.
constexpr std::int64_t first_step = 192, largest_step = 16 * 192;

}  // namespace

std::vector<std::vector<SearchPair>> exhaustive_search(const AngularBasis& basis,
                                                       const DirectionPanel& directions,
                                                       const SearchRows& rows,
                                                       const ExhaustiveOptions& options,
                                                       std::span<const float> incumbent, ThreadPool& pool) {
    check_search_rows(rows);
    if (!incumbent.empty() && static_cast<std::int64_t>(incumbent.size()) != rows.images())
        throw bad_input("search: found " + std::to_string(incumbent.size()) +
                        " incumbents, expected one for each of " + std::to_string(rows.images()) + " images");
    if (options.count < 1 || options.batch_rows < 1)
        throw bad_input("search: expected at least one pair and one row");
    std::vector<BestPairs> best;
    std::vector<std::int64_t> image_of;
    for (std::int64_t i = 0; i < rows.images(); i++) {
        best.emplace_back(options, incumbent.empty() ? -std::numeric_limits<float>::infinity()
                                                     : incumbent[static_cast<std::size_t>(i)]);
        image_of.insert(image_of.end(), static_cast<std::size_t>(rows.end(i) - rows.begin(i)), i);
    }
    const std::int64_t batch = (options.batch_rows + 15) / 16 * 16;
    std::vector<float> maxima, threshold;
    for (std::int64_t first_row = 0; first_row < rows.panel.rows; first_row += batch) {
        const std::int64_t count = std::min(batch, rows.panel.rows - first_row);
        std::int64_t step = first_step;
        for (std::int64_t d = 0; d < directions.directions;
             d += step, step = std::min(2 * step, largest_step)) {
            const ScoreWindow window{first_row,
                                     count,
                                     d,
                                     std::min(step, directions.directions - d),
                                     options.count == 1,
                                     std::span(image_of).subspan(static_cast<std::size_t>(first_row),
                                                                 static_cast<std::size_t>(count))};
            threshold.clear();
            for (std::int64_t r = 0; r < count; r++)
                threshold.push_back(
                    best[static_cast<std::size_t>(image_of[static_cast<std::size_t>(first_row + r)])]
                        .threshold());
            maxima.resize(static_cast<std::size_t>(count * 2 * window.directions));
            score_window(basis, directions, rows.panel, window, threshold, maxima.data(), pool);
            for (std::int64_t r = 0; r < count; r++) {
                auto& list =
                    best[static_cast<std::size_t>(image_of[static_cast<std::size_t>(first_row + r)])];
                for (std::int64_t c = 0; c < 2 * window.directions; c++) {
                    const float score = maxima[static_cast<std::size_t>(r * 2 * window.directions + c)];
                    if (score > threshold[static_cast<std::size_t>(r)])
                        list.offer({first_row + r, d + c / 2, c % 2 == 1, score});
                }
            }
            if (d + step >= directions.directions) break;
        }
    }
    std::vector<std::vector<SearchPair>> out;
    for (auto& list : best) out.push_back(list.take());
    return out;
}

}  // namespace tumble
