#pragma once
// A user's reference map made comparable with the images.
#include "core/threads.hpp"
#include "pose/prepared_images.hpp"
#include "tumble/arrays.hpp"

namespace tumble {

/// The reference on the grid of the prepared images (resampled where box or voxel differ), each Fourier shell scaled so that
/// its slices have the power of the images' signal: a density and a phase-contrast image weigh their shells differently.
/// Shells in which the reference holds less than 1e-5 of its strongest shell's power are left out.
/// Throws Error(input) for a reference that is constant.
Volume matched_reference(const Volume& reference, const PreparedImages& images, ThreadPool& pool);

}  // namespace tumble
