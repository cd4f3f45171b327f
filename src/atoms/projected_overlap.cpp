#include "atoms/projected_overlap.hpp"

#include <math.h>  // j0 and j1 are POSIX, not in <cmath>'s namespace

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numbers>

#include "tumble/error.hpp"

namespace tumble {
namespace {

constexpr double step_A2 =
    0.02;  // at 1.2 1/A the tables are then linear between entries to 1 % of their centre

using Block = Eigen::Matrix<double, 4, 4, Eigen::RowMajor>;
using Column = Eigen::Matrix<double, 4, 1>;

Eigen::Map<const Block> block_of(const std::array<double, 16>& values) {
    return Eigen::Map<const Block>(values.data());
}
Eigen::Map<const Column> column_of(const AtomVector& v) {
    return Eigen::Map<const Column>(v.data());
}
Eigen::Map<Column> column_of(AtomVector& v) {
    return Eigen::Map<Column>(v.data());
}

double dot(std::span<const AtomVector> a, std::span<const AtomVector> b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); i++) sum += column_of(a[i]).dot(column_of(b[i]));
    return sum;
}

// Block of the pair whose sums over the views these are.
std::array<double, 16> pair_block(const OverlapSums& o, double height_a, double height_b) {
    const double h = height_a * height_b;
    const Vec3 by_b = height_a * o.slope, by_a = -height_b * o.slope;
    return {h * o.xx, h * o.xy, h * o.xz, by_b.x, h * o.xy, h * o.yy, h * o.yz, by_b.y,
            h * o.xz, h * o.yz, h * o.zz, by_b.z, by_a.x,   by_a.y,   by_a.z,   o.t};
}

void multiply(const AtomMatrix& matrix, std::span<const AtomVector> x, std::span<AtomVector> out,
              ThreadPool& pool) {
    pool.run(static_cast<std::int64_t>(x.size()), [&](std::int64_t begin, std::int64_t end, int) {
        for (auto a = static_cast<std::size_t>(begin); a < static_cast<std::size_t>(end); a++) {
            Column sum = Column::Zero();
            for (std::size_t n = 0; n < matrix.neighbours[a].size(); n++)
                sum += block_of(matrix.blocks[a][n]) *
                       column_of(x[static_cast<std::size_t>(matrix.neighbours[a][n])]);
            column_of(out[a]) = sum;
        }
    });
}

std::size_t place_of(const std::vector<int>& sorted, int value) {
    return static_cast<std::size_t>(std::lower_bound(sorted.begin(), sorted.end(), value) - sorted.begin());
}

/// Neighbours of the atom within `reach_A` of it, ascending but for itself, which is the last.
std::vector<int> atoms_within(double reach_A, int atom, const AtomMatrix& matrix, std::span<const Vec3> positions_A) {
    const Vec3 centre = positions_A[static_cast<std::size_t>(atom)];
    std::vector<int> near;
    for (const int b : matrix.neighbours[static_cast<std::size_t>(atom)])
        if (b != atom && length(positions_A[static_cast<std::size_t>(b)] - centre) < reach_A) near.push_back(b);
    near.push_back(atom);
    return near;
}

/// The matrix of these atoms in this order, without what is above its diagonal blocks.
Eigen::MatrixXd lower_triangle(const AtomMatrix& matrix, const std::vector<int>& atoms) {
    const auto unknowns = static_cast<Eigen::Index>(4 * atoms.size());
    Eigen::MatrixXd part = Eigen::MatrixXd::Zero(unknowns, unknowns);
    for (std::size_t i = 0; i < atoms.size(); i++) {
        const auto& row = matrix.neighbours[static_cast<std::size_t>(atoms[i])];
        auto from = row.begin();
        for (std::size_t j = 0; j <= i; j++) {  // ascending but for the last
            from = std::lower_bound(j + 1 < atoms.size() ? from : row.begin(), row.end(), atoms[j]);
            if (from == row.end() || *from != atoms[j]) continue;
            part.block<4, 4>(static_cast<Eigen::Index>(4 * i), static_cast<Eigen::Index>(4 * j)) =
                block_of(matrix.blocks[static_cast<std::size_t>(atoms[i])][static_cast<std::size_t>(from - row.begin())]);
        }
    }
    return part;
}

