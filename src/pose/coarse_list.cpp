#include "pose/coarse_list.hpp"

#include <algorithm>
#include <limits>

#include "tumble/error.hpp"

namespace tumble {
namespace {

/// `maxima` begin with the image's first row.
std::vector<SearchPair> list_of(const float* maxima, std::int64_t first_row, std::int64_t end_row, std::int64_t views, const CoarseOptions& options) {
    std::vector<SearchPair> best(static_cast<std::size_t>(views));
    float highest = -std::numeric_limits<float>::infinity();
    for (std::int64_t v = 0; v < views; v++) {
        SearchPair pair{first_row, v / 2, v % 2 == 1, -std::numeric_limits<float>::infinity()};
        for (std::int64_t row = first_row; row < end_row; row++) {
            const float score = maxima[(row - first_row) * views + v] + options.prior[static_cast<std::size_t>(row)];
            if (score > pair.score) pair.score = score, pair.row = row;
        }
        best[static_cast<std::size_t>(v)] = pair;
        highest = std::max(highest, pair.score);
    }
    const float cut = highest - options.cut;
    std::erase_if(best, [&](const SearchPair& p) { return p.score < cut; });
    std::stable_sort(best.begin(), best.end(), [](const SearchPair& a, const SearchPair& b) { return a.score > b.score; });
    best.resize(std::min(best.size(), static_cast<std::size_t>(options.count)));
    return best;
}

}  // namespace

std::vector<std::vector<SearchPair>> coarse_lists(const AngularBasis& basis, const DirectionPanel& directions, const SearchRows& rows,
                                                  const CoarseOptions& options, ThreadPool& pool) {
    check_search_rows(rows);
    if (options.count < 1) throw bad_input("search: expected at least one view of each image");
    const std::int64_t views = 2 * directions.directions;
    std::vector<float> maxima(static_cast<std::size_t>(rows.panel.rows * views));
    score_pairs(basis, directions, rows.panel, {}, maxima.data(), pool);
    std::vector<std::vector<SearchPair>> lists(static_cast<std::size_t>(rows.images()));
    pool.each(rows.images(), [&](std::int64_t i, int) {
        if (rows.begin(i) < rows.end(i))
            lists[static_cast<std::size_t>(i)] = list_of(maxima.data() + rows.begin(i) * views, rows.begin(i), rows.end(i), views, options);
    });
    return lists;
}

}  // namespace tumble
