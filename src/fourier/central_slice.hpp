#pragma once
// Central slices: a map's transform on tilted planes (projection-slice theorem; Crowther, DeRosier & Klug,
// Proc. R. Soc. A 317, 319, 1970), by gridding: divide by the window in real space, zero-pad, transform,
// interpolate with the window.
#include <span>
#include <vector>

#include "core/small_vectors.hpp"
#include "core/threads.hpp"
#include "fourier/gridding_window.hpp"
#include "fourier/window_taps.hpp"
#include "tumble/arrays.hpp"

namespace tumble {

/// A map's transform on the padded grid, ready to be sampled anywhere with |frequency| <= 0.5 per axis.
/// Holds the half kx >= 0 and the margin that the window reaches; layout: GridLayout in
/// central_slice_element.hpp.
struct PaddedTransform {
    int box = 0;     ///< side of the map in voxels
    int padded = 0;  ///< side of the padded grid
    GriddingWindow window;
    WindowTaps taps;  ///< of `window`: costlier to make than a slice is to sample
    std::vector<Complexf> values;
};

/// Side of the padded grid: box * padding_factor rounded up to a fast even size. Throws outside 1.2 .. 8.
int padded_side(int box, double padding_factor);

/// Transforms a map. padding_factor >= 1.2 fixes the padded grid (rounded up to a fast size); the default
/// window and padding give slices within 5e-4 of the direct sum over voxels for a particle that fills the
/// box.
PaddedTransform padded_transform(VolumeView map, const GriddingWindow& window, double padding_factor,
                                 ThreadPool& pool);

/// out[r * points.size() + p] = F_map(R_r^T (points[p].x, points[p].y, 0)), origin-centred: the transform of
/// the map's projection along the beam at orientation R_r, unshifted. Points outside |k| <= 0.5 give 0. Each
/// value depends on its own rotation and point only: bitwise the same for any batch and any number of
/// threads.
void sample_slices(const PaddedTransform& transform, std::span<const Mat3f> rotations,
                   std::span<const FrequencyPoint> points, Complexf* out, ThreadPool& pool);

}  // namespace tumble
