#pragma once
// Poses of all images from a reference map, without any given poses.
#include <vector>

#include "backend/backend.hpp"
#include "pose/prepared_images.hpp"
#include "reconstruct/posterior_poses.hpp"
#include "reconstruct/working_bands.hpp"
#include "tumble/reconstruct.hpp"

namespace tumble {

/// Search by the rule of the options in the search band against the matched reference, then the candidates are polished and
/// ranked in the wider band of the rounds. One pose an image; with the soft rule several with their shares.
std::vector<PosteriorPoses> poses_from_reference(const ResidentImages& images, const Volume& matched, const WorkingBands& bands,
                                                 double shift_sigma_A,
                                                 const ReconstructOptions& options, Backend& backend, Progress& progress);

/// True where the images fit the map better after multiplication by -1 (judged on at most 60 of them).
bool map_wants_inversion(const ResidentImages& images, const Volume& matched, const WorkingBands& bands, const ReconstructOptions& options,
                         Backend& backend);

}  // namespace tumble
