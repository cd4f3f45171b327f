#pragma once
// Frequency bands of the stages, from the distance of neighbouring atoms.
#include "pose/prepared_images.hpp"
#include "tumble/reconstruct.hpp"

namespace tumble {

/// All in 1/A. For Pt (2.77 A) search is 0.30 - 0.74, the bands of the prototypes (docs/stages/preparation.md); other elements
/// scale with their nearest-neighbour distance. None exceeds 1 / max_resolution_A or 0.48 cycles per pixel.
struct WorkingBands {
    double low = 0.25;          ///< below it there is background but hardly signal
    double search_low = 0.3;
    double search_high = 0.74;  ///< the strongest reflections: a coarse grid of directions can follow them
    double round_high = 0.95;
    double polish_high = 1.05;
    double map_high = 1.3;      ///< final maps
};
WorkingBands working_bands(double neighbour_distance_A, double pixel_size_A, double max_resolution_A);

}  // namespace tumble
