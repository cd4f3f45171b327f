#pragma once
// Joint least-squares fit of all atoms to a map: overlaps, band limit and the rings that it leaves are part
// of the model, so peaks do not pull each other inwards as plain maxima do.
#include <span>
#include <vector>

#include "core/threads.hpp"
#include "tumble/arrays.hpp"
#include "tumble/geometry.hpp"

namespace tumble {

/// Radial profile of the mean atom: what a point atom looks like in the map, estimated from the map itself.
struct AtomProfile {
    std::vector<double> shell_amplitude;  ///< transform of the profile per Fourier shell of width 1/box
    double gaussian_width_A = 0;          ///< sigma of the Gaussian that fits its core
    double peak = 0;                      ///< its value at the centre
};

struct FittedAtom {
    Vec3 position_A;
    Vec3 sigma_A;       ///< standard error on each axis, from the covariance of the fit
    double height = 0;  ///< amplitude relative to the mean profile
    double height_sigma = 0;
    double width_A = 0;  ///< Gaussian sigma: the profile's, changed by this atom's own spread
    double width_sigma_A = 0;
    double background = 0;  ///< local background of the whitened map, in units of the profile's peak there
};

struct JointFitOptions {
    double radius_A = 1.6;   ///< voxels within this distance of an atom are fitted
    int rounds = 4;          ///< profile estimate and Gauss-Newton step, in turn
    bool widths = true;      ///< fit a width an atom
    bool background = true;  ///< fit a local background an atom
};
struct JointFit {
    std::vector<FittedAtom> atoms;  ///< in the order of `start`
    AtomProfile profile;
    double residual_rms =
        0;  ///< rms of whitened map - model over the fitted voxels, relative to the profile's peak
};
/// The second half of the rounds works on the map divided by the amplitude spectrum of its own residual, so
/// that the noise is white and the result hardly depends on how the map was filtered. Changes of width are to
/// first order in the variance. Fits all atoms of `start` (A from the map's origin) at once. Throws
/// Error(unsupported) when the normal matrix is not positive (two atoms on one place).
JointFit fit_atoms(const Volume& map, std::span<const Vec3> start, const JointFitOptions& options,
                   ThreadPool& pool);

}  // namespace tumble
