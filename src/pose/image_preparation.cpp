#include "pose/image_preparation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "fourier/fft.hpp"
#include "tumble/error.hpp"

namespace tumble {
namespace {

constexpr double mask_margin_A = 2.5;  // beyond the particle's radius: surface atoms and the rings of their images
constexpr double mask_edge_A = 1.5;

double cosine_edge(double excess, double width) {
    const double u = std::clamp(excess / width, 0.0, 1.0);
    return 0.5 * (1 + std::cos(std::numbers::pi * u));
}

double distance_from_origin(std::int64_t x, std::int64_t y, std::int64_t width, std::int64_t height) {
    return std::hypot(static_cast<double>(x - width / 2), static_cast<double>(y - height / 2));
}

/// Mean of the pixels at least `from_px` from the origin and of those inside, per image.
struct Means {
    double outside = 0, inside = 0, smallest = 0, largest = 0;
};
std::vector<Means> image_means(StackView stack, double from_px, ThreadPool& pool) {
    std::vector<Means> means(static_cast<std::size_t>(stack.images));
    pool.run(stack.images, [&](std::int64_t begin, std::int64_t end, int) {
        for (auto i = begin; i < end; i++) {
            const float* p = stack.image(i);
            double sum[2] = {0, 0}, count[2] = {0, 0};
            float low = p[0], high = p[0];
            for (std::int64_t y = 0; y < stack.height; y++)
                for (std::int64_t x = 0; x < stack.width; x++, p++) {
                    const int in = distance_from_origin(x, y, stack.width, stack.height) < from_px;
                    sum[in] += *p, count[in] += 1;
                    low = std::min(low, *p), high = std::max(high, *p);
                }
            means[static_cast<std::size_t>(i)] = {sum[0] / std::max(1.0, count[0]), sum[1] / std::max(1.0, count[1]), low, high};
        }
    });
    return means;
}

/// (value - background) / scale for every image; see prepare_images.
ImageStack contrast_images(StackView stack, double background_from_px, double sign, ThreadPool& pool) {
    const auto means = image_means(stack, background_from_px, pool);
    double outside = 0, inside = 0;
    bool counts = true;
    for (std::size_t i = 0; i < means.size(); i++) {
        if (!std::isfinite(means[i].outside + means[i].inside))
            throw bad_input(fmt::format("image {} holds values that are no finite numbers: expected a picture of the particle", i + 1));
        if (!(means[i].largest > means[i].smallest))
            throw bad_input(fmt::format("image {} is constant ({}): expected a picture of the particle", i + 1, means[i].smallest));
        outside += means[i].outside, inside += means[i].inside;
        counts = counts && means[i].smallest >= 0 && means[i].outside > 0;
    }
    const bool bright_field = counts && std::abs(inside - outside) < 0.3 * outside;
    ImageStack out{stack.images, stack.height, stack.width, 0, {}};
    out.values.resize(static_cast<std::size_t>(stack.images * stack.height * stack.width));
    const std::int64_t pixels = stack.height * stack.width;
    pool.run(stack.images, [&](std::int64_t begin, std::int64_t end, int) {
        for (auto i = begin; i < end; i++) {
            const double background = means[static_cast<std::size_t>(i)].outside;
            const double factor = sign / (bright_field ? background : 1);
            const float* in = stack.image(i);
            float* to = out.values.data() + i * pixels;
            for (std::int64_t p = 0; p < pixels; p++) to[p] = static_cast<float>((in[p] - background) * factor);
        }
    });
    return out;
}

/// Noise power per pixel on shells of the full image, from outside the mask; empty if there is too little outside.
std::vector<double> outside_noise_power(StackView contrast, double mask_radius_px, double pixel_size_A, ThreadPool& pool) {
    const auto n = static_cast<int>(std::min(contrast.height, contrast.width));
    std::vector<float> window(static_cast<std::size_t>(contrast.height * contrast.width));
    double window_power = 0;
    for (std::int64_t y = 0; y < contrast.height; y++)
        for (std::int64_t x = 0; x < contrast.width; x++) {
            const double r = distance_from_origin(x, y, contrast.width, contrast.height);
            const double w = 1 - cosine_edge(r - mask_radius_px - 1.0 / pixel_size_A, mask_edge_A / pixel_size_A);
            window[static_cast<std::size_t>(y * contrast.width + x)] = static_cast<float>(w);
            window_power += w * w;
        }
    if (window_power < 0.05 * static_cast<double>(window.size())) return {};

    const auto width = static_cast<int>(contrast.width), height = static_cast<int>(contrast.height);
    const Fft2D fft(height, width);
    const int shells = n / 2 + 1, columns = width / 2 + 1;
    // Summed per image and then in image order, so that the result does not depend on the number of threads.
    std::vector<std::vector<double>> sums(static_cast<std::size_t>(contrast.images));
    std::vector<int> shell_of(static_cast<std::size_t>(height * columns));
    std::vector<double> count(static_cast<std::size_t>(shells), 0);
    for (int ky = 0; ky < height; ky++)
        for (int kx = 0; kx < columns; kx++) {
            const double fy = static_cast<double>(ky < (height + 1) / 2 ? ky : ky - height) / height, fx = static_cast<double>(kx) / width;
            const int s = static_cast<int>(std::lround(std::hypot(fx, fy) * n));
            shell_of[static_cast<std::size_t>(ky * columns + kx)] = s < shells && (kx || ky) ? s : -1;
            if (s < shells && (kx || ky)) count[static_cast<std::size_t>(s)] += 1;
        }
    pool.run(contrast.images, [&](std::int64_t begin, std::int64_t end, int) {
        std::vector<float> image(window.size());
        std::vector<Complexf> transform(shell_of.size());
        for (auto i = begin; i < end; i++) {
            const float* in = contrast.image(i);
            for (std::size_t p = 0; p < image.size(); p++) image[p] = in[p] * window[p];
            fft.forward(image.data(), transform.data());
            auto& sum = sums[static_cast<std::size_t>(i)];
            sum.assign(static_cast<std::size_t>(shells), 0);
            for (std::size_t k = 0; k < transform.size(); k++)
                if (shell_of[k] >= 0) sum[static_cast<std::size_t>(shell_of[k])] += std::norm(transform[k]);
        }
    });
    std::vector<double> power(static_cast<std::size_t>(shells), 0);
    for (std::size_t s = 0; s < power.size(); s++) {
        for (const auto& sum : sums) power[s] += sum[s];
        power[s] = count[s] > 0 ? power[s] / count[s] / static_cast<double>(contrast.images) / window_power : 0;
    }
    // Taking each image's mean background away took noise from the lowest shells too.
    for (std::size_t s = 0; s < 3 && power.size() > 3; s++) power[s] = std::max(power[s], power[3]);
    return power;
}

/// `curve` over shells of width 1/from at shell positions of width 1/to (linear).
std::vector<double> resample_shells(const std::vector<double>& curve, int from, int to) {
    std::vector<double> out(static_cast<std::size_t>(to / 2 + 1));
    for (std::size_t s = 0; s < out.size(); s++) {
        const double at = std::min(static_cast<double>(s) * from / to, static_cast<double>(curve.size() - 1));
        const auto low = static_cast<std::size_t>(at);
        const auto high = std::min(low + 1, curve.size() - 1);
        out[s] = curve[low] + (at - static_cast<double>(low)) * (curve[high] - curve[low]);
    }
    return out;
}

struct HalfPlane {
    std::vector<FrequencyPoint> points;
    std::vector<int> shell;
    std::vector<std::size_t> index;  // into the r2c transform, which holds kx >= 0
    std::vector<float> re_sign;      // moves the origin to pixel box/2
    std::vector<float> im_sign;      // the same, and conjugates what lies in the other half (Friedel)
};
HalfPlane half_plane(int box) {
    struct Entry {
        int k2, kx, ky;
    };
    std::vector<Entry> entries;
    const int limit = box / 2;
    for (int ky = 0; ky < limit; ky++)
        for (int kx = -limit + 1; kx < limit; kx++) {
            const int k2 = kx * kx + ky * ky;
            if ((ky > 0 || kx > 0) && 4 * k2 < box * box) entries.push_back({k2, kx, ky});
        }
    std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.k2 < b.k2; });
    HalfPlane plane;
    for (const auto& e : entries) {
        plane.points.push_back({static_cast<float>(e.kx) / static_cast<float>(box), static_cast<float>(e.ky) / static_cast<float>(box)});
        plane.shell.push_back(static_cast<int>(std::lround(std::sqrt(static_cast<double>(e.k2)))));
        const bool other_half = e.kx < 0;
        const int row = other_half ? (box - e.ky) % box : e.ky, column = std::abs(e.kx);
        plane.index.push_back(static_cast<std::size_t>(row) * static_cast<std::size_t>(box / 2 + 1) + static_cast<std::size_t>(column));
        plane.re_sign.push_back((e.kx + e.ky) % 2 ? -1.0f : 1.0f);
        plane.im_sign.push_back(other_half ? -plane.re_sign.back() : plane.re_sign.back());
    }
    return plane;
}

