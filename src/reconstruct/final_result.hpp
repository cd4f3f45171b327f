#pragma once
// From settled poses to half maps, the restored map and atoms with error bars.
#include <span>
#include <string>
#include <vector>

#include "backend/backend.hpp"
#include "pose/pose_polish.hpp"
#include "pose/prepared_images.hpp"
#include "reconstruct/image_refinement.hpp"
#include "reconstruct/working_bands.hpp"
#include "tumble/progress.hpp"
#include "tumble/reconstruct.hpp"

namespace tumble {

/// Atoms of one half of the images, refined against them alone. They start from the half's map, or where none stand out of that
/// from the map of all images; empty where none stand out of either.
struct HalfAtoms {
    std::vector<FittedAtom> atoms;
    std::vector<double> shell_amplitude;
    std::vector<Vec3> positions() const;
    std::vector<double> heights() const;
};

struct FinalStageInput {
    const ResidentImages& images;
    const WorkingBands& bands;
    double min_distance_A;
    std::span<const PoseCandidate> poses;  ///< one an image, in order
    std::span<const int> half;             ///< 1 or 2 an image
    std::span<const char> rejected;        ///< an image that counts nowhere
};

HalfAtoms half_atoms(const FinalStageInput& input, int half, Backend& backend, Progress& progress);

/// Maps, curves and atoms of `result` (on the box of the prepared images); `halves` gives the half distances;
/// where one of them has no atoms there are none in the result.
void final_maps_and_atoms(const FinalStageInput& input, const HalfAtoms (&halves)[2], const std::string& element, std::uint64_t seed,
                          ReconstructResult& result, Backend& backend, Progress& progress);

}  // namespace tumble
