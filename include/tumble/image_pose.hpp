#pragma once
// A pose together with the image that it belongs to.
#include <cstdint>

#include "tumble/geometry.hpp"

namespace tumble {

/// A pose of one image under consideration.
struct PoseCandidate {
    std::int64_t image = 0;  ///< number in its stack, from 0
    Pose pose;
    double score = 0;  ///< log-likelihood ratio against an empty image, natural-log units, plus the log prior of the shift
};

/// One image at one pose, with the weight of that pose (1, or a posterior share).
struct WeightedPose {
    std::int64_t image = 0;
    Pose pose;
    float weight = 1;
};

}  // namespace tumble
