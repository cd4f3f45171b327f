#include "pose/image_preparation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "fourier/fft.hpp"
#include "pose/preparation_tables.hpp"
#include "tumble/error.hpp"

namespace tumble {
namespace {

constexpr double mask_margin_A = 2.5;  // beyond the particle's radius: surface atoms and the rings of their images
constexpr std::int64_t radius_images = 300;  // that the particle's radius is measured from

/// Throws Error(input) for constant images and for values that are no finite numbers.
std::vector<ContrastScale> contrast_scales(std::span<const ImageMeans> means, double sign) {
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
    std::vector<ContrastScale> scales;
    for (const ImageMeans& m : means) scales.push_back({m.outside, sign / (bright_field ? m.outside : 1)});
    return scales;
}

void write_contrast(const float* image, std::int64_t pixels, ContrastScale scale, float* out) {
    for (std::int64_t p = 0; p < pixels; p++) out[p] = static_cast<float>((image[p] - scale.background) * scale.factor);
}

/// Contrast of every `step`-th image.
ImageStack contrast_images(StackView stack, std::span<const ContrastScale> scales, std::int64_t step, ThreadPool& pool) {
    ImageStack out{(stack.images + step - 1) / step, stack.height, stack.width, 0, {}};
    const std::int64_t pixels = stack.height * stack.width;
    out.values.resize(static_cast<std::size_t>(out.images * pixels));
    pool.run(out.images, [&](std::int64_t begin, std::int64_t end, int) {
        for (auto i = begin; i < end; i++)
            write_contrast(stack.image(i * step), pixels, scales[static_cast<std::size_t>(i * step)], out.values.data() + i * pixels);
    });
    return out;
}

/// Noise power per pixel on shells of the full image, from the sum over `images` outside of their masks.
std::vector<double> noise_power_of(std::vector<double> sum, double images, const PixelWeights& window, StackView stack) {
    std::vector<double> count(sum.size(), 0);
    for (const int s : noise_shells(stack.height, stack.width))
        if (s >= 0) count[static_cast<std::size_t>(s)] += 1;
    for (std::size_t s = 0; s < sum.size(); s++) sum[s] = count[s] > 0 ? sum[s] / count[s] / images / window.power : 0;
    // Taking each image's mean background away took noise from the lowest shells too.
    for (std::size_t s = 0; s < 3 && sum.size() > 3; s++) sum[s] = std::max(sum[s], sum[3]);
    return sum;
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

/// Mean |X|^2 of each shell, from the sum over all images.
std::vector<double> mean_power(std::vector<double> sum, const PreparedImages& images) {
    std::vector<double> count(sum.size(), 0);
    for (const int s : images.shell)
        if (static_cast<std::size_t>(s) < sum.size()) count[static_cast<std::size_t>(s)] += static_cast<double>(images.images);
    for (std::size_t s = 0; s < sum.size(); s++) sum[s] = count[s] > 0 ? sum[s] / count[s] : 0;
    return sum;
}

/// Fills noise_power, signal_power and weight.
void set_powers(PowerSums sums, const PixelWeights& window, StackView stack, PreparedImages& out) {
    const int n = static_cast<int>(std::min(stack.height, stack.width));
    const double mask_power = particle_mask(out.box, out.mask_radius_A, out.pixel_size_A).power;
    const auto power = mean_power(std::move(sums.inside), out);
    std::vector<double> outside;
    if (measures_noise(window)) {
        outside = noise_power_of(std::move(sums.outside), static_cast<double>(stack.images), window, stack);
    } else {
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
    const std::int64_t n = std::min(contrast.height, contrast.width), step = std::max<std::int64_t>(1, contrast.images / radius_images);
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

std::vector<ImageMeans> image_means(StackView stack, double from_px, ThreadPool& pool) {
    std::vector<ImageMeans> means(static_cast<std::size_t>(stack.images));
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

PowerSums transform_images(StackView stack, const SettledPreparation& settled, Complexf* values, float* real_space, ThreadPool& pool) {
    const int box = settled.box, half = box / 2;
    const HalfPlane plane = half_plane(box);
    const PixelWeights mask = particle_mask(box, settled.mask_radius_A, settled.pixel_size_A),
                       window = noise_window(stack.height, stack.width, settled.mask_radius_A, settled.pixel_size_A);
    const std::vector<int> outside_shell = measures_noise(window) ? noise_shells(stack.height, stack.width) : std::vector<int>();
    const auto outside_shells = static_cast<std::size_t>(std::min(stack.height, stack.width) / 2 + 1);
    const Fft2D fft(box, box), whole_fft(static_cast<int>(stack.height), static_cast<int>(stack.width));
    const std::size_t pixels = mask.values.size(), points = plane.points.size();
    const std::int64_t x0 = stack.width / 2 - half, y0 = stack.height / 2 - half;
    // Summed per image and then in image order, so that the result does not depend on the number of threads.
    std::vector<std::vector<double>> outside(static_cast<std::size_t>(outside_shell.empty() ? 0 : stack.images));
    pool.run(stack.images, [&](std::int64_t begin, std::int64_t end, int) {
        std::vector<float> contrast(window.values.size());
        std::vector<Complexf> transform(static_cast<std::size_t>(box * (box / 2 + 1))), whole(outside_shell.size());
        for (auto i = begin; i < end; i++) {
            write_contrast(stack.image(i), stack.height * stack.width, settled.contrast[static_cast<std::size_t>(i)], contrast.data());
            float* image = real_space + static_cast<std::size_t>(i) * pixels;
            for (int y = 0; y < box; y++) {
                const float* row = contrast.data() + (y + y0) * stack.width + x0;
                for (int x = 0; x < box; x++) image[y * box + x] = row[x] * mask.values[static_cast<std::size_t>(y * box + x)];
            }
            fft.forward(image, transform.data());
            Complexf* to = values + static_cast<std::size_t>(i) * points;
            for (std::size_t p = 0; p < points; p++) {
                const Complexf v = transform[plane.index[p]];
                to[p] = {plane.re_sign[p] * v.real(), plane.im_sign[p] * v.imag()};
            }
            if (outside_shell.empty()) continue;
            for (std::size_t p = 0; p < contrast.size(); p++) contrast[p] *= window.values[p];
            whole_fft.forward(contrast.data(), whole.data());
            auto& sum = outside[static_cast<std::size_t>(i)];
            sum.assign(outside_shells, 0);
            for (std::size_t k = 0; k < whole.size(); k++)
                if (outside_shell[k] >= 0) sum[static_cast<std::size_t>(outside_shell[k])] += std::norm(whole[k]);
        }
    });
    PowerSums sums;
    sums.inside.assign(static_cast<std::size_t>(box / 2 + 1), 0);
    for (std::int64_t i = 0; i < stack.images; i++)
        for (std::size_t p = 0; p < points; p++)
            if (const auto s = static_cast<std::size_t>(plane.shell[p]); s < sums.inside.size())
                sums.inside[s] += std::norm(values[static_cast<std::size_t>(i) * points + p]);
    if (!outside_shell.empty()) sums.outside.assign(outside_shells, 0);
    for (std::size_t s = 0; s < sums.outside.size(); s++)
        for (const auto& sum : outside) sums.outside[s] += sum[s];
    return sums;
}

PreparedImages prepare_images(StackView stack, const ImagePreparationOptions& options, const PreparationSteps& steps, ThreadPool& pool,
                              Progress& progress) {
    const auto n = static_cast<int>(std::min(stack.height, stack.width));
    if (n < 16) throw bad_input(fmt::format("the images are {} x {} px: expected boxes of at least 16 px", stack.width, stack.height));
    SettledPreparation settled;
    settled.pixel_size_A = options.pixel_size_A;
    settled.contrast = contrast_scales(steps.means(0.44 * n), options.sign);
    settled.particle_radius_A = 0.5 * options.diameter_A;
    if (!(options.diameter_A > 0)) {
        const std::int64_t step = std::max<std::int64_t>(1, stack.images / radius_images);
        settled.particle_radius_A = particle_radius(contrast_images(stack, settled.contrast, step, pool).view(), options.pixel_size_A, pool);
    }
    const WorkingBox working = working_box(settled.particle_radius_A, options.pixel_size_A, n);
    settled.mask_radius_A = working.mask_radius_A;
    settled.box = working.box;
    const double from_px = (settled.mask_radius_A + mask_edge_A) / options.pixel_size_A;
    if (from_px < 0.44 * n) settled.contrast = contrast_scales(steps.means(from_px), options.sign);
    progress.update(0.3);

    PreparedImages out;
    out.images = stack.images;
    out.box = settled.box;
    out.pixel_size_A = options.pixel_size_A;
    out.particle_radius_A = settled.particle_radius_A;
    out.mask_radius_A = settled.mask_radius_A;
    HalfPlane plane = half_plane(out.box);
    out.points = std::move(plane.points);
    out.shell = std::move(plane.shell);
    PowerSums sums = steps.transform(settled, out);
    progress.update(0.8);
    set_powers(std::move(sums), noise_window(stack.height, stack.width, out.mask_radius_A, out.pixel_size_A), stack, out);
    progress.update(1);
    return out;
}

void make_room(PreparedImages& images) {
    const auto count = static_cast<std::size_t>(images.images), box = static_cast<std::size_t>(images.box);
    images.values.resize(count * images.points.size());
    images.real_space.resize(count * box * box);
}

PreparedImages prepare_images(StackView stack, const ImagePreparationOptions& options, ThreadPool& pool, Progress& progress) {
    PreparationSteps steps;
    steps.means = [&](double from_px) { return image_means(stack, from_px, pool); };
    steps.transform = [&](const SettledPreparation& settled, PreparedImages& out) {
        make_room(out);
        return transform_images(stack, settled, out.values.data(), out.real_space.data(), pool);
    };
    return prepare_images(stack, options, steps, pool, progress);
}

}  // namespace tumble
