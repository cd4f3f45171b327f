#pragma once
// One image of a set of atoms in Fourier space, by direct summation, and the gradient of its likelihood.
#include <span>
#include <vector>

#include "atoms/half_plane_grid.hpp"
#include "atoms/phase_sums.hpp"
#include "core/small_vectors.hpp"
#include "tumble/geometry.hpp"

namespace tumble {

/// An atom as an image shows it: x, y in A from the image's origin, z (A) along the beam from the particle's
/// centre.
struct ProjectedAtom {
    double x = 0, y = 0, z = 0, height = 0;
};
std::vector<ProjectedAtom> project_atoms(const Pose& pose, std::span<const Vec3> positions_A,
                                         std::span<const double> heights);

/// Derivatives by one projected atom.
struct ProjectedGradient {
    double x = 0, y = 0, z = 0, height = 0;
};

/// Tables of one image and the scratch memory for them; one object a thread, used again and again.
class ImageWaves {
  public:
    ImageWaves(const HalfPlaneGrid& grid, std::size_t atoms);

    /// Prepares the tables for these atoms (as many as were announced).
    void set(std::span<const ProjectedAtom> atoms);
    /// out[p] = sum_a weight_a exp(-2 pi i k_p.x_a), weight = height, or height times z where `depth`.
    void structure_factors(bool depth, std::span<Complexf> out);
    /// Derivatives of -sum_p |X_p - A_p|^2 w_p, A = (f + z g) exp(..) height summed over atoms, from the
    /// weighted residuals direct[p] = w f (X - A) and, where not empty, depth[p] = w g (X - A).
    void gradient(std::span<const Complexf> direct, std::span<const Complexf> depth,
                  std::span<ProjectedGradient> out);

  private:
    void fill(std::span<const Complexf> values);
    WaveMoments moments(std::size_t group) const;

    const HalfPlaneGrid& grid_;
    std::vector<ProjectedAtom> atoms_;
    std::vector<float> x_re_, x_im_;            // [atom][padded column], sign as in the model
    std::vector<float> x_lane_re_, x_lane_im_;  // [group of 16][column][16], conjugate
    std::vector<float> y_re_, y_im_;            // [atom][row]
    std::vector<float> y_lane_re_, y_lane_im_;  // [group][row][16], conjugate
    std::vector<float> c_re_, c_im_;            // [atom][4]
    std::vector<float> rows_re_, rows_im_;      // [row][padded column]
    std::vector<float> w_re_, w_im_;            // [row / 4][column][4]
};

}  // namespace tumble
