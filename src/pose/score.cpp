// Cuts the scoring of rows against directions into work items for the kernel (score_kernel.cpp).
//
// Operands: a direction block is [order][k][re, im][6], a row group [order][k][re, im][16]. A work item is
// one row group against a fixed range of directions; items share nothing, and the order of the sums of a pair
// is that of the orders and of k alone, so a pair's score has the same bits in any item, batch and thread.
#include "pose/score.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "pose/kernel_dispatch.hpp"
#include "tumble/error.hpp"

namespace tumble {
namespace {

constexpr std::int64_t item_directions = 32 * block_directions;

std::int64_t items_along(std::int64_t directions) {
    return (directions + item_directions - 1) / item_directions;
}

/// What all tasks of one call share, and scratch memory for each thread.
class Scorer {
  public:
    Scorer(const AngularBasis& basis, const DirectionPanel& directions, const RowPanel& rows, int threads,
           InstructionSet set)
        : kernels_(pose_kernels(set)),
          twiddles_(angular_twiddles(basis.angles)),
          directions_(directions),
          rows_(rows),
          total_rank_(basis.total_rank()) {
        const std::int64_t blocks = (directions.directions + block_directions - 1) / block_directions;
        if (static_cast<std::int64_t>(directions.operands.size()) <
                blocks * total_rank_ * 2 * block_directions ||
            static_cast<std::int64_t>(rows.operands.size()) != groups() * total_rank_ * 2 * group_rows)
            throw bad_input("score: the panels were packed for another angular basis");
        task_.rank = basis.rank.data();
        task_.orders = basis.orders();
        task_.angles = basis.angles;
        task_.twiddles = twiddles_.data();
        scratch_.resize(static_cast<std::size_t>(threads));
        maxima_.resize(static_cast<std::size_t>(threads));
        for (auto& s : scratch_) s.resize(static_cast<std::size_t>(score_scratch_floats(basis.angles)));
        for (auto& m : maxima_) m.resize(static_cast<std::size_t>(item_directions * 2 * group_rows));
    }
    Scorer(const Scorer&) = delete;
    Scorer& operator=(const Scorer&) = delete;

    std::int64_t groups() const { return (rows_.rows + group_rows - 1) / group_rows; }
    const PoseKernels& kernels() const { return kernels_; }

    /// Group `group` against `count` directions from `first`, a multiple of 6.
    ScoreTask task(std::int64_t group, std::int64_t first, std::int64_t count, int thread) {
        ScoreTask out = task_;
        out.rows = rows_.operands.data() + group * total_rank_ * 2 * group_rows;
        out.directions =
            directions_.operands.data() + first / block_directions * total_rank_ * 2 * block_directions;
        out.power = directions_.power.data() + first;
        out.count = count;
        out.scratch = scratch_[static_cast<std::size_t>(thread)].data();
        out.maxima = maxima_[static_cast<std::size_t>(thread)].data();
        return out;
    }

