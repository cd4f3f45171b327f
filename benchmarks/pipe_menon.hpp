#pragma once
// The rival of the conjugate gradients, for benchmarks only: density compensation by iterated weights (Pipe &
// Menon, Magn. Reson. Med. 41, 179, 1999).
#include <vector>

#include "core/threads.hpp"
#include "fourier/density_compensation.hpp"
#include "tumble/arrays.hpp"

namespace tumble::benchmark {

/// Kernel with which the density of the weights is measured, by its transform: a map of the box in which the
/// weights are spread.
/// The transform of a Kaiser-Bessel window of four taps, for a support of `support` voxels across.
Volume gridding_kernel(int box, int support);
/// Self-overlap of a ball of `radius` voxels (Johnson & Pipe, Magn. Reson. Med. 61, 439, 2009): better, and
/// dearer, as the box has to hold twice the ball.
Volume overlap_kernel(double radius);

/// Map of box^3 from weighted samples after `steps` steps. Image weights must be 1. The map's scale is
/// arbitrary.
Volume pipe_menon_map(const SliceSamples& samples, int box, const Volume& kernel, int steps,
                      ThreadPool& pool);

}  // namespace tumble::benchmark
