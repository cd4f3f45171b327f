#include "kernels/polar_images.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "fourier/gridding_window.hpp"
#include "fourier/window_taps.hpp"
#include "runtime/fft_plan.hpp"
#include "runtime/launch.hpp"

namespace tumble::cuda {
namespace {

constexpr int window_width = 6;
constexpr int row_threads = 128;     // of the kernel that walks along the rows of the padded images
constexpr int gather_threads = 128;  // of the sampling kernel
constexpr int images_a_thread = 4;   // share a sample's place and weights

/// Where the window's taps begin, and their weights, made on the host: [point], and [tap][point] so that loads coalesce. The
/// sign (-1)^(x + y), which moves the origin to pixel padded/2, is in the weights.
struct PolarTaps {
    std::vector<int2> first;
    std::vector<float> x, y;
};

PolarTaps polar_taps(std::span<const FrequencyPoint> points, int padded, const GriddingWindow& window) {
    const std::size_t count = points.size();
    PolarTaps out;
    out.first.resize(count);
    out.x.resize(count * window_width);
    out.y.resize(count * window_width);
    const auto place = [&](double at, std::size_t p, std::vector<float>& weights) {
        const int first = static_cast<int>(std::ceil(at - 0.5 * window_width));
        for (int tap = 0; tap < window_width; tap++)
            weights[static_cast<std::size_t>(tap) * count + p] =
                static_cast<float>(window.value(first + tap - at) * ((first + tap) % 2 ? -1 : 1));
        return first;
    };
    for (std::size_t p = 0; p < count; p++)
        out.first[p] = {place(static_cast<double>(points[p].x) * padded, p, out.x),
                        place(static_cast<double>(points[p].y) * padded, p, out.y)};
    return out;
}

/// Images times the inverse window profile in the middle of the padded ones; rows of `images` images beyond `count` are zero.
__global__ void __launch_bounds__(row_threads)
    pad_images(const float* __restrict__ in, const float* __restrict__ profile, int count, int images, int box, int padded,
               float* __restrict__ out) {
    const int offset = padded / 2 - box / 2;
    const long long rows = static_cast<long long>(images) * padded;
    for (long long row = blockIdx.x; row < rows; row += gridDim.x) {
        const long long image = row / padded;
        const int y = static_cast<int>(row % padded) - offset;
        const bool inside = image < count && y >= 0 && y < box;
        const float* from = in + (inside ? (image * box + y) * box : 0);
        const float weight = inside ? profile[y] : 0.0f;
        for (int i = static_cast<int>(threadIdx.x); i < padded; i += row_threads) {
            const int x = i - offset;
            out[row * padded + i] = inside && x >= 0 && x < box ? from[x] * profile[x] * weight : 0.0f;
        }
    }
}

/// A thread sums one point of `images_a_thread` images. blockIdx.y: group of images.
__global__ void __launch_bounds__(gather_threads)
    gather(const float2* __restrict__ spectra, const int2* __restrict__ first, const float* __restrict__ weights_x,
           const float* __restrict__ weights_y, int count, int padded, long long points, float2* __restrict__ out) {
    const int columns = padded / 2 + 1;
    const long long spectrum = static_cast<long long>(padded) * columns;
    const int group = static_cast<int>(blockIdx.y) * images_a_thread;
    // The last group's missing images are read as its last one and not written.
    const float2* from[images_a_thread];
#pragma unroll
    for (int i = 0; i < images_a_thread; i++) from[i] = spectra + (group + i < count ? group + i : count - 1) * spectrum;
    for (long long p = blockIdx.x * static_cast<long long>(gather_threads) + threadIdx.x; p < points;
         p += static_cast<long long>(gridDim.x) * gather_threads) {
        const int2 start = first[p];
        float wx[window_width];
#pragma unroll
        for (int i = 0; i < window_width; i++) wx[i] = weights_x[i * points + p];
        float2 sum[images_a_thread];
#pragma unroll
        for (int i = 0; i < images_a_thread; i++) sum[i] = make_float2(0.0f, 0.0f);
#pragma unroll
        for (int j = 0; j < window_width; j++) {
            const float wy = weights_y[j * points + p];
            // Taps lie within half a side and the window of the origin: one wrap is enough.
            int y = start.y + j;
            y = y < 0 ? y + padded : y < padded ? y : y - padded;
            const int direct = y * columns, mate = (y == 0 ? 0 : padded - y) * columns;
            float2 row[images_a_thread];
#pragma unroll
            for (int i = 0; i < images_a_thread; i++) row[i] = make_float2(0.0f, 0.0f);
#pragma unroll
            for (int t = 0; t < window_width; t++) {
                int x = start.x + t;
                x = x < 0 ? x + padded : x < padded ? x : x - padded;
                const bool other_half = x >= columns;
                const int at = other_half ? mate + padded - x : direct + x;
                const float w = wx[t], w_im = other_half ? -w : w;
#pragma unroll
                for (int i = 0; i < images_a_thread; i++) {
                    const float2 value = from[i][at];
                    row[i].x = fmaf(w, value.x, row[i].x);
                    row[i].y = fmaf(w_im, value.y, row[i].y);
                }
            }
#pragma unroll
            for (int i = 0; i < images_a_thread; i++) {
                sum[i].x = fmaf(wy, row[i].x, sum[i].x);
                sum[i].y = fmaf(wy, row[i].y, sum[i].y);
            }
        }
#pragma unroll
        for (int i = 0; i < images_a_thread; i++)
            if (group + i < count) out[(group + i) * points + p] = sum[i];
    }
}

}  // namespace

DeviceBuffer<float2> polar_samples(Device& device, const DeviceImages& images, std::span<const FrequencyPoint> points) {
    const auto point_count = static_cast<std::int64_t>(points.size());
    DeviceBuffer<float2> out(device, static_cast<std::size_t>(images.images) * points.size(), "polar samples of the images");
    if (images.images == 0 || points.empty()) return out;
    const int box = images.box, padded = polar_padded_side(box);
    const GriddingWindow window{window_width, static_cast<double>(padded) / box};
    const PolarTaps taps = polar_taps(points, padded, window);
    const auto d_profile = to_device<float>(device, inverse_window_profile(window, box, padded), "the window's profile");
    const auto d_first = to_device<int2>(device, taps.first, "places of the polar samples");
    const auto d_x = to_device<float>(device, taps.x, "weights of the polar samples");
    const auto d_y = to_device<float>(device, taps.y, "weights of the polar samples");

    const int batch = polar_images_at_once(padded);
    const auto side = static_cast<std::size_t>(padded), slots = static_cast<std::size_t>(batch);
    DeviceBuffer<float> padded_images(device, slots * side * side, "padded images");
    DeviceBuffer<float2> spectra(device, slots * side * (side / 2 + 1), "transforms of the padded images");
    const FftPlan plan(device, FftPlan::Kind::real_to_complex, {padded, padded}, batch);
    const std::int64_t pixels = static_cast<std::int64_t>(box) * box;
    for (std::int64_t first = 0; first < images.images; first += batch) {
        const int count = static_cast<int>(std::min<std::int64_t>(batch, images.images - first));
        launch(device, "pad_images", pad_images, LaunchShape{dim3(static_cast<unsigned>(batch * padded)), dim3(row_threads), 0},
               images.real_space.data() + first * pixels, d_profile.data(), count, batch, box, padded, padded_images.data());
        plan.forward(padded_images.data(), spectra.data());
        LaunchShape shape = one_thread_each(point_count, gather_threads);
        shape.grid.y = static_cast<unsigned>((count + images_a_thread - 1) / images_a_thread);
        launch(device, "gather", gather, shape, spectra.data(), d_first.data(), d_x.data(), d_y.data(), count, padded, point_count,
               out.data() + first * point_count);
    }
    device.synchronize("polar samples of the images");
    return out;
}

}  // namespace tumble::cuda
