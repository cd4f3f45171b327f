#pragma once
// Maps from images with poses.
#include <cstdint>
#include <span>
#include <vector>

#include "backend/backend.hpp"
#include "pose/image_equations.hpp"
#include "pose/prepared_images.hpp"
#include "tumble/geometry.hpp"

namespace tumble {

/// Normal equations of the images at their poses, from the samples of `band`; the box is that of the prepared images.
ResidentEquations equations_of(const ResidentImages& images, std::span<const WeightedPose> poses, Band band, Backend& backend);

/// Posterior mean of the map: Gaussian noise of the measured spectrum, and a prior whose power per shell is that of the
/// images' signal. Shells beyond `high_per_A` are zero. The map is sought inside the particle's mask.
Volume solve_map(const ResidentEquations& equations, const PreparedImages& images, double high_per_A, int steps, Backend& backend);

/// Padded transform of a map with the window that scoring uses.
ResidentTransform scoring_transform(const Volume& map, Backend& backend);

}  // namespace tumble
