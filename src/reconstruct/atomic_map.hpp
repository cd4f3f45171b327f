#pragma once
// A map replaced by its atoms: a few hundred parameters instead of thousands, so it predicts unseen images better, and an
// atom has one position for all views, so no region of views can keep a symmetry mate of its own.
#include <optional>
#include <span>
#include <vector>

#include "atoms/peak_detection.hpp"
#include "backend/backend.hpp"
#include "pose/prepared_images.hpp"
#include "tumble/arrays.hpp"
#include "tumble/progress.hpp"

namespace tumble {

/// Atoms of a map as point scatterers with one profile.
struct AtomicModel {
    std::vector<Vec3> positions_A;
    std::vector<double> heights;          ///< relative to the median, at most 1.15
    std::vector<double> shell_amplitude;  ///< profile per shell of width 1/box
};

/// The first `count` of `peaks` with the profile with which they explain the map.
AtomicModel model_of_peaks(const Volume& map, std::span<const Peak> peaks, std::size_t count, Backend& backend);

/// Peaks of the map that are atoms; nullopt where no atoms stand out.
std::optional<AtomicModel> atomic_model_of(const Volume& map, double radius_A, double min_distance_A, Backend& backend);

/// The same while poses are still being settled, when atoms and noise are not yet divided by a clear gap of heights: peaks
/// above three quarters of the height that divides them best, at most `most`; nullopt for fewer than 20.
std::optional<AtomicModel> tentative_model_of(const Volume& map, double radius_A, double min_distance_A, std::size_t most, Backend& backend);

Volume rendered(const AtomicModel& model, int box, double voxel_A, Backend& backend);

/// The model's places and heights refined against the images of weight other than 0, each at its pose (two Gauss-Newton steps
/// an atom), with the profile that the refinement found.
AtomicModel refined(const AtomicModel& model, const ResidentImages& images, std::span<const Pose> poses, std::span<const float> weights,
                    Backend& backend, Progress& progress);

/// Atoms that a ball of radius `radius_A` holds if it is close-packed with neighbours `neighbour_A` apart.
std::size_t close_packed_count(double radius_A, double neighbour_A);

}  // namespace tumble
