#pragma once
// Normal matrix of a fit of atoms to many images: which atoms share information, and how much.
//
// For isotropic weights the element of two atoms in one image depends on the length of their projected
// distance alone:
//   T(d) = 2 sum_p w_p f_p^2 J0(2 pi k_p d)   (the angular mean of cos(2 pi k.d) over the points).
// Heights: T; position and height: its gradient; positions: its second derivatives. With D = x_a - x_b, beam
// direction b in the particle's frame, u = D.b, v = D - u b (so d = |v|), T1 = T'/d and T3 = (T'' -
// T'/d)/d^2, all in the particle's frame:
//   positions: -T1 (1 - b b^T) - T3 v v^T;   height of a by position of b: -T1 v (times height of b), and so
//   on.
#include <array>
#include <span>
#include <vector>

#include "core/threads.hpp"
#include "tumble/geometry.hpp"

namespace tumble {

/// T, T1, T3 over the squared distance: `values` at 0, 1, 2, ... steps; borrowed.
struct OverlapTable {
    struct Value {
        double t, t1, t3;
    };
    std::span<const Value> values;
    double limit = 0;     ///< A^2: the table's end
    double per_step = 0;  ///< entries an A^2
    /// At squared distance `s` (A^2) below the limit: linear between entries.
    Value at(double s) const {
        const double place = s * per_step;
        const auto i = static_cast<std::size_t>(place);
        const double part = place - static_cast<double>(i);
        const Value &a = values[i], &b = values[i + 1];
        return {a.t + part * (b.t - a.t), a.t1 + part * (b.t1 - a.t1), a.t3 + part * (b.t3 - a.t3)};
    }
};

/// Owner of such a table.
class RadialOverlap {
  public:
    /// information[s]: 2 sum w f^2 of the points of ring s, whose mean |k| is frequency_per_A[s]. Reaches to
    /// `largest_A`.
    RadialOverlap(std::span<const double> frequency_per_A, std::span<const double> information,
                  double largest_A, ThreadPool& pool);
    OverlapTable table() const { return {table_, limit_, per_step_}; }

  private:
    double limit_, per_step_;
    std::vector<OverlapTable::Value> table_;
};

/// Unknowns of an atom: x, y, z, height.
using AtomVector = std::array<double, 4>;

/// Symmetric matrix of 4 x 4 blocks, of atoms within a distance of each other; both triangles are kept.
struct AtomMatrix {
    std::vector<std::vector<int>> neighbours;                 ///< [atom], itself among them, ascending
    std::vector<std::vector<std::array<double, 16>>> blocks;  ///< [atom][neighbour], row-major
};

/// Views: direction of the beam in the particle's frame and weight of each image.
struct WeightedView {
    Vec3 beam;
    double weight = 0;
};
/// Sums over the views of a pair's block, before the heights are put in.
struct OverlapSums {
    double t = 0;                                             ///< height and height
    Vec3 slope;                                               ///< sum of T1 v: height and position
    double xx = 0, xy = 0, xz = 0, yy = 0, yz = 0, zz = 0;  ///< positions
};
/// Of the pair with D = `apart`, in the order of the views.
OverlapSums overlap_sums(Vec3 apart, std::span<const WeightedView> views, const OverlapTable& overlap);

/// Atoms within a distance of each other. Further apart they are left out: their projected overlaps differ in sign from view
/// to view and sum to nothing.
struct AtomPairs {
    std::vector<std::vector<int>> neighbours;  ///< [atom], itself among them, ascending
    std::vector<Vec3> apart_A;                 ///< x_a - x_b of each a and its neighbours b >= a, in that order
};
AtomPairs atom_pairs(std::span<const Vec3> positions_A, double reach_A);

/// sums: one a pair, in the order of pairs.apart_A.
AtomMatrix overlap_matrix(const AtomPairs& pairs, std::span<const OverlapSums> sums, std::span<const double> heights);

/// Solves matrix * x = right by conjugate gradients, preconditioned by the inverse blocks of the diagonal, to
/// 1e-6.
std::vector<AtomVector> solve(const AtomMatrix& matrix, std::span<const AtomVector> right, ThreadPool& pool);

/// Diagonal of the inverse, an atom at a time from the matrix of the atoms within `reach_A` of it.
std::vector<AtomVector> inverse_diagonal(const AtomMatrix& matrix, std::span<const Vec3> positions_A,
                                         double reach_A, ThreadPool& pool);

}  // namespace tumble
