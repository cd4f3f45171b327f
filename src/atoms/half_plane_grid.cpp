#include "atoms/half_plane_grid.hpp"

#include <algorithm>
#include <cmath>

#include "atoms/phase_sums.hpp"
#include "tumble/error.hpp"

namespace tumble {
namespace {

int padded(int count, int multiple) {
    return (count + multiple - 1) / multiple * multiple;
}

}  // namespace

HalfPlaneGrid::HalfPlaneGrid(std::span<const FrequencyPoint> points, int box, double pixel_size_A) {
    spacing_per_A = 1 / (box * pixel_size_A);
    for (const FrequencyPoint& point : points) {
        const double x = point.x * static_cast<double>(box), y = point.y * static_cast<double>(box);
        const int kx = static_cast<int>(std::lround(x)), ky = static_cast<int>(std::lround(y));
        if (std::abs(x - kx) > 1e-3 || std::abs(y - ky) > 1e-3 || ky < 0)
            throw bad_input(
                "image refinement: frequency points must lie on the half plane of the box's own grid");
        row.push_back(ky);
        column.push_back(kx);
        frequency.push_back(std::hypot(kx, ky));
        reach = std::max({reach, std::abs(kx), ky});
    }
    for (int& kx : column) kx += reach;
    rows = padded(reach + 1, phase_rows);
    columns = 2 * reach + 1;
    padded_columns = padded(columns, phase_lanes);
    for (int c = 0; c < columns; c++) column_value.push_back(static_cast<float>((c - reach) * spacing_per_A));
    for (int r = 0; r < rows; r++) row_value.push_back(static_cast<float>(r * spacing_per_A));
}

int HalfPlaneGrid::shells() const {
    const auto largest = std::max_element(frequency.begin(), frequency.end());
    return largest == frequency.end() ? 0 : static_cast<int>(*largest) + 2;
}

}  // namespace tumble