/// Masks, crops and transforms every image; fills real_space and values.
double transform_images(StackView contrast, const HalfPlane& plane, PreparedImages& out, ThreadPool& pool) {
    const int box = out.box, half = box / 2;
    std::vector<float> mask(static_cast<std::size_t>(box * box));
    double mask_power = 0;
    for (int y = 0; y < box; y++)
        for (int x = 0; x < box; x++) {
            const double r = std::hypot(x - half, y - half) * out.pixel_size_A;
            const double m = cosine_edge(r - out.mask_radius_A, mask_edge_A);
            mask[static_cast<std::size_t>(y * box + x)] = static_cast<float>(m);
            mask_power += m * m;
        }
    const Fft2D fft(box, box);
    const std::size_t pixels = mask.size();
    out.real_space.resize(static_cast<std::size_t>(out.images) * pixels);
    out.values.resize(static_cast<std::size_t>(out.images) * plane.points.size());
    const std::int64_t x0 = contrast.width / 2 - half, y0 = contrast.height / 2 - half;
    pool.run(out.images, [&](std::int64_t begin, std::int64_t end, int) {
        std::vector<Complexf> transform(static_cast<std::size_t>(box * (box / 2 + 1)));
        for (auto i = begin; i < end; i++) {
            float* image = out.real_space.data() + static_cast<std::size_t>(i) * pixels;
            for (int y = 0; y < box; y++) {
                const float* row = contrast.image(i) + (y + y0) * contrast.width + x0;
                for (int x = 0; x < box; x++) image[y * box + x] = row[x] * mask[static_cast<std::size_t>(y * box + x)];
            }
            fft.forward(image, transform.data());
            Complexf* to = out.values.data() + static_cast<std::size_t>(i) * plane.points.size();
            for (std::size_t p = 0; p < plane.points.size(); p++) {
                const Complexf v = transform[plane.index[p]];
                to[p] = {plane.re_sign[p] * v.real(), plane.im_sign[p] * v.imag()};
            }
        }
    });
    return mask_power;
}

