#pragma once
// Insertion: the exact adjoint of central slicing (fourier/central_slice.hpp). Samples are spread onto the
// padded grid with the same window, brought back to real space, cropped, and divided by the window's
// transform.
//
// Samples are sorted by brick of the grid (8 x 8 rows), stably, so that within a brick they stand in the
// order (image, point). Bricks of one colour of a 2 x 2 chessboard do not touch one another; colours are done
// in turn. The order of additions to any cell is thus fixed: bitwise the same for any number of threads.
#include <span>
#include <vector>

#include "core/aligned.hpp"
#include "core/small_vectors.hpp"
#include "core/threads.hpp"
#include "fourier/central_slice_element.hpp"
#include "fourier/density_compensation.hpp"
#include "fourier/gridding_window.hpp"

namespace tumble {

/// Grid that samples are added to. components: 2 (interleaved complex samples) or 1 (real weights).
struct InsertionGrid {
    GriddingWindow window;
    GridLayout layout;
    int components = 2;
    AlignedVector<float> values;
};

/// Empty grid of side `padded` (even).
InsertionGrid insertion_grid(int padded, int components, const GriddingWindow& window);

/// Adds image_weight * point_weight * value (components 2), or image_weight * point_weight (components 1;
/// values are not read), of all samples in the Nyquist disc. Images of weight 0 are skipped.
void insert_samples(InsertionGrid& grid, const SliceSamples& samples, ThreadPool& pool);

/// out (box^3, x fastest, origin at box/2) = Re sum over samples of value * exp(+2 pi i k.x): the adjoint of
/// slicing. The grid is used up. Throws if the box does not fit the grid.
std::vector<float> gridded_to_map(InsertionGrid& grid, int box, ThreadPool& pool);

}  // namespace tumble
