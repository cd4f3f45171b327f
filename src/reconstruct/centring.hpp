#pragma once
// How well the particle is centred in its images.
#include <cstdint>
#include <vector>

#include "backend/backend.hpp"
#include "reconstruct/posterior_poses.hpp"
#include "reconstruct/working_bands.hpp"

namespace tumble {

/// Standard deviation of the centring error on each axis before anything is known, A (one pixel of the reference data).
inline constexpr double usual_centring_sigma_A = 0.36;

/// The same, measured: the best shifts of 100 images in a search against `map` that lets them lie far off. Never below half
/// the usual one, never above 1.2 A.
double measure_centring_sigma(const ResidentImages& images, const Volume& map, const WorkingBands& bands, std::uint64_t seed, Backend& backend);

/// The same from poses that are nearly settled, whose origin is the particle's centre.
double centring_sigma_of(const std::vector<PosteriorPoses>& poses);

/// How far a search has to look for the particle's centre: two standard deviations, but at least two usual ones.
double search_shift_radius(double sigma_A);

}  // namespace tumble
