#include "kernels/image_preparation.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <utility>

#include "kernels/shared_memory.hpp"
#include "kernels/two_floats.hpp"
#include "pose/preparation_tables.hpp"
#include "runtime/fft_plan.hpp"
#include "runtime/launch.hpp"
#include "runtime/staged_copies.hpp"

namespace tumble::cuda {
namespace {

constexpr int sum_threads = 256;    // of a block that sums one image
constexpr int row_threads = 128;    // of the kernels that walk along rows of images
constexpr int point_threads = 128;  // of the kernel that picks the points
constexpr int shell_threads = 128;  // a warp a shell
constexpr int warp = 32;
constexpr int most_blocks_y = 65535;

/// Sums of one image; sum.x + sum.y is the value.
struct ImageSums {
    float2 outside, inside;
    float smallest, largest;
};

__device__ void combine(ImageSums& a, const ImageSums& b) {
    add_to(a.outside, b.outside.x);
    add_to(a.inside, b.inside.x);
    a.outside.y += b.outside.y;
    a.inside.y += b.inside.y;
    a.smallest = fminf(a.smallest, b.smallest);
    a.largest = fmaxf(a.largest, b.largest);
}

/// A block an image. rows: [y], where the pixels inside begin and end.
__global__ void __launch_bounds__(sum_threads)
    sum_images(const float* __restrict__ stack, const int2* __restrict__ rows, int count, int height, int width, ImageSums* __restrict__ out) {
    ImageSums* part = shared_memory<ImageSums>();
    const int thread = static_cast<int>(threadIdx.x);
    const long long pixels = static_cast<long long>(height) * width;
    for (long long image = blockIdx.x; image < count; image += gridDim.x) {
        const float* from = stack + image * pixels;
        ImageSums sum{make_float2(0.0f, 0.0f), make_float2(0.0f, 0.0f), from[0], from[0]};
        int y = thread / width, x = thread % width;
        for (long long p = thread; p < pixels; p += sum_threads) {
            const float value = from[p];
            const int2 inside = rows[y];
            if (x >= inside.x && x < inside.y)
                add_to(sum.inside, value);
            else
                add_to(sum.outside, value);
            sum.smallest = fminf(sum.smallest, value);
            sum.largest = fmaxf(sum.largest, value);
            for (x += sum_threads; x >= width; x -= width) y++;
        }
        part[thread] = sum;
        for (int step = sum_threads / 2; step > 0; step /= 2) {
            __syncthreads();
            if (thread < step) combine(part[thread], part[thread + step]);
        }
        if (thread == 0) out[image] = part[0];
        __syncthreads();
    }
}

/// ContrastScale; the background in two floats, because counts are large beside their noise.
struct Scale {
    float background, rest, factor;
};
__device__ float contrast(float value, const Scale& scale) {
    return ((value - scale.background) - scale.rest) * scale.factor;
}

/// Contrast times mask of the middle of each image, for its transform and as what stays; images beyond `count` are zero.
__global__ void __launch_bounds__(row_threads)
    crop_images(const float* __restrict__ stack, const Scale* __restrict__ scales, const float* __restrict__ mask, int count, int images,
                int height, int width, int box, float* __restrict__ cropped, float* __restrict__ kept) {
    const long long rows = static_cast<long long>(images) * box;
    const int x0 = width / 2 - box / 2, y0 = height / 2 - box / 2;
    for (long long row = blockIdx.x; row < rows; row += gridDim.x) {
        const long long image = row / box;
        const int y = static_cast<int>(row % box);
        const bool there = image < count;
        const float* from = stack + (there ? (image * height + y + y0) * width + x0 : 0);
        const Scale scale = scales[there ? image : 0];
        for (int x = static_cast<int>(threadIdx.x); x < box; x += row_threads) {
            const float value = there ? contrast(from[x], scale) * mask[y * box + x] : 0.0f;
            cropped[row * box + x] = value;
            if (there) kept[row * box + x] = value;
        }
    }
}

/// Contrast times window of whole images; images beyond `count` are zero.
__global__ void __launch_bounds__(row_threads)
    window_images(const float* __restrict__ stack, const Scale* __restrict__ scales, const float* __restrict__ window, int count, int images,
                  int height, int width, float* __restrict__ out) {
    const long long rows = static_cast<long long>(images) * height;
    for (long long row = blockIdx.x; row < rows; row += gridDim.x) {
        const long long image = row / height;
        const long long at = (row % height) * width;
        const bool there = image < count;
        const Scale scale = scales[there ? image : 0];
        for (int x = static_cast<int>(threadIdx.x); x < width; x += row_threads)
            out[row * width + x] = there ? contrast(stack[row * width + x], scale) * window[at + x] : 0.0f;
    }
}

/// blockIdx.y: image.
__global__ void __launch_bounds__(point_threads)
    pick_points(const float2* __restrict__ spectra, const int* __restrict__ index, const float2* __restrict__ signs, int count,
                long long spectrum, long long points, float2* __restrict__ out) {
    for (int image = static_cast<int>(blockIdx.y); image < count; image += static_cast<int>(gridDim.y))
        for (long long p = blockIdx.x * static_cast<long long>(point_threads) + threadIdx.x; p < points;
             p += static_cast<long long>(gridDim.x) * point_threads) {
            const float2 value = spectra[image * spectrum + index[p]], sign = signs[p];
            out[image * points + p] = make_float2(sign.x * value.x, sign.y * value.y);
        }
}

/// Power of one shell of one image: a warp each. Shell s has the frequencies index[begin[s]] .. index[begin[s + 1] - 1].
__global__ void __launch_bounds__(shell_threads)
    sum_shells(const float2* __restrict__ spectra, const int* __restrict__ index, const int* __restrict__ begin, int count, long long spectrum,
               int shells, float* __restrict__ out) {
    const int lane = static_cast<int>(threadIdx.x) % warp;
    const long long sums = static_cast<long long>(count) * shells, stride = static_cast<long long>(gridDim.x) * (shell_threads / warp);
    for (long long i = blockIdx.x * static_cast<long long>(shell_threads / warp) + static_cast<int>(threadIdx.x) / warp; i < sums; i += stride) {
        const float2* from = spectra + i / shells * spectrum;
        const int s = static_cast<int>(i % shells), end = begin[s + 1];
        float sum = 0.0f;
        for (int k = begin[s] + lane; k < end; k += warp) {
            const float2 value = from[index[k]];
            sum += fmaf(value.x, value.x, value.y * value.y);
        }
        for (int apart = warp / 2; apart > 0; apart /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, apart);
        if (lane == 0) out[i] = sum;
    }
}

__global__ void __launch_bounds__(point_threads) change_signs(float* __restrict__ values, long long count) {
    for (long long i = blockIdx.x * static_cast<long long>(point_threads) + threadIdx.x; i < count;
         i += static_cast<long long>(gridDim.x) * point_threads)
        values[i] = -values[i];
}

/// Where the pixels closer to the origin than `from_px` begin and end in each row: the same choice as the processor's.
std::vector<int2> rows_inside(std::int64_t height, std::int64_t width, double from_px) {
    std::vector<int2> rows;
    for (std::int64_t y = 0; y < height; y++) {
        int2 row{0, 0};
        for (std::int64_t x = 0; x < width; x++)
            if (distance_from_origin(x, y, width, height) < from_px) {
                if (row.y == 0) row.x = static_cast<int>(x);
                row.y = static_cast<int>(x) + 1;
            }
        rows.push_back(row);
    }
    return rows;
}

/// Frequencies by shell, for sum_shells.
struct Shells {
    std::vector<int> begin, index;
    int count() const { return static_cast<int>(begin.size()) - 1; }
};
/// place: of each frequency in the transform; shell_of: its shell, others than 0 .. shells - 1 are left out.
template <class Place>
Shells shells_of(const std::vector<int>& shell_of, int shells, Place place) {
    Shells out;
    out.begin.assign(static_cast<std::size_t>(shells) + 1, 0);
    const auto counted = [&](int s) { return s >= 0 && s < shells; };
    for (const int s : shell_of)
        if (counted(s)) out.begin[static_cast<std::size_t>(s) + 1]++;
    for (std::size_t s = 1; s < out.begin.size(); s++) out.begin[s] += out.begin[s - 1];
    out.index.resize(static_cast<std::size_t>(out.begin.back()));
    std::vector<int> next = out.begin;
    for (std::size_t k = 0; k < shell_of.size(); k++)
        if (counted(shell_of[k])) out.index[static_cast<std::size_t>(next[static_cast<std::size_t>(shell_of[k])]++)] = static_cast<int>(place(k));
    return out;
}

/// Transforms of a fixed number of images at a time, and the powers of their shells.
class Spectra {
  public:
    Spectra(Device& device, int height, int width, int slots, std::int64_t images, const Shells& shells)
        : device_(device),
          spectrum_(static_cast<long long>(height) * (width / 2 + 1)),
          shells_(shells.count()),
          begin_(to_device<int>(device, shells.begin, "shells")),
          index_(to_device<int>(device, shells.index, "frequencies of the shells")),
          powers_(device, static_cast<std::size_t>(images * shells_), "powers of the shells"),
          real_(device, static_cast<std::size_t>(slots) * static_cast<std::size_t>(height) * static_cast<std::size_t>(width), "weighted images"),
          complex_(device, static_cast<std::size_t>(slots * spectrum_), "transforms of the images"),
          plan_(device, FftPlan::Kind::real_to_complex, {height, width}, slots) {}

