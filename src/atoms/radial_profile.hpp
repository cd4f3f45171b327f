#pragma once
// What a point atom looks like in a map, as tables over the distance from it.
#include <span>
#include <vector>

#include "atoms/joint_fit.hpp"

namespace tumble {

/// The profile, its change with the atom's own spread, and their slopes. Real-space values of the transforms
/// f(k) and -2 pi^2 k^2 f(k): a Gaussian of variance d (A^2) multiplies f by exp(-2 pi^2 k^2 d).
class RadialProfile {
  public:
    struct Value {
        double value, slope;                ///< P(r) and P'(r)/r
        double spread_value, spread_slope;  ///< dP/dd and its slope over r
    };
    /// shell_amplitude as in render_atoms, for a map of `box` voxels; tables reach to `largest_A`.
    RadialProfile(std::span<const double> shell_amplitude, int box, double voxel_A, double largest_A);
    /// At squared distance `s` (A^2), within largest_A.
    Value at(double s) const;
    AtomProfile summary() const;
    /// Transform of the spread part per shell.
    std::vector<double> spread_shells() const;

  private:
    std::vector<double> shells_;
    int box_;
    double voxel_A_;
    std::vector<Value> table_;
};

}  // namespace tumble
