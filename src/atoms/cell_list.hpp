#pragma once
// Points sorted into cubic cells, for "which points lie near this one" in constant time.
#include <cmath>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "tumble/geometry.hpp"

namespace tumble {

/// Numbers of points by the cell they lie in; a cell is as wide as the largest distance of interest.
class CellList {
  public:
    explicit CellList(double cell_A) : cell_A_(cell_A) {}

    void insert(Vec3 position_A, int number) { cells_[key(cell(position_A))].push_back(number); }

    /// Calls visit(number) for all points in the 27 cells about `position_A`: a superset of those within one
    /// cell width, in an order that depends on the order of insertion alone.
    template <class Visit>
    void for_near(Vec3 position_A, const Visit& visit) const {
        const Cell home = cell(position_A);
        for (int z = -1; z <= 1; z++)
            for (int y = -1; y <= 1; y++)
                for (int x = -1; x <= 1; x++) {
                    const auto found = cells_.find(key({home.x + x, home.y + y, home.z + z}));
                    if (found == cells_.end()) continue;
                    for (const int number : found->second) visit(number);
                }
    }

  private:
    struct Cell {
        std::int64_t x, y, z;
    };
    Cell cell(Vec3 p) const {
        return {static_cast<std::int64_t>(std::floor(p.x / cell_A_)),
                static_cast<std::int64_t>(std::floor(p.y / cell_A_)),
                static_cast<std::int64_t>(std::floor(p.z / cell_A_))};
    }
    // 21 bits an axis: cells of 1 A reach a million A in either direction.
    static std::uint64_t key(Cell c) {
        constexpr std::int64_t bias = 1 << 20, mask = (1 << 21) - 1;
        return static_cast<std::uint64_t>((((c.z + bias) & mask) << 42) | (((c.y + bias) & mask) << 21) |
                                          ((c.x + bias) & mask));
    }
    double cell_A_;
    std::unordered_map<std::uint64_t, std::vector<int>> cells_;
};

}  // namespace tumble
