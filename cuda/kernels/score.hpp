#pragma once
// Scores of rows against directions on the device: twin of pose/score.hpp, where the formula is. Products on
// the tensor cores, inverse transform over the in-plane angle and maximum in one kernel: only the maxima
// leave the chip.
#include <cstdint>

#include "resident.hpp"

namespace tumble::cuda {

/// Rows first_row .. first_row + rows - 1 against whole blocks of directions.
struct ScoreWindow {
    std::int64_t first_row = 0, rows = 0;
    std::int64_t first_block = 0, blocks = 0;
    const int* block_list =
        nullptr;  ///< device, [blocks]: which blocks, instead of those from first_block on
    const float* threshold =
        nullptr;              ///< device, [row of the window], or null: pairs at or below it become -infinity
    float* maxima = nullptr;  ///< device, [row of the window][column]
    std::int64_t columns =
        0;         ///< at least 16 a block, or 2 a direction up to the last: column 16 b + 2 d + h
    int tile = 0;  ///< directions that a thread block holds, 8, 4, 2 or 1; 0: as many as its memory takes
};

/// maxima[row][column] = max over the in-plane angles of L for the direction (h = 0) or its mirror (h = 1).
/// Directions beyond the last are not written. The same bits for any window, tile and threshold. Ordered on
/// the stream, does not wait.
void score_window(Device& device, const DeviceSearch& search, const DeviceRows& rows,
                  const ScoreWindow& window);

}  // namespace tumble::cuda
