#include "pose/coarse_list.hpp"

#include <algorithm>
#include <limits>
#include <memory>

#include "tumble/error.hpp"

namespace tumble {
namespace {

/// The best first; equal scores in the order of the views, as they come.
bool before(const SearchPair& a, const SearchPair& b) {
    if (a.score != b.score) return a.score > b.score;
    return a.direction != b.direction ? a.direction < b.direction : a.mirror < b.mirror;
}

/// `maxima` begin with the image's first row.
std::vector<SearchPair> list_of(const float* maxima, std::int64_t first_row, std::int64_t end_row, std::int64_t views, const CoarseOptions& options) {
    std::vector<float> best(static_cast<std::size_t>(views), -std::numeric_limits<float>::infinity());
    std::vector<int> best_row(best.size(), 0);
    for (std::int64_t row = first_row; row < end_row; row++, maxima += views) {
        const float prior = options.prior[static_cast<std::size_t>(row)];
        const auto number = static_cast<int>(row - first_row);
        for (std::size_t v = 0; v < best.size(); v++) {
            const float score = maxima[v] + prior;
            best_row[v] = score > best[v] ? number : best_row[v];
            best[v] = score > best[v] ? score : best[v];
        }
    }
    float highest = -std::numeric_limits<float>::infinity();
    for (const float score : best) highest = std::max(highest, score);
    const float cut = highest - options.cut;
    std::vector<SearchPair> list;
    for (std::size_t v = 0; v < best.size(); v++)
        if (!(best[v] < cut)) list.push_back({first_row + best_row[v], static_cast<std::int64_t>(v / 2), v % 2 == 1, best[v]});
    const auto kept = list.begin() + static_cast<std::ptrdiff_t>(std::min(list.size(), static_cast<std::size_t>(options.count)));
    if (kept != list.end()) std::nth_element(list.begin(), kept, list.end(), before);
    list.erase(kept, list.end());
    std::sort(list.begin(), list.end(), before);
    return list;
}

}  // namespace

std::vector<std::vector<SearchPair>> coarse_lists(const AngularBasis& basis, const DirectionPanel& directions, const SearchRows& rows,
                                                  const CoarseOptions& options, ThreadPool& pool) {
    check_search_rows(rows);
    if (options.count < 1) throw bad_input("search: expected at least one view of each image");
    const std::int64_t views = 2 * directions.directions;
    const auto maxima = std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(rows.panel.rows * views));
    score_pairs(basis, directions, rows.panel, {}, maxima.get(), pool);
    std::vector<std::vector<SearchPair>> lists(static_cast<std::size_t>(rows.images()));
    pool.each(rows.images(), [&](std::int64_t i, int) {
        if (rows.begin(i) < rows.end(i))
            lists[static_cast<std::size_t>(i)] = list_of(maxima.get() + rows.begin(i) * views, rows.begin(i), rows.end(i), views, options);
    });
    return lists;
}

}  // namespace tumble