    float* real() { return real_.data(); }
    const float2* complex() const { return complex_.data(); }
    long long spectrum() const { return spectrum_; }
    /// Of images `first` .. first + count - 1, which lie in real().
    void transform(std::int64_t first, int count) {
        plan_.forward(real_.data(), complex_.data());
        launch(device_, "sum_shells", sum_shells, one_thread_each(static_cast<std::int64_t>(count) * shells_ * warp, shell_threads), complex_.data(),
               index_.data(), begin_.data(), count, spectrum_, shells_, powers_.data() + first * shells_);
    }
    /// Summed over the images in their order. Waits for the device.
    std::vector<double> sums(std::int64_t images) {
        std::vector<float> powers(static_cast<std::size_t>(images * shells_));
        copy_to_host(device_, powers_.data(), powers.size(), powers.data());
        device_.synchronize("powers of the images");
        std::vector<double> out(static_cast<std::size_t>(shells_), 0.0);
        for (std::size_t i = 0; i < powers.size(); i++) out[i % out.size()] += static_cast<double>(powers[i]);
        return out;
    }

  private:
    Device& device_;
    long long spectrum_;
    int shells_;
    DeviceBuffer<int> begin_, index_;
    DeviceBuffer<float> powers_, real_;
    DeviceBuffer<float2> complex_;
    FftPlan plan_;
};

LaunchShape block_a_row(std::int64_t rows) {
    return {dim3(static_cast<unsigned>(std::min<std::int64_t>(rows, 0x7fffffff))), dim3(row_threads), 0};
}

std::vector<Scale> scales_of(const std::vector<ContrastScale>& contrast) {
    std::vector<Scale> out;
    for (const ContrastScale& c : contrast) {
        const auto high = static_cast<float>(c.background);
        out.push_back({high, static_cast<float>(c.background - static_cast<double>(high)), static_cast<float>(c.factor)});
    }
    return out;
}

/// The images of a stack on the device, some at a time: one piece on its way while another is worked on.
class Pieces {
  public:
    Pieces(Device& device, StackView stack, std::int64_t at_once)
        : stack_(stack),
          at_once_(std::min(at_once, stack.images)),
          upload_(device, static_cast<std::size_t>(at_once_) * image_bytes(), "pixels of the images") {
        send();
    }
    /// How many images pixels() has now; 0 after the last.
    int next() {
        count_ = sent_;
        if (count_ > 0) pixels_ = static_cast<const float*>(upload_.take());
        return static_cast<int>(count_);
    }
    std::int64_t first() const { return first_; }
    const float* pixels() const { return pixels_; }
    /// The device's stream has been given all of its work with them.
    void done() {
        upload_.done();
        first_ += count_;
        send();
    }

