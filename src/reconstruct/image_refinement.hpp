#pragma once
// Refinement of atoms against the images themselves, with poses held: maximum likelihood over positions and
// heights.
//
// Model of image i: A_i(k) = f(|k|) sum_a h_a exp(-2 pi i k.(R_i x_a + t_i)_xy). The projected profile f is
// estimated from the same images, one real amplitude a Fourier shell, in turn with Gauss-Newton steps over
// all positions and heights. The normal matrix holds every pair of atoms that overlap in projection.
#include <span>
#include <vector>

#include "atoms/joint_fit.hpp"
#include "backend/backend.hpp"
#include "tumble/geometry.hpp"
#include "tumble/progress.hpp"

namespace tumble {

struct ImageRefinementOptions {
    int rounds = 4;
    double largest_step_A = 0.1;  ///< an atom moves at most this far in a round
    bool depth =
        true;  ///< fit what an atom's depth along the beam does to its defocus (projected_profile.hpp)
};
struct ImageRefinement {
    std::vector<FittedAtom> atoms;        ///< order of the start; width and background are the start's
    std::vector<double> shell_amplitude;  ///< f per shell of width 1/box (box of the prepared images)
    std::vector<double>
        depth_amplitude;        ///< its change per A of depth along the beam; empty without options.depth
    double variance_scale = 1;  ///< scatter of the images' derivatives over what the noise alone gives
    double log_likelihood = 0;  ///< mean per image, units of PreparedImages
    double chi_squared = 0;     ///< weighted residual per sample over noise; 1 where noise alone is left
    std::vector<double> image_log_likelihood;
};
/// images: [image] of `images` with pose poses[i] and weight image_weights[i] (0 leaves an image out).
/// sigma_A comes from the inverse normal matrix, scaled by the measured residual (so model error counts as
/// noise). Throws Error(interrupted) when progress.cancelled().
ImageRefinement refine_atoms(const ResidentImages& images, std::span<const Pose> poses,
                             std::span<const float> image_weights, std::span<const FittedAtom> start,
                             const ImageRefinementOptions& options, const Backend& backend, Progress& progress);

}  // namespace tumble
