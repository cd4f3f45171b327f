#pragma once
// A map that consists of atoms alone: the strongest prior that assumes no lattice.
#include <span>
#include <vector>

#include "core/threads.hpp"
#include "tumble/arrays.hpp"
#include "tumble/geometry.hpp"

namespace tumble {

/// Point atoms of the given heights, convolved with a profile given by its real transform per Fourier shell
/// of width 1/box (linear between shells, zero beyond the last); exact at every position (no snapping to
/// voxels).
Volume render_atoms(int box, double voxel_A, std::span<const Vec3> positions_A,
                    std::span<const double> heights, std::span<const double> shell_amplitude,
                    ThreadPool& pool);

/// Least-squares amplitude per Fourier shell with which point atoms explain `map`:
/// f(s) = sum_{k in s} Re(F_map conj(G)) / sum_{k in s} |G|^2, G = sum_a h_a exp(-2 pi i k.x_a).
std::vector<double> fit_shell_amplitude(const Volume& map, std::span<const Vec3> positions_A,
                                        std::span<const double> heights, ThreadPool& pool);

}  // namespace tumble
