#pragma once
// Local resolution: Fourier shell correlation of two half maps in a window that moves over them (Cardone,
// Heymann & Steven, J. Struct. Biol. 184, 226, 2013).
#include "core/threads.hpp"
#include "tumble/arrays.hpp"

namespace tumble {

struct LocalResolutionOptions {
    double window_A =
        10;        ///< diameter of the window, a Hann taper to its border; >= 7 times the resolution expected
    int step = 3;  ///< voxels between the window's places; linear between them
    double threshold = 0.5;  ///< of the local correlation
};

/// Resolution in A at every voxel where mask > 0 (everywhere if mask.data is null), 0 elsewhere; never finer
/// than two voxels or coarser than the window. half1, half2: same box and voxel. Any thread; the same bits
/// for any number of them.
Volume local_resolution(const Volume& half1, const Volume& half2, VolumeView mask,
                        const LocalResolutionOptions& options, ThreadPool& pool);

}  // namespace tumble
