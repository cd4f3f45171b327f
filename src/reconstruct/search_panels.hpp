#pragma once
// What every search over all orientations and shifts scores: the images' polar samples and the map's slices,
// packed where the backend computes.
#include <cstdint>
#include <span>
#include <vector>

#include "backend/backend.hpp"
#include "pose/pose_polish.hpp"
#include "pose/prepared_images.hpp"
#include "pose/polar_transform.hpp"

namespace tumble {

/// The poses that are tried and the band in which they are scored.
struct SearchScope {
    double low_per_A = 0.3, high_per_A = 0.74;
    double shift_radius_A = 0.72, shift_step_A = 0.36;
    std::uint64_t seed = 1;  ///< turns the grid of directions, together with `pass`
    std::uint32_t pass = 0;
};

/// Rings no farther apart than the Nyquist distance of the mask's diameter, and twice as many in-plane angles as the score
/// has orders. Only the radii and the pixel size of `images` are used, here and below.
PolarGrid search_grid(const PreparedImages& images, const SearchScope& scope);
/// Directions of the half sphere, so close that the particle's rim moves by three quarters of the finest fringe's half period.
std::int64_t search_directions(const PreparedImages& images, const SearchScope& scope);

struct SearchPanels {
    PolarGrid grid;
    std::vector<Mat3> directions;  ///< R_d; the view 2 d + h is direction d (h = 0) or its mirror (h = 1)
    ResidentSearch resident;       ///< slices at the directions and polar samples of all images
    std::vector<Vec2> shifts_A;     ///< nearest to zero first
    double pixel_size_A = 0;

    std::int64_t views() const { return 2 * static_cast<std::int64_t>(directions.size()); }
    std::int64_t shifts() const { return static_cast<std::int64_t>(shifts_A.size()); }
};

/// Same bits for any number of threads.
SearchPanels search_panels(const ResidentImages& images, const ResidentTransform& map, const SearchScope& scope,
                           Backend& backend);

/// Rows of some images: row i * shifts() + s is the image `images[i]` at shift s.
ResidentRows rows_at_all_shifts(const SearchPanels& panels, std::span<const std::int64_t> images, Backend& backend);
/// Row i is the image `images[i]` at shift number `shifts[i]`.
ResidentRows rows_at_shifts(const SearchPanels& panels, std::span<const std::int64_t> images,
                        std::span<const std::int64_t> shifts, Backend& backend);

/// First rows of `images` images that own a row for each shift.
std::vector<std::int64_t> first_rows(const SearchPanels& panels, std::size_t images);

/// The pose of a pair of `image` at shift number `shift`, its in-plane angle at the highest point of its score curve.
PoseCandidate candidate_of(const SearchPanels& panels, std::span<const float> curve, const SearchPair& pair, std::int64_t image, std::int64_t shift);
/// The same for pairs of `rows`; images and shifts: one a pair.
std::vector<PoseCandidate> candidates_of(const SearchPanels& panels, const ResidentRows& rows, std::span<const SearchPair> pairs,
                                         std::span<const std::int64_t> images, std::span<const std::int64_t> shifts, Backend& backend);

/// Log prior of a shift, less its value at zero: a normal centring error of `sigma_A` on each axis.
double log_shift_prior(Vec2 shift_A, double sigma_A);

}  // namespace tumble