std::vector<double> mean_power(const PreparedImages& images) {
    std::vector<double> sum(static_cast<std::size_t>(images.box / 2 + 1), 0), count(sum.size(), 0);
    for (std::int64_t i = 0; i < images.images; i++) {
        const Complexf* x = images.image(i);
        for (std::size_t p = 0; p < images.points.size(); p++) {
            const auto s = static_cast<std::size_t>(images.shell[p]);
            if (s < sum.size()) sum[s] += std::norm(x[p]), count[s] += 1;
        }
    }
    for (std::size_t s = 0; s < sum.size(); s++) sum[s] = count[s] > 0 ? sum[s] / count[s] : 0;
    return sum;
}

}  // namespace

Band band_of(const PreparedImages& images, double low_per_A, double high_per_A) {
    const auto below = [&](double limit) {
        const double k2 = limit * images.pixel_size_A * limit * images.pixel_size_A;
        return static_cast<std::size_t>(std::partition_point(images.points.begin(), images.points.end(), [&](FrequencyPoint p) {
            return static_cast<double>(p.x) * p.x + static_cast<double>(p.y) * p.y < k2;
        }) - images.points.begin());
    };
    return {below(low_per_A), below(high_per_A)};
}

double particle_radius(StackView contrast, double pixel_size_A, ThreadPool& pool) {
    const std::int64_t n = std::min(contrast.height, contrast.width), step = std::max<std::int64_t>(1, contrast.images / 300);
    const std::int64_t used = (contrast.images + step - 1) / step;
    const auto bins = static_cast<std::size_t>(n / 4);
    std::vector<std::vector<double>> profiles(static_cast<std::size_t>(used));
    std::vector<double> count(bins, 0);
    const auto bin_of = [&](std::int64_t x, std::int64_t y) {
        return static_cast<std::size_t>(distance_from_origin(x, y, contrast.width, contrast.height) / 2);
    };
    for (std::int64_t y = 1; y + 1 < contrast.height; y++)
        for (std::int64_t x = 1; x + 1 < contrast.width; x++)
            if (bin_of(x, y) < bins) count[bin_of(x, y)] += 1;
    pool.run(used, [&](std::int64_t begin, std::int64_t end, int) {
        for (auto i = begin; i < end; i++) {
            auto& profile = profiles[static_cast<std::size_t>(i)];
            profile.assign(bins, 0);
            const float* p = contrast.image(i * step);
            const auto at = [&](std::int64_t x, std::int64_t y) { return p[y * contrast.width + x]; };
            for (std::int64_t y = 1; y + 1 < contrast.height; y++)
                for (std::int64_t x = 1; x + 1 < contrast.width; x++) {
                    if (bin_of(x, y) >= bins) continue;
                    // Binomial smoothing (1 2 1)^2 / 16: most of the noise power lies beyond the atoms' band.
                    const double v = (4.0 * at(x, y) + 2.0 * (at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1)) +
                                      at(x - 1, y - 1) + at(x + 1, y - 1) + at(x - 1, y + 1) + at(x + 1, y + 1)) / 16;
                    profile[bin_of(x, y)] += v * v;
                }
        }
    });
    std::vector<double> mean(bins, 0);
    for (std::size_t b = 0; b < bins; b++) {
        for (const auto& profile : profiles) mean[b] += profile[b];
        mean[b] /= std::max(1.0, count[b]) * static_cast<double>(used);
    }
    const auto median = [](std::vector<double> v) {
        std::nth_element(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2), v.end());
        return v[v.size() / 2];
    };
    const auto inner = std::clamp<std::size_t>(static_cast<std::size_t>(std::lround(4.0 / (2 * pixel_size_A))), 1, bins / 2);
    const auto first = mean.begin();
    const double inside = median({first, first + static_cast<std::ptrdiff_t>(inner)});
    const double outside = median({mean.end() - static_cast<std::ptrdiff_t>(std::max<std::size_t>(1, bins / 10)), mean.end()});
    const double level = outside + 0.25 * (inside - outside);
    for (std::size_t b = bins - 1; b-- > 0;)
        if (mean[b] > level) {
            const double part = (mean[b] - level) / std::max(1e-30, mean[b] - mean[b + 1]);
            return (static_cast<double>(b) + 0.5 + part) * 2 * pixel_size_A;
        }
    return 0.25 * static_cast<double>(n) * pixel_size_A;
}

