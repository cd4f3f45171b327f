#pragma once
// The points of prepared images as cells of a Cartesian grid of frequencies.
#include <span>
#include <vector>

#include "core/small_vectors.hpp"

namespace tumble {

/// Half-plane points as cells: rows ky = 0 .. reach, columns kx = -reach .. reach, in steps of 1/box.
struct HalfPlaneGrid {
    int reach = 0;
    int rows = 0;     ///< reach + 1, padded to phase_rows
    int columns = 0;  ///< 2 reach + 1
    int padded_columns = 0;
    double spacing_per_A = 0;
    std::vector<int> row, column;                ///< per point
    std::vector<double> frequency;               ///< per point: |k| in shells of width 1/box
    std::vector<float> column_value, row_value;  ///< kx, ky in 1/A
    /// points: cycles per pixel, as in PreparedImages. Throws bad_input when one lies off the grid of spacing 1/box.
    HalfPlaneGrid(std::span<const FrequencyPoint> points, int box, double pixel_size_A);
    int shells() const;  ///< of width 1/box, with the one above the outermost point
};

}  // namespace tumble