  private:
    std::size_t image_bytes() const { return static_cast<std::size_t>(stack_.height * stack_.width) * sizeof(float); }
    void send() {
        sent_ = std::min(at_once_, stack_.images - first_);
        if (sent_ > 0) upload_.send(stack_.image(first_), static_cast<std::size_t>(sent_) * image_bytes());
    }

    StackView stack_;
    std::int64_t at_once_, first_ = 0, sent_ = 0, count_ = 0;
    const float* pixels_ = nullptr;
    StagedUpload upload_;
};

/// Copies of an array that stays on the device; none where the host wants none.
template <class T>
class Back {
  public:
    Back(Device& device, const DeviceBuffer<T>& from, std::int64_t most, T* to)
        : from_(from), to_(to), download_(device, static_cast<std::size_t>(most) * sizeof(T), "copies of the images") {}
    void fetch(std::int64_t first, std::int64_t count) {
        if (to_) download_.fetch(from_.data() + first, static_cast<std::size_t>(count) * sizeof(T), to_ + first);
    }
    void finish() { download_.finish(); }

  private:
    const DeviceBuffer<T>& from_;
    T* to_;
    StagedDownload download_;
};

/// What stays of a stack, and the tables that a batch is made with.
class Preparation {
  public:
    Preparation(Device& device, StackView stack, const SettledPreparation& settled)
        : device_(device),
          stack_(stack),
          box_(settled.box),
          slots_(prepared_images_at_once(stack.height, stack.width)),
          height_(static_cast<int>(stack.height)),
          width_(static_cast<int>(stack.width)) {
        const HalfPlane plane = half_plane(box_);
        std::vector<float2> signs;
        std::vector<int> index;
        for (std::size_t p = 0; p < plane.points.size(); p++) {
            signs.push_back({plane.re_sign[p], plane.im_sign[p]});
            index.push_back(static_cast<int>(plane.index[p]));
        }
        DeviceImages& images = made_.images;
        images.images = stack.images;
        images.points = static_cast<std::int64_t>(plane.points.size());
        images.box = box_;
        images.pixel_size_A = settled.pixel_size_A;
        images.particle_radius_A = settled.particle_radius_A;
        images.frequencies = to_device(device, std::span(reinterpret_cast<const float2*>(plane.points.data()), plane.points.size()), "frequencies");
        images.weights = DeviceBuffer<float>(device, plane.points.size(), "weights");
        const auto count = static_cast<std::size_t>(stack.images);
        images.values = DeviceBuffer<float2>(device, count * plane.points.size(), "image transforms");
        images.real_space = DeviceBuffer<float>(device, count * static_cast<std::size_t>(box_ * box_), "images");

        signs_ = to_device<float2>(device, signs, "signs of the frequencies");
        index_ = to_device<int>(device, index, "places of the frequencies");
        scales_ = to_device<Scale>(device, scales_of(settled.contrast), "backgrounds of the images");
        mask_ = to_device<float>(device, particle_mask(box_, settled.mask_radius_A, settled.pixel_size_A).values, "the mask");
        const Shells inside = shells_of(plane.shell, box_ / 2 + 1, [&](std::size_t p) { return plane.index[p]; });
        inside_ = std::make_unique<Spectra>(device, box_, box_, slots_, stack.images, inside);
        const PixelWeights window = noise_window(stack.height, stack.width, settled.mask_radius_A, settled.pixel_size_A);
        if (!measures_noise(window)) return;
        window_ = to_device<float>(device, window.values, "the window of the noise");
        const Shells outside = shells_of(noise_shells(stack.height, stack.width), std::min(height_, width_) / 2 + 1, [](std::size_t k) { return k; });
        outside_ = std::make_unique<Spectra>(device, height_, width_, slots_, stack.images, outside);
    }

