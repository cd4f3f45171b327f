#pragma once
// Samples of images at random orientations, for the benchmarks of slices and insertion.
#include <vector>

#include "core/small_vectors.hpp"
#include "fourier/density_compensation.hpp"

namespace tumble::benchmark {

struct Views {
    std::vector<Mat3f> rotations;
    std::vector<FrequencyPoint> points;
    std::vector<Complexf> values;
    std::vector<float> point_weights, image_weights;
    SliceSamples view() const { return {rotations, points, values.data(), point_weights, image_weights}; }
    double samples() const { return static_cast<double>(rotations.size() * points.size()); }
};

/// `images` images of `box` pixels, orientations uniform over the rotations; half planes x >= 0 within the
/// Nyquist disc; values and weights 1.
Views random_views(int box, int images);

}  // namespace tumble::benchmark
