#pragma once
// Precision of atoms from half maps, and its comparison with the error bars of the fit.
#include <span>
#include <vector>

#include "atoms/joint_fit.hpp"
#include "tumble/geometry.hpp"

namespace tumble {

/// The same atoms in two halves of the data.
struct HalfComparison {
    /// Per merged atom: distance (A) between its partners in the two halves; negative where a half lacks it.
    std::vector<double> distance_A;
    std::size_t matched = 0;
    /// Estimated rms error of the merged atoms, rms over the matched ones: on one axis, and in three
    /// dimensions. Each half has twice the variance of the merged data and the difference of two independent
    /// halves twice that again, so the difference has four times the merged variance: rms error = rms half
    /// distance / 2.
    double axis_rms_A = 0, rms_A = 0;
    /// rms_A over the rms of the merged atoms' quoted sigma (three dimensions); 1 where the error bars are
    /// right, 0 where they are unknown.
    double ratio_to_quoted = 0;
};

/// half1, half2: atoms of the two halves in the frame of `merged`, any order. A merged atom's partner is the
/// nearest atom of a half within `tolerance_A` that has no nearer merged atom. The halves are not aligned: a
/// common drift of one half against the other counts as error.
HalfComparison compare_halves(std::span<const FittedAtom> merged, std::span<const Vec3> half1,
                              std::span<const Vec3> half2, double tolerance_A);

}  // namespace tumble
