#include "io/mrc_write.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "io/half_float.hpp"
#include "io/mrc_header.hpp"
#include "tumble/error.hpp"

namespace tumble {

namespace {

class HeaderWriter {
  public:
    // Words counted from 1, as in the specification.
    template <typename Value>
    void put(int word, Value value) {
        static_assert(sizeof(Value) == 4);
        std::memcpy(bytes_.data() + 4 * (word - 1), &value, 4);
    }
    void put_text(int word, std::string_view text) {
        std::memcpy(bytes_.data() + 4 * (word - 1), text.data(), text.size());
    }
    const unsigned char* data() const { return bytes_.data(); }

  private:
    std::array<unsigned char, mrc_header_bytes> bytes_{};
};

constexpr std::int64_t largest_count = std::numeric_limits<std::int32_t>::max();

}  // namespace

MrcWriter::MrcWriter(const std::filesystem::path& path, std::int64_t nx, std::int64_t ny, double pixel_A,
                     MrcKind kind, std::string label, MrcPrecision precision)
    : name_(path.string()),
      label_(std::move(label)),
      file_(path),
      nx_(nx),
      ny_(ny),
      pixel_A_(pixel_A),
      kind_(kind),
      precision_(precision) {
    if (nx < 1 || ny < 1 || nx > largest_count || ny > largest_count)
        throw bad_input(fmt::format("'{}': cannot write images of {} x {} pixels", name_, nx, ny));
    file_.write(HeaderWriter{}.data(), mrc_header_bytes);
}

// Means and squares of deviations of whole images are joined (Chan, Golub and LeVeque 1979): exact enough for
// stacks of any length, and the same for any number of images a call.
void MrcWriter::add_statistics(const float* image) {
    const std::int64_t count = nx_ * ny_;
    const auto [low, high] = std::minmax_element(image, image + count);
    double sum = 0, squares = 0;
    for (std::int64_t i = 0; i < count; i++) sum += static_cast<double>(image[i]);
    const double mean = sum / static_cast<double>(count);
    for (std::int64_t i = 0; i < count; i++)
        squares += (static_cast<double>(image[i]) - mean) * (static_cast<double>(image[i]) - mean);
    const double before = static_cast<double>(images_), all = before + 1, step = mean - mean_;
    minimum_ = images_ == 0 ? static_cast<double>(*low) : std::min(minimum_, static_cast<double>(*low));
    maximum_ = images_ == 0 ? static_cast<double>(*high) : std::max(maximum_, static_cast<double>(*high));
    mean_ += step / all;
    squares_ += squares + step * step * static_cast<double>(count) * before / all;
    images_++;
}

void MrcWriter::write_images(const float* images, std::int64_t count) {
    const std::int64_t pixels = nx_ * ny_;
    std::vector<std::uint16_t> halves(precision_ == MrcPrecision::float16 ? static_cast<std::size_t>(pixels)
                                                                          : 0);
    std::vector<float> rounded(halves.size());
    for (std::int64_t i = 0; i < count; i++, images += pixels) {
        if (precision_ == MrcPrecision::float32) {
            add_statistics(images);
            file_.write(images, static_cast<std::size_t>(pixels) * sizeof(float));
            continue;
        }
        for (std::size_t p = 0; p < halves.size(); p++) {
            if (std::abs(images[p]) > 65504)
                throw bad_input(
                    fmt::format("'{}': the value {} of image {} does not fit float16, expected at most 65504",
                                name_, images[p], images_ + 1));
            halves[p] = float_to_half(images[p]);
            rounded[p] = half_to_float(halves[p]);
        }
        add_statistics(rounded.data());
        file_.write(halves.data(), halves.size() * sizeof(std::uint16_t));
    }
}

void MrcWriter::commit() {
    if (images_ == 0 || images_ > largest_count)
        throw bad_input(
            fmt::format("'{}': cannot write {} images, expected 1 to {}", name_, images_, largest_count));
    const bool is_map = kind_ == MrcKind::map;
    const std::array<std::int64_t, 3> size{nx_, ny_, images_}, intervals{nx_, ny_, is_map ? images_ : 1};
    HeaderWriter header;
    for (int axis = 0; axis < 3; axis++) {
        const auto i = static_cast<std::size_t>(axis);
        header.put(1 + axis, static_cast<std::int32_t>(size[i]));
        header.put(8 + axis, static_cast<std::int32_t>(intervals[i]));
        header.put(11 + axis, static_cast<float>(static_cast<double>(intervals[i]) * pixel_A_));
        header.put(14 + axis, 90.0f);
        header.put(17 + axis, std::int32_t{axis + 1});
    }
    header.put(4, std::int32_t{precision_ == MrcPrecision::float16 ? 12 : 2});
    header.put(20, static_cast<float>(minimum_));
    header.put(21, static_cast<float>(maximum_));
    header.put(22, static_cast<float>(mean_));
    header.put(23, std::int32_t{is_map ? 1 : 0});
    header.put(28, std::int32_t{20141});
    header.put_text(53, "MAP ");
    header.put(54, std::uint32_t{0x00004444});
    header.put(55, static_cast<float>(std::sqrt(
                       squares_ / (static_cast<double>(images_) * static_cast<double>(nx_ * ny_)))));
    header.put(56, std::int32_t{1});
    std::string label = label_.empty() ? "tumble" : label_.substr(0, 80);
    label.resize(80, ' ');
    header.put_text(57, label);
    file_.overwrite(0, header.data(), mrc_header_bytes);
    file_.commit();
}

void write_map(const std::filesystem::path& path, const Volume& map, const std::string& label) {
    MrcWriter writer(path, map.box, map.box, map.voxel_A, MrcKind::map, label);
    writer.write_images(map.values.data(), map.box);
    writer.commit();
}

void write_stack(const std::filesystem::path& path, StackView images, double pixel_A,
                 const std::string& label, MrcPrecision precision) {
    MrcWriter writer(path, images.width, images.height, pixel_A, MrcKind::stack, label, precision);
    writer.write_images(images.data, images.images);
    writer.commit();
}

}  // namespace tumble
