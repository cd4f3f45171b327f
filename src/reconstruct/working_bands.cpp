#include "reconstruct/working_bands.hpp"

#include <algorithm>

namespace tumble {

WorkingBands working_bands(double neighbour_distance_A, double pixel_size_A, double max_resolution_A) {
    const double limit = std::min(0.48 / pixel_size_A, max_resolution_A > 0 ? 1 / max_resolution_A : 1e9);
    const double unit = 1 / neighbour_distance_A;
    WorkingBands bands;
    bands.low = std::min(0.7 * unit, 0.3 * limit);
    bands.search_low = std::min(0.83 * unit, 0.4 * limit);
    bands.search_high = std::min(2.05 * unit, limit);
    bands.round_high = std::min(2.63 * unit, limit);
    bands.polish_high = std::min(2.9 * unit, limit);
    bands.map_high = limit;
    return bands;
}

}  // namespace tumble
