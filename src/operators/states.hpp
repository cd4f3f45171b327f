#pragma once
// What stands behind the handles of include/tumble/operators.hpp.
#include <optional>
#include <string>
#include <utility>

#include "backend/backend.hpp"
#include "pose/prepared_images.hpp"
#include "reconstruct/search_panels.hpp"
#include "tumble/operators.hpp"

namespace tumble {

struct Device::State {
    Backend backend;
    std::optional<void*> stream;  // the caller's
};

struct ParticleImages::State {
    PreparedImages host;
    ResidentImages resident;  // of host
};

struct MapTransform::State {
    ResidentTransform resident;
};

struct OrientationSearch::State {
    SearchPanels panels;
};

struct MapEquations::State {
    ResidentEquations resident;
};

inline Backend& backend_of(const Device& device) { return device.state()->backend; }

/// Throws Error(input) unless the map's voxels are as large as the images' pixels.
void require_same_pixels(const ParticleImages& images, const MapTransform& map);
/// Throws Error(input), naming `what`, for a number that is not one of the images'.
void require_image(const ParticleImages& images, std::int64_t image, const char* what);

}  // namespace tumble