/// The last four diagonal elements of the inverse of a symmetric matrix, of which the lower triangle is read.
Column last_of_inverse(const Eigen::MatrixXd& matrix) {
    const Eigen::LLT<Eigen::MatrixXd> factor(matrix);
    if (factor.info() == Eigen::Success) {
        // The last block of the inverse is that of the last block of L L^T alone.
        const Block last = factor.matrixLLT().bottomRightCorner<4, 4>();
        const Block inverse = last.triangularView<Eigen::Lower>().solve(Block::Identity());
        return inverse.colwise().squaredNorm().transpose();
    }
    // Leaving out far pairs can cost the matrix a tiny negative direction.
    const auto unknowns = matrix.rows();
    const Eigen::MatrixXd own = Eigen::MatrixXd::Identity(unknowns, unknowns).rightCols<4>();
    return Eigen::LDLT<Eigen::MatrixXd>(matrix).solve(own).bottomRows<4>().diagonal();
}

}  // namespace

RadialOverlap::RadialOverlap(std::span<const double> frequency_per_A, std::span<const double> information,
                             double largest_A, ThreadPool& pool)
    : limit_(largest_A * largest_A), per_step_(1 / step_A2) {
    const auto count = static_cast<std::size_t>(limit_ / step_A2) + 3;
    table_.resize(count);
    pool.each(static_cast<std::int64_t>(count), [&](std::int64_t i, int) {
        const double d = std::sqrt(static_cast<double>(i) * step_A2);
        OverlapTable::Value sum{0, 0, 0};
        for (std::size_t s = 0; s < frequency_per_A.size(); s++) {
            const double turn = 2 * std::numbers::pi * frequency_per_A[s], x = turn * d,
                         squared = turn * turn;
            // Below 0.05 the series are exact to 1e-8 and the quotients are not.
            const double zero = ::j0(x), one = x < 0.05 ? 0.5 - x * x / 16 : ::j1(x) / x;
            const double two = x < 0.05 ? 0.125 - x * x / 96 : (2 * one - zero) / (x * x);
            sum.t += information[s] * zero;
            sum.t1 -= information[s] * squared * one;
            sum.t3 += information[s] * squared * squared * two;
        }
        table_[static_cast<std::size_t>(i)] = sum;
    });
}

OverlapSums overlap_sums(Vec3 apart, std::span<const WeightedView> views, const OverlapTable& overlap) {
    OverlapSums o;
    const double squared = tumble::dot(apart, apart);
    for (const WeightedView& view : views) {
        const double u = tumble::dot(apart, view.beam), s = std::max(squared - u * u, 0.0);
        if (s >= overlap.limit) continue;
        const Vec3 v = apart - u * view.beam, b = view.beam;
        const OverlapTable::Value value = overlap.at(s);
        const double t1 = view.weight * value.t1, t3 = view.weight * value.t3;
        o.t += view.weight * value.t;
        o.slope = o.slope + t1 * v;
        o.xx -= t1 * (1 - b.x * b.x) + t3 * v.x * v.x;
        o.yy -= t1 * (1 - b.y * b.y) + t3 * v.y * v.y;
        o.zz -= t1 * (1 - b.z * b.z) + t3 * v.z * v.z;
        o.xy -= t3 * v.x * v.y - t1 * b.x * b.y;
        o.xz -= t3 * v.x * v.z - t1 * b.x * b.z;
        o.yz -= t3 * v.y * v.z - t1 * b.y * b.z;
    }
    return o;
}

