#pragma once
// Polar Fourier samples of the prepared images, for the global search.
#include <vector>

#include "core/threads.hpp"
#include "pose/polar_transform.hpp"
#include "pose/prepared_images.hpp"

namespace tumble {

/// Samples [image][ring][half angle] (order of PolarGrid::points) of the images' transforms, origin-centred, by gridding
/// from the masked images; relative error below 1e-4 of the largest sample. Same bits for any number of threads.
std::vector<Complexf> polar_samples(const ImageSamples& images, const PolarGrid& grid, ThreadPool& pool);

/// Weight per ring with which a sum over polar samples of the half plane stands for the log-likelihood's integral over it:
/// ring frequency * ring spacing * angle spacing (cycles^2 / pixel^2) / noise power.
std::vector<float> ring_weights(const PreparedImages& images, const PolarGrid& grid);

}  // namespace tumble
