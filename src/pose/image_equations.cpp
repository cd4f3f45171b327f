#include "pose/image_equations.hpp"

#include <cmath>
#include <numbers>
#include <vector>

namespace tumble {

NormalEquations accumulate_images(const ImageSamples& images, std::span<const WeightedPose> poses, Band band,
                                  const GriddingWindow& window, double padding_factor, ThreadPool& pool) {
    const std::size_t n = band.last - band.first;
    std::vector<Mat3f> rotations(poses.size());
    std::vector<float> weights(poses.size());
    std::vector<Complexf> values(poses.size() * n);
    const double scale = 2 * std::numbers::pi / images.pixel_size_A;
    pool.run(static_cast<std::int64_t>(poses.size()), [&](std::int64_t begin, std::int64_t end, int) {
        for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); i++) {
            const auto& p = poses[i];
            rotations[i] = to_float(p.pose.rotation);
            weights[i] = p.weight;
            const Complexf* image = images.image(p.image) + band.first;
            const auto tx = static_cast<float>(scale * p.pose.shift_A.x), ty = static_cast<float>(scale * p.pose.shift_A.y);
            for (std::size_t k = 0; k < n; k++) {
                const auto& point = images.points[band.first + k];
                const float phase = point.x * tx + point.y * ty;
                values[i * n + k] = image[k] * Complexf(std::cos(phase), std::sin(phase));
            }
        }
    });
    SliceSamples samples;
    samples.rotations = rotations;
    samples.points = images.points.subspan(band.first, n);
    samples.values = values.data();
    samples.point_weights = images.weight.subspan(band.first, n);
    samples.image_weights = weights;
    return accumulate(samples, images.box, window, padding_factor, pool);
}

}  // namespace tumble
