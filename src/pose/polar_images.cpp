#include "pose/polar_images.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "fourier/fft.hpp"
#include "fourier/gridding_window.hpp"

namespace tumble {
namespace {

constexpr int window_width = 6;
constexpr double padding_factor = 1.5;

/// One grid point of the padded transform that contributes to a sample; `conjugate` for points of the other half plane.
struct Tap {
    int index;
    float weight;
    float conjugate;  // -1 or 1: sign of the imaginary part
};

std::vector<Tap> taps_of(const std::vector<FrequencyPoint>& points, int padded, const GriddingWindow& window) {
    std::vector<Tap> taps;
    taps.reserve(points.size() * window_width * window_width);
    const int columns = padded / 2 + 1;
    for (const auto& point : points) {
        const double gx = static_cast<double>(point.x) * padded, gy = static_cast<double>(point.y) * padded;
        const int x0 = static_cast<int>(std::ceil(gx - 0.5 * window_width)), y0 = static_cast<int>(std::ceil(gy - 0.5 * window_width));
        for (int y = y0; y < y0 + window_width; y++)
            for (int x = x0; x < x0 + window_width; x++) {
                // The origin of the image is pixel padded/2: phase (-1)^(x + y).
                const double w = window.value(x - gx) * window.value(y - gy) * ((x + y) % 2 ? -1 : 1);
                int cx = ((x % padded) + padded) % padded, cy = ((y % padded) + padded) % padded;
                const bool other_half = cx >= columns;
                if (other_half) cx = padded - cx, cy = (padded - cy) % padded;
                taps.push_back({cy * columns + cx, static_cast<float>(w), other_half ? -1.0f : 1.0f});
            }
    }
    return taps;
}

}  // namespace

std::vector<Complexf> polar_samples(const ImageSamples& images, const PolarGrid& grid, ThreadPool& pool) {
    const auto points = grid.points();
    const int box = images.box, padded = next_fast_size(static_cast<int>(std::ceil(padding_factor * box)));
    const GriddingWindow window{window_width, static_cast<double>(padded) / box};
    const auto taps = taps_of(points, padded, window);
    const Fft2D fft(padded, padded);
    std::vector<float> deapodisation(static_cast<std::size_t>(box));
    for (int x = 0; x < box; x++)
        deapodisation[static_cast<std::size_t>(x)] = static_cast<float>(1 / window.transform((x - box / 2) / static_cast<double>(padded)));

    std::vector<Complexf> samples(static_cast<std::size_t>(images.images) * points.size());
    pool.run(images.images, [&](std::int64_t begin, std::int64_t end, int) {
        std::vector<float> image(static_cast<std::size_t>(padded * padded), 0.0f);
        std::vector<Complexf> transform(static_cast<std::size_t>(padded * (padded / 2 + 1)));
        const int offset = padded / 2 - box / 2;
        for (auto i = begin; i < end; i++) {
            const float* in = images.real_space.data() + i * box * box;
            for (int y = 0; y < box; y++)
                for (int x = 0; x < box; x++)
                    image[static_cast<std::size_t>((y + offset) * padded + x + offset)] =
                        in[y * box + x] * deapodisation[static_cast<std::size_t>(x)] * deapodisation[static_cast<std::size_t>(y)];
            fft.forward(image.data(), transform.data());
            const Tap* tap = taps.data();
            Complexf* out = samples.data() + static_cast<std::size_t>(i) * points.size();
            for (std::size_t p = 0; p < points.size(); p++) {
                float re = 0, im = 0;
                for (int t = 0; t < window_width * window_width; t++, tap++) {
                    const Complexf v = transform[static_cast<std::size_t>(tap->index)];
                    re += tap->weight * v.real();
                    im += tap->weight * tap->conjugate * v.imag();
                }
                out[p] = {re, im};
            }
        }
    });
    return samples;
}

std::vector<float> ring_weights(const PreparedImages& images, const PolarGrid& grid) {
    const std::size_t rings = grid.rings.size();
    std::vector<float> weights(rings);
    for (std::size_t r = 0; r < rings; r++) {
        const double below = r > 0 ? grid.rings[r - 1] : grid.rings[r], above = r + 1 < rings ? grid.rings[r + 1] : grid.rings[r];
        const double spacing = rings > 1 ? (above - below) / (r > 0 && r + 1 < rings ? 2 : 1) : 1.0 / images.box;
        const double shell = std::min(grid.rings[r] * images.box, static_cast<double>(images.noise_power.size() - 1));
        const auto low = static_cast<std::size_t>(shell);
        const auto high = std::min(low + 1, images.noise_power.size() - 1);
        const double noise = images.noise_power[low] + (shell - static_cast<double>(low)) * (images.noise_power[high] - images.noise_power[low]);
        weights[r] = static_cast<float>(grid.rings[r] * spacing * 2 * std::numbers::pi / grid.angles / noise);
    }
    return weights;
}

}  // namespace tumble