WorkingBox working_box(double particle_radius_A, double pixel_size_A, int side) {
    const double largest_mask_A = (side / 2 - 1) * pixel_size_A - mask_edge_A;
    const double mask_radius_A = std::min(particle_radius_A + mask_margin_A, largest_mask_A);
    const int wanted = next_fast_size(2 * static_cast<int>(std::ceil((mask_radius_A + mask_edge_A + 0.1) / pixel_size_A)));
    return {mask_radius_A, std::min(wanted, side - side % 2)};
}

PreparedImages prepare_images(StackView stack, const ImagePreparationOptions& options, ThreadPool& pool, Progress& progress) {
    const auto n = static_cast<int>(std::min(stack.height, stack.width));
    if (n < 16) throw bad_input(fmt::format("the images are {} x {} px: expected boxes of at least 16 px", stack.width, stack.height));
    PreparedImages out;
    out.images = stack.images;
    out.pixel_size_A = options.pixel_size_A;

    ImageStack contrast = contrast_images(stack, 0.44 * n, options.sign, pool);
    out.particle_radius_A = options.diameter_A > 0 ? 0.5 * options.diameter_A : particle_radius(contrast.view(), options.pixel_size_A, pool);
    const WorkingBox working = working_box(out.particle_radius_A, options.pixel_size_A, n);
    out.mask_radius_A = working.mask_radius_A;
    if ((out.mask_radius_A + mask_edge_A) / options.pixel_size_A < 0.44 * n)
        contrast = contrast_images(stack, (out.mask_radius_A + mask_edge_A) / options.pixel_size_A, options.sign, pool);
    progress.update(0.3);

    out.box = working.box;
    const HalfPlane plane = half_plane(out.box);
    out.points = plane.points;
    out.shell = plane.shell;
    const double mask_power = transform_images(contrast.view(), plane, out, pool);
    progress.update(0.8);

    const auto power = mean_power(out);
    auto outside = outside_noise_power(contrast.view(), out.mask_radius_A / options.pixel_size_A, options.pixel_size_A, pool);
    if (outside.empty()) {
        // Nothing but particle in the box: take the tail of the images' own spectrum for white noise.
        const double tail = power.size() > 8 ? power[power.size() - 2] : power.back();
        outside.assign(static_cast<std::size_t>(n / 2 + 1), tail / mask_power);
    }
    out.noise_power = resample_shells(outside, n, out.box);
    // Noise-free images would have infinite weight: noise is taken to be at least 1e-6 of the strongest shell.
    const double least = 1e-6 * *std::max_element(power.begin(), power.end()) / mask_power;
    for (auto& v : out.noise_power) v = std::max(v, std::max(least, 1e-30));
    out.signal_power.resize(power.size());
    for (std::size_t s = 0; s < power.size(); s++) out.signal_power[s] = std::max(0.0, power[s] - out.noise_power[s] * mask_power);
    out.weight.resize(out.points.size());
    for (std::size_t p = 0; p < out.points.size(); p++) {
        const double noise = out.noise_power[std::min(static_cast<std::size_t>(out.shell[p]), out.noise_power.size() - 1)];
        out.weight[p] = static_cast<float>(1 / (static_cast<double>(out.box) * out.box * noise));
    }
    progress.update(1);
    return out;
}

}  // namespace tumble
