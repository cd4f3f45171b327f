#pragma once
// From images with poses to a map: the weighted least-squares problem
//     minimise  sum_i w_i sum_p c_p | X_ip - slice_i(map)(p) |^2  +  sum_k |F_map(k)|^2 prior(|k|),
// k over half of the box's DFT grid (a real map's independent coefficients, as the points p are an image's),
// solved by conjugate gradients on its normal equations. The normal operator is a convolution, applied with
// FFTs on the doubled box (Toeplitz embedding: Fessler, Lee, Olafsson, Shi & Noll, IEEE Trans. Signal
// Process. 53, 3393, 2005), so a step costs the same for any number of images. Linear in the images: sums
// over folds and halves add up.
#include <span>
#include <vector>

#include "core/small_vectors.hpp"
#include "core/threads.hpp"
#include "fourier/gridding_window.hpp"
#include "tumble/arrays.hpp"
#include "tumble/progress.hpp"

namespace tumble {

/// Fourier samples of a batch of images with known rotations. Borrowed for the call.
struct SliceSamples {
    std::span<const Mat3f> rotations;        ///< one an image
    std::span<const FrequencyPoint> points;  ///< half plane; the other half follows by Friedel's law
    const Complexf* values =
        nullptr;  ///< [image][point], origin-centred, already shifted to the particle's centre
    std::span<const float>
        point_weights;  ///< c_p: inverse noise power (and area of a polar sample), one a point
    std::span<const float> image_weights;  ///< w_i: 0 for rejected images, posterior weights, ...
};

/// Right-hand side (adjoint of slicing applied to the weighted data) and kernel of the normal operator,
/// accumulated on gridded transforms that have been brought back to real space; both divided by the window.
struct NormalEquations {
    int box = 0;
    std::vector<float> right_side;  ///< box^3, x fastest, origin at box/2
    std::vector<float> kernel;      ///< (2 box)^3, x fastest, origin at box: kernel of the normal operator
    double images = 0;              ///< sum of image weights
    NormalEquations& operator+=(const NormalEquations& other);
    NormalEquations& operator-=(const NormalEquations& other);
};

/// Accumulates samples into normal equations for a map of box^3. Deterministic: bitwise the same for any
/// number of threads (samples are sorted by brick of the grid, one owner a brick, fixed order of additions).
NormalEquations accumulate(const SliceSamples& samples, int box, const GriddingWindow& window,
                           double padding_factor, ThreadPool& pool);

struct SolveOptions {
    int steps = 20;             ///< conjugate-gradient steps at most
    double tolerance = 1e-4;    ///< stop when the residual norm has fallen by this factor
    std::vector<double> prior;  ///< per Fourier shell of width 1/box: added to the normal operator (same
                                ///< unit: inverse power of the map's transform); beyond the last finite shell
                                ///< the map is 0; empty: no prior, no band limit
    std::vector<float> mask;    ///< box^3, or empty: the map is sought inside it only
};
/// The same with arrays that somebody else owns; borrowed for the call.
struct SolveProblem {
    int steps = 20;
    double tolerance = 1e-4;
    std::span<const double> prior;
    std::span<const float> mask;
};
/// Writes the map of box^3 to `map`. Throws Error(input) where mask or map have another size.
void solve_into(const NormalEquations& equations, const SolveProblem& problem, std::span<float> map, ThreadPool& pool);
/// Solves for the map of box^3; voxel size is left 0 for the caller to set.
Volume solve(const NormalEquations& equations, const SolveOptions& options, ThreadPool& pool);

}  // namespace tumble
