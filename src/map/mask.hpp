#pragma once
// Soft solvent mask, found from the map itself: where the map's local rms stands out of the noise around the
// particle.
#include "core/threads.hpp"
#include "tumble/arrays.hpp"

namespace tumble {

struct MaskOptions {
    double window_A =
        2.0;  ///< Gaussian sigma of the window in which the rms is taken: about an atom's spacing
    double dilation_A = 1.0;  ///< the mask is 1 up to this distance beyond the threshold's contour
    double edge_A = 2.0;      ///< then falls to 0 as half a cosine of this width
};

/// Mask in [0, 1] of the map's box and voxel. Threshold: Otsu's (IEEE Trans. Syst. Man Cybern. 9, 62, 1979)
/// on the local rms; of what lies above it only the largest connected part counts, its holes filled. Throws
/// Error(unsupported) if nothing stands out (constant map, or a part that fills the box), bad_input if the
/// voxel size is not known. Any thread; the same bits for any number of threads.
Volume find_mask(const Volume& map, const MaskOptions& options, ThreadPool& pool);

/// 1 within `radius_A` of the origin, 0 beyond radius_A + edge_A, half a cosine between.
Volume spherical_mask(int box, double voxel_A, double radius_A, double edge_A);

}  // namespace tumble