AtomPairs atom_pairs(std::span<const Vec3> positions_A, double reach_A) {
    const std::size_t atoms = positions_A.size();
    AtomPairs pairs;
    pairs.neighbours.resize(atoms);
    for (std::size_t a = 0; a < atoms; a++)
        for (std::size_t b = 0; b < atoms; b++) {
            const Vec3 apart = positions_A[a] - positions_A[b];
            if (!(length(apart) < reach_A)) continue;
            pairs.neighbours[a].push_back(static_cast<int>(b));
            if (b >= a) pairs.apart_A.push_back(apart);
        }
    return pairs;
}

AtomMatrix overlap_matrix(const AtomPairs& pairs, std::span<const OverlapSums> sums, std::span<const double> heights) {
    const std::size_t atoms = heights.size();
    AtomMatrix matrix;
    matrix.neighbours = pairs.neighbours;
    matrix.blocks.resize(atoms);
    std::size_t pair = 0;
    for (std::size_t a = 0; a < atoms; a++) {
        matrix.blocks[a].resize(matrix.neighbours[a].size());
        for (std::size_t n = 0; n < matrix.neighbours[a].size(); n++) {
            const auto b = static_cast<std::size_t>(matrix.neighbours[a][n]);
            if (b >= a) matrix.blocks[a][n] = pair_block(sums[pair++], heights[a], heights[b]);
        }
    }
    for (std::size_t a = 0; a < atoms; a++)
        for (std::size_t n = 0; n < matrix.neighbours[a].size(); n++) {
            const auto b = static_cast<std::size_t>(matrix.neighbours[a][n]);
            if (b >= a) break;
            const auto& upper = matrix.blocks[b][place_of(matrix.neighbours[b], static_cast<int>(a))];
            Eigen::Map<Block>(matrix.blocks[a][n].data()) = block_of(upper).transpose();
        }
    return matrix;
}

std::vector<AtomVector> solve(const AtomMatrix& matrix, std::span<const AtomVector> right, ThreadPool& pool) {
    const std::size_t atoms = right.size();
    std::vector<Block> inverse(atoms);
    for (std::size_t a = 0; a < atoms; a++)
        inverse[a] =
            block_of(matrix.blocks[a][place_of(matrix.neighbours[a], static_cast<int>(a))]).inverse();
    std::vector<AtomVector> x(atoms, AtomVector{}), residual(right.begin(), right.end()), z(atoms),
        direction(atoms), product(atoms);
    const auto precondition = [&] {
        for (std::size_t a = 0; a < atoms; a++) column_of(z[a]) = inverse[a] * column_of(residual[a]);
    };
    precondition();
    direction = z;
    double size = dot(residual, z);
    const double target = size * 1e-12;
    for (int step = 0; step < 200 && size > target; step++) {
        multiply(matrix, direction, product, pool);
        const double curvature = dot(direction, product);
        if (!(curvature > 0)) break;  // leaving out far pairs can cost the matrix a tiny negative direction
        const double along = size / curvature;
        for (std::size_t a = 0; a < atoms; a++) {
            column_of(x[a]) += along * column_of(direction[a]);
            column_of(residual[a]) -= along * column_of(product[a]);
        }
        precondition();
        const double next = dot(residual, z), turn = next / size;
        size = next;
        for (std::size_t a = 0; a < atoms; a++)
            column_of(direction[a]) = (column_of(z[a]) + turn * column_of(direction[a])).eval();
    }
    return x;
}

std::vector<AtomVector> inverse_diagonal(const AtomMatrix& matrix, std::span<const Vec3> positions_A,
                                         double reach_A, ThreadPool& pool) {
    std::vector<AtomVector> diagonal(positions_A.size());
    pool.each(static_cast<std::int64_t>(positions_A.size()), [&](std::int64_t atom, int) {
        const std::vector<int> near = atoms_within(reach_A, static_cast<int>(atom), matrix, positions_A);
        const Eigen::MatrixXd part = lower_triangle(matrix, near);
        const Column variance = last_of_inverse(part);
        for (int k = 0; k < 4; k++)
            diagonal[static_cast<std::size_t>(atom)][static_cast<std::size_t>(k)] = std::max(variance(k), 0.0);
    });
    return diagonal;
}

}  // namespace tumble
