#pragma once
// Particle images ready for scoring: contrast, masked, cropped, transformed, with the power of their noise.
#include <cstdint>
#include <span>
#include <vector>

#include "core/small_vectors.hpp"
#include "tumble/arrays.hpp"

namespace tumble {

/// Fourier samples of all images on the half plane of a Cartesian grid. The log-likelihood ratio of image i against a
/// model slice A (contrast units, already shifted) is
///     LL_i = sum_p weight[p] * ( 2 Re(X_ip conj(A_p)) - |A_p|^2 ),
/// in natural-log units: the noise is Gaussian with the power spectrum measured outside the particle.
struct PreparedImages {
    std::int64_t images = 0;
    int box = 0;                          ///< side of the cropped image, even, pixels; the origin is pixel box/2
    double pixel_size_A = 0;
    double particle_radius_A = 0;         ///< where the images' amplitude has fallen to half, see particle_radius
    double mask_radius_A = 0;             ///< images are 1 inside, cosine edge of 1.5 A outside
    std::vector<FrequencyPoint> points;   ///< half plane (ky > 0, or ky = 0 and kx > 0) with |k| < 0.5, sorted by |k|
    std::vector<int> shell;               ///< per point: nearest integer of |k| * box
    std::vector<Complexf> values;         ///< [image][point], origin-centred, contrast units
    std::vector<float> weight;            ///< per point: 1 / (box^2 * noise power), noise power in contrast^2 per pixel
    std::vector<double> noise_power;      ///< per shell 0 .. box/2
    std::vector<double> signal_power;     ///< per shell: mean |X|^2 less that of the noise, at least 0
    std::vector<float> real_space;        ///< [image][row][column], box^2 each: the masked contrast images

    const Complexf* image(std::int64_t i) const { return values.data() + i * static_cast<std::int64_t>(points.size()); }
};

/// View of what slices, scores and insertion read of prepared images; borrowed. Any owner of such arrays can be scored.
struct ImageSamples {
    std::int64_t images = 0;
    int box = 0;
    double pixel_size_A = 0, particle_radius_A = 0;
    std::span<const FrequencyPoint> points;
    const Complexf* values = nullptr;
    std::span<const float> weight, real_space;

    ImageSamples() = default;
    ImageSamples(const PreparedImages& p)
        : images(p.images), box(p.box), pixel_size_A(p.pixel_size_A), particle_radius_A(p.particle_radius_A), points(p.points),
          values(p.values.data()), weight(p.weight), real_space(p.real_space) {}
    const Complexf* image(std::int64_t i) const { return values + i * static_cast<std::int64_t>(points.size()); }
};

/// A contiguous range of PreparedImages::points: all with low_per_A <= |k| < high_per_A.
struct Band {
    std::size_t first = 0, last = 0;
};
Band band_of(const PreparedImages& images, double low_per_A, double high_per_A);

}  // namespace tumble
