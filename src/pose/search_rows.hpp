#pragma once
// The rows of a batch of images, as the search rules take them, and the pairs that they choose.
#include <cstdint>
#include <span>
#include <vector>

#include "pose/score.hpp"

namespace tumble {

/// Image i of a batch owns the panel's rows first_row[i] .. first_row[i + 1] - 1, one for each shift that is
/// tried.
struct SearchRows {
    const RowPanel& panel;
    std::span<const std::int64_t> first_row;  ///< images + 1, ascending from 0 to panel.rows
    std::int64_t first_image = 0;  ///< number of the batch's first image: the key of its random streams
    std::span<const std::int64_t> numbers = {};  ///< of all images, where they do not follow one another

    std::int64_t images() const { return static_cast<std::int64_t>(first_row.size()) - 1; }
    std::int64_t number(std::int64_t image) const {
        return numbers.empty() ? first_image + image : numbers[static_cast<std::size_t>(image)];
    }
    std::int64_t begin(std::int64_t image) const { return first_row[static_cast<std::size_t>(image)]; }
    std::int64_t end(std::int64_t image) const { return first_row[static_cast<std::size_t>(image) + 1]; }
};

/// A row against a view: direction and hemisphere. Its score is the maximum of L over the in-plane angles.
struct SearchPair {
    std::int64_t row = -1, direction = -1;
    bool mirror = false;
    float score = 0;
    friend bool operator==(const SearchPair&, const SearchPair&) = default;
};

/// Throws bad_input unless `first_row` covers the panel in ascending order and `numbers` fits it.
void check_search_rows(const SearchRows& rows);

}  // namespace tumble
