#pragma once
// From the raw stack to PreparedImages: normalise, find the particle, measure the noise, mask, crop, transform.
#include "core/threads.hpp"
#include "pose/prepared_images.hpp"
#include "tumble/progress.hpp"

namespace tumble {

struct ImagePreparationOptions {
    double pixel_size_A = 0;
    double diameter_A = 0;  ///< 0: measured
    double sign = 1;        ///< -1 where atoms are dark
};

/// Where images of `side` pixels are masked and to which box they are cropped, for a particle of that radius.
struct WorkingBox {
    double mask_radius_A = 0;
    int box = 0;  ///< even, pixels
};
WorkingBox working_box(double particle_radius_A, double pixel_size_A, int side);

/// Contrast of image i: (value - b_i) / c_i with b_i the mean of its background (outside the particle); c_i = b_i for
/// bright-field images (counts whose mean is about the same inside and outside), else one constant for the stack.
/// Throws Error(input) for constant images and for boxes below 16 px.
PreparedImages prepare_images(StackView stack, const ImagePreparationOptions& options, ThreadPool& pool, Progress& progress);

/// Radius in A at which the radial profile of the images' second moment has fallen to a quarter of the particle's plateau
/// above the background, that is the amplitude to half: near the particle's rim both for phase contrast (power grows as the
/// thickness) and for density (power grows as its square). `contrast`: images with their background removed.
double particle_radius(StackView contrast, double pixel_size_A, ThreadPool& pool);

}  // namespace tumble