  private:
    PoseKernels kernels_;
    std::vector<float> twiddles_;
    const DirectionPanel& directions_;
    const RowPanel& rows_;
    std::int64_t total_rank_;
    std::vector<AlignedVector<float>> scratch_, maxima_;
    ScoreTask task_;
};

/// The thresholds of a group's rows; lanes beyond the last row can never be reached.
void group_thresholds(std::span<const float> threshold, std::int64_t group, std::int64_t rows, float* out) {
    for (std::int64_t lane = 0; lane < group_rows; lane++) {
        const std::int64_t row = group * group_rows + lane;
        if (row >= rows)
            out[lane] = std::numeric_limits<float>::infinity();
        else
            out[lane] = threshold.empty() ? -std::numeric_limits<float>::infinity()
                                          : threshold[static_cast<std::size_t>(row)];
    }
}

/// Number of the first lane of the same owner, for each lane of a group.
const int* group_owners(const ScoreWindow& window, std::int64_t group, int* out) {
    for (std::int64_t lane = 0; lane < group_rows; lane++) {
        out[lane] = static_cast<int>(lane);
        const std::int64_t row = group * group_rows + lane;
        for (std::int64_t other = 0; row < window.rows && other < lane; other++)
            if (window.owner[static_cast<std::size_t>(row - lane + other)] ==
                window.owner[static_cast<std::size_t>(row)]) {
                out[lane] = static_cast<int>(other);
                break;
            }
    }
    return out;
}

}  // namespace

void score_window(const AngularBasis& basis, const DirectionPanel& directions, const RowPanel& rows,
                  const ScoreWindow& window, std::span<const float> threshold, float* maxima,
                  ThreadPool& pool, InstructionSet set) {
    if (!threshold.empty() && static_cast<std::int64_t>(threshold.size()) != window.rows)
        throw bad_input("score: found " + std::to_string(threshold.size()) +
                        " thresholds, expected one for each of " + std::to_string(window.rows) + " rows");
    if (!window.owner.empty() && static_cast<std::int64_t>(window.owner.size()) != window.rows)
        throw bad_input("score: found " + std::to_string(window.owner.size()) +
                        " owners, expected one for each of " + std::to_string(window.rows) + " rows");
    if (window.first_row % group_rows != 0 || window.first_direction % block_directions != 0 ||
        window.first_row < 0 || window.first_direction < 0 || window.first_row + window.rows > rows.rows ||
        window.first_direction + window.directions > directions.directions)
        throw bad_input("score: the window does not fit the panels or does not start at a group and a block");
    Scorer scorer(basis, directions, rows, pool.size(), set);
    const std::int64_t columns = 2 * window.directions, groups = (window.rows + group_rows - 1) / group_rows;
    // Items beside each other share their directions, which then come from the outer cache.
    pool.each(groups * items_along(window.directions), [&](std::int64_t item, int thread) {
        const std::int64_t group = item % groups, first = item / groups * item_directions;
        const std::int64_t count = std::min(item_directions, window.directions - first);
        ScoreTask task =
            scorer.task(window.first_row / group_rows + group, window.first_direction + first, count, thread);
        float limits[group_rows];
        int owners[group_rows];
        if (!threshold.empty() || window.running) {
            group_thresholds(threshold, group, window.rows, limits);
            task.threshold = limits;
            task.raise = window.running;
            if (!window.owner.empty()) task.owner = group_owners(window, group, owners);
        }
        scorer.kernels().score_range(task);
        for (std::int64_t lane = 0; lane < group_rows && group * group_rows + lane < window.rows; lane++) {
            float* out = maxima + (group * group_rows + lane) * columns + 2 * first;
            for (std::int64_t i = 0; i < 2 * count; i++) out[i] = task.maxima[i * group_rows + lane];
        }
    });
}

void score_pairs(const AngularBasis& basis, const DirectionPanel& directions, const RowPanel& rows,
                 std::span<const float> threshold, float* maxima, ThreadPool& pool, InstructionSet set) {
    score_window(basis, directions, rows, {0, rows.rows, 0, directions.directions}, threshold, maxima, pool,
                 set);
}

RowPanel select_rows(const AngularBasis& basis, const RowPanel& panel, std::span<const std::int64_t> rows) {
    const std::int64_t length = std::int64_t{2} * basis.total_rank();
    const auto count = static_cast<std::int64_t>(rows.size());
    RowPanel out;
    out.rows = count;
    out.operands.resize(
        static_cast<std::size_t>((count + group_rows - 1) / group_rows * group_rows * length));
    for (std::int64_t first = 0; first < count; first += group_rows) {
        const float* from[group_rows];
        const std::int64_t lanes = std::min<std::int64_t>(group_rows, count - first);
        for (std::int64_t lane = 0; lane < lanes; lane++) {
            const std::int64_t row = rows[static_cast<std::size_t>(first + lane)];
            if (row < 0 || row >= panel.rows)
                throw bad_input("rows: found row " + std::to_string(row) + ", outside the panel");
            from[lane] = panel.operands.data() + row / group_rows * group_rows * length + row % group_rows;
        }
        float* to = out.operands.data() + first * length;
        for (std::int64_t k = 0; k < length; k++)
            for (std::int64_t lane = 0; lane < lanes; lane++)
                to[k * group_rows + lane] = from[lane][k * group_rows];
    }
    return out;
}

DirectionPanel select_blocks(const AngularBasis& basis, const DirectionPanel& panel,
                             std::span<const std::int64_t> blocks) {
    const std::int64_t length = std::int64_t{2} * block_directions * basis.total_rank();
    const std::int64_t all = (panel.directions + block_directions - 1) / block_directions;
    const std::size_t reach = panel.operands.size() - static_cast<std::size_t>(all * length);
    DirectionPanel out;
    out.operands.resize(blocks.size() * static_cast<std::size_t>(length) + reach);
    out.power.resize(blocks.size() * block_directions);
    for (std::size_t i = 0; i < blocks.size(); i++) {
        if (blocks[i] < 0 || blocks[i] >= all || (i > 0 && blocks[i] <= blocks[i - 1]))
            throw bad_input("directions: found block " + std::to_string(blocks[i]) +
                            " outside the panel or out of order");
        std::copy_n(panel.operands.begin() + blocks[i] * length, length,
                    out.operands.begin() + static_cast<std::int64_t>(i) * length);
        std::copy_n(panel.power.begin() + blocks[i] * block_directions, block_directions,
                    out.power.begin() + static_cast<std::int64_t>(i) * block_directions);
        out.directions +=
            std::min<std::int64_t>(block_directions, panel.directions - blocks[i] * block_directions);
    }
    return out;
}

void score_angles(const AngularBasis& basis, const DirectionPanel& directions, const RowPanel& rows,
                  std::int64_t row, std::int64_t direction, bool mirror, std::span<float> curve,
                  InstructionSet set) {
    if (row < 0 || row >= rows.rows || direction < 0 || direction >= directions.directions ||
        static_cast<int>(curve.size()) != basis.angles)
        throw bad_input("score: row " + std::to_string(row) + ", direction " + std::to_string(direction) +
                        " or the curve's length " + std::to_string(curve.size()) + " is out of range");
    Scorer scorer(basis, directions, rows, 1, set);
    CurveTask task;
    task.pair =
        scorer.task(row / group_rows, direction / block_directions * block_directions, block_directions, 0);
    task.lane = static_cast<int>(row % group_rows);
    task.direction = static_cast<int>(direction % block_directions);
    task.mirror = mirror;
    task.curve = curve.data();
    scorer.kernels().score_curve(task);
    const float power = directions.power[static_cast<std::size_t>(direction)];
    for (float& value : curve) value = 2 * value - power;
}

Mat3 pair_rotation(const Mat3& base, bool mirror, double angle_rad) {
    const double c = std::cos(angle_rad), s = std::sin(angle_rad);
    const Mat3 in_plane{{c, -s, 0, s, c, 0, 0, 0, 1}}, opposite{{-1, 0, 0, 0, 1, 0, 0, 0, -1}};
    return in_plane * (mirror ? opposite * base : base);
}

}  // namespace tumble
