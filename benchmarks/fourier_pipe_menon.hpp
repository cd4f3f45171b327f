#pragma once
// The rival of the conjugate gradients, for benchmarks only: density compensation by iterated weights (Pipe &
// Menon, Magn. Reson. Med. 41, 179, 1999), with the kernel whose transform is the self-overlap of a ball
// (Johnson & Pipe, Magn. Reson. Med. 61, 439, 2009).
#include <vector>

#include "core/threads.hpp"
#include "fourier/density_compensation.hpp"
#include "tumble/arrays.hpp"

namespace tumble {

/// Map of box^3 from weighted samples after `steps` steps; support: radius of the particle in voxels. Image
/// weights must be 1. The map's scale is arbitrary.
Volume pipe_menon_map(const SliceSamples& samples, int box, double support, int steps, ThreadPool& pool);

}  // namespace tumble