    Transformed run(float2* values, float* real_space) {
        const DeviceImages& images = made_.images;
        Pieces pieces(device_, stack_, slots_);
        Back<float2> values_back(device_, images.values, values ? slots_ * images.points : 0, values);
        Back<float> real_space_back(device_, images.real_space, real_space ? static_cast<std::int64_t>(slots_) * box_ * box_ : 0, real_space);
        while (const int count = pieces.next()) {
            const std::int64_t first = pieces.first();
            prepare(pieces.pixels(), first, count);
            pieces.done();
            values_back.fetch(first * images.points, count * images.points);
            real_space_back.fetch(first * box_ * box_, static_cast<std::int64_t>(count) * box_ * box_);
        }
        values_back.finish();
        real_space_back.finish();
        made_.sums.inside = inside_->sums(stack_.images);
        if (outside_) made_.sums.outside = outside_->sums(stack_.images);
        return std::move(made_);
    }

  private:
    void prepare(const float* pixels, std::int64_t first, int count) {
        DeviceImages& images = made_.images;
        const Scale* scales = scales_.data() + first;
        launch(device_, "crop_images", crop_images, block_a_row(static_cast<std::int64_t>(slots_) * box_), pixels, scales, mask_.data(), count,
               slots_, height_, width_, box_, inside_->real(), images.real_space.data() + first * box_ * box_);
        inside_->transform(first, count);
        LaunchShape shape = one_thread_each(images.points, point_threads);
        shape.grid.y = static_cast<unsigned>(std::min(count, most_blocks_y));
        launch(device_, "pick_points", pick_points, shape, inside_->complex(), index_.data(), signs_.data(), count, inside_->spectrum(), images.points,
               images.values.data() + first * images.points);
        if (!outside_) return;
        launch(device_, "window_images", window_images, block_a_row(static_cast<std::int64_t>(slots_) * height_), pixels, scales, window_.data(),
               count, slots_, height_, width_, outside_->real());
        outside_->transform(first, count);
    }

