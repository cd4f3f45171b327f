#pragma once
// Filters of maps in Fourier space, and maps of another box or voxel. All keep the box, the voxel and the
// origin (voxel box/2) unless they say otherwise; any thread may call them.
#include <span>

#include "core/threads.hpp"
#include "tumble/arrays.hpp"

namespace tumble {

/// Multiplies shell s (|k| = s / box) by factors[s], linearly between shells and 0 beyond the last.
Volume multiplied_by_shells(const Volume& map, std::span<const double> factors, ThreadPool& pool);

/// Low-pass at `d_A` (1 / frequency of the middle of the edge), cosine edge `edge_shells` wide (in units of 1
/// / (box voxel)). Throws if the voxel size is not known.
Volume low_passed(const Volume& map, double d_A, double edge_shells, ThreadPool& pool);

/// Keeps spacings from `coarse_A` down to `fine_A` (coarse_A > fine_A), both edges cosines of `edge_shells`.
Volume band_passed(const Volume& map, double coarse_A, double fine_A, double edge_shells, ThreadPool& pool);

/// Multiplies the transform by exp(-B |k|^2 / 4); B in A^2, negative sharpens.
Volume b_factored(const Volume& map, double b_A2, ThreadPool& pool);

/// The map cropped or padded with zeros in real space to `box`, about the origin.
Volume centred(const Volume& map, int box);

/// The map on another grid by trigonometric interpolation: box `box`, voxel `voxel_A`, same origin. Values
/// are density per voxel, so that they scale with the voxel's volume and slices keep their scale. Frequencies
/// that the new voxel cannot hold are left out. Where the new box is larger than the old one the map is
/// continued by zeros.
Volume resample(const Volume& map, int box, double voxel_A);

}  // namespace tumble
