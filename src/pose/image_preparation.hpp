#pragma once
// From the raw stack to PreparedImages: normalise, find the particle, measure the noise, mask, crop, transform.
#include <functional>
#include <vector>

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

/// Of one image: means of its pixels at least `from_px` from the origin and of those inside, and its extreme values.
struct ImageMeans {
    double outside = 0, inside = 0, smallest = 0, largest = 0;
};
std::vector<ImageMeans> image_means(StackView stack, double from_px, ThreadPool& pool);

/// Contrast = (value - background) * factor.
struct ContrastScale {
    double background = 0, factor = 1;
};
/// What is known of a stack before its images are masked and transformed one by one.
struct SettledPreparation {
    double pixel_size_A = 0, particle_radius_A = 0, mask_radius_A = 0;
    int box = 0;
    std::vector<ContrastScale> contrast;  ///< [image]
};
/// Sums over all images of the power of their frequencies, by shell.
struct PowerSums {
    std::vector<double> inside;   ///< [box / 2 + 1], of PreparedImages::values
    std::vector<double> outside;  ///< [min(height, width) / 2 + 1], of the whole image outside of the mask; empty: too little there
};
/// Masks, crops and transforms every image: `values` [image][point of half_plane(box)], `real_space` [image][box][box]. The same
/// bits for any number of threads.
PowerSums transform_images(StackView stack, const SettledPreparation& settled, Complexf* values, float* real_space, ThreadPool& pool);

/// The two passes over all images, wherever they are done. `transform` is given images that lack all but their scalars, points
/// and shells; it makes room for those of `values` and `real_space` that the host is to have (make_room: both) and fills them.
struct PreparationSteps {
    std::function<std::vector<ImageMeans>(double from_px)> means;
    std::function<PowerSums(const SettledPreparation&, PreparedImages&)> transform;
};
void make_room(PreparedImages& images);

/// Contrast of image i: (value - b_i) / c_i with b_i the mean of its background (outside the particle); c_i = b_i for
/// bright-field images (counts whose mean is about the same inside and outside), else one constant for the stack.
/// Throws Error(input) for constant images and for boxes below 16 px.
PreparedImages prepare_images(StackView stack, const ImagePreparationOptions& options, ThreadPool& pool, Progress& progress);
/// The same with other hands. The arrays of the images returned lie where `steps` has seen them.
PreparedImages prepare_images(StackView stack, const ImagePreparationOptions& options, const PreparationSteps& steps, ThreadPool& pool,
                              Progress& progress);

/// Radius in A at which the radial profile of the images' second moment has fallen to a quarter of the particle's plateau
/// above the background, that is the amplitude to half: near the particle's rim both for phase contrast (power grows as the
/// thickness) and for density (power grows as its square). `contrast`: images with their background removed.
double particle_radius(StackView contrast, double pixel_size_A, ThreadPool& pool);

}  // namespace tumble