    Device& device_;
    StackView stack_;
    int box_, slots_, height_, width_;
    Transformed made_;
    DeviceBuffer<float2> signs_;
    DeviceBuffer<int> index_;
    DeviceBuffer<Scale> scales_;
    DeviceBuffer<float> mask_, window_;
    std::unique_ptr<Spectra> inside_, outside_;
};

}  // namespace

std::vector<ImageMeans> image_means(Device& device, StackView stack, double from_px, std::int64_t at_once) {
    const std::vector<int2> rows = rows_inside(stack.height, stack.width, from_px);
    double inside = 0;
    for (const int2& row : rows) inside += row.y - row.x;
    const auto pixels = static_cast<std::size_t>(stack.height * stack.width);
    const double outside = static_cast<double>(pixels) - inside;
    const auto d_rows = to_device<int2>(device, rows, "rows of the particle");
    DeviceBuffer<ImageSums> d_sums(device, static_cast<std::size_t>(stack.images), "sums of the images");
    Pieces pieces(device, stack, at_once);
    while (const int count = pieces.next()) {
        launch(device, "sum_images", sum_images, LaunchShape{dim3(static_cast<unsigned>(count)), dim3(sum_threads), sum_threads * sizeof(ImageSums)},
               pieces.pixels(), d_rows.data(), count, static_cast<int>(stack.height), static_cast<int>(stack.width), d_sums.data() + pieces.first());
        pieces.done();
    }
    std::vector<ImageSums> sums(static_cast<std::size_t>(stack.images));
    copy_to_host(device, d_sums.data(), sums.size(), sums.data());
    device.synchronize("means of the images");
    std::vector<ImageMeans> means;
    const auto value = [](float2 sum) { return static_cast<double>(sum.x) + static_cast<double>(sum.y); };
    for (const ImageSums& s : sums)
        means.push_back({value(s.outside) / std::max(1.0, outside), value(s.inside) / std::max(1.0, inside), s.smallest, s.largest});
    return means;
}

Transformed transform_images(Device& device, StackView stack, const SettledPreparation& settled, float2* values, float* real_space) {
    return Preparation(device, stack, settled).run(values, real_space);
}

void negate(Device& device, DeviceImages& images) {
    const auto change = [&](float* values, std::size_t count) {
        if (count > 0)
            launch(device, "change_signs", change_signs, one_thread_each(static_cast<std::int64_t>(count), point_threads), values,
                   static_cast<long long>(count));
    };
    change(reinterpret_cast<float*>(images.values.data()), 2 * images.values.size());
    change(images.real_space.data(), images.real_space.size());
    device.synchronize("the sign of the images");
}

}  // namespace tumble::cuda
