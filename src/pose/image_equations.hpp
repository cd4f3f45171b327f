#pragma once
// Normal equations of a map from prepared images at their poses.
#include <cstdint>
#include <span>

#include "core/threads.hpp"
#include "fourier/density_compensation.hpp"
#include "pose/prepared_images.hpp"
#include "tumble/image_pose.hpp"

namespace tumble {

/// Normal equations (fourier/density_compensation.hpp) of the images at their poses, from the samples of `band`, each
/// brought to the particle's centre; the box is that of the images. Same bits for any number of threads.
NormalEquations accumulate_images(const ImageSamples& images, std::span<const WeightedPose> poses, Band band,
                                  const GriddingWindow& window, double padding_factor, ThreadPool& pool);

}  // namespace tumble
