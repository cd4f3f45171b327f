#include "io/mrc_write.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "io/mrc_header.hpp"
#include "io/mrc_samples.hpp"
#include "tumble/build_information.hpp"
#include "tumble/error.hpp"

namespace tumble {

namespace {

constexpr float largest_float16 = 65504;
constexpr std::size_t label_bytes = 80;

/// A header in the making; words count from 1 as in the specification.
class HeaderWords {
  public:
    void set(std::size_t word, std::int64_t value) {
        set_bits(word, static_cast<std::uint32_t>(static_cast<std::int32_t>(value)));
    }
    void set_real(std::size_t word, double value) {
        set_bits(word, std::bit_cast<std::uint32_t>(static_cast<float>(value)));
    }
    void set_text(std::size_t word, const std::string& text, std::size_t bytes) {
        std::memcpy(header_.data() + 4 * (word - 1), text.data(), std::min(text.size(), bytes));
    }
    std::span<const std::byte> bytes() const { return header_; }

  private:
    void set_bits(std::size_t word, std::uint32_t bits) {
        for (std::size_t i = 0; i < 4; i++)
            header_[4 * (word - 1) + i] = static_cast<std::byte>(bits >> (8 * i));
    }
    std::array<std::byte, mrc_header_bytes> header_{};
};

std::string label_text(const std::string& label) {
    std::string text = label.empty() ? "tumble " + build_information().version : label;
    text.resize(label_bytes, ' ');
    return text;
}

void set_geometry(HeaderWords& header, const MrcDescription& d, std::int64_t sections) {
    const std::array<std::int64_t, 3> n = {d.columns, d.rows, sections};
    const std::array<std::int64_t, 3> intervals = {d.columns, d.rows, d.volume ? sections : 1};
    for (std::size_t i = 0; i < 3; i++) {
        header.set(1 + i, n[i]);
        header.set(8 + i, intervals[i]);
        header.set_real(11 + i, d.pixel_size_A * static_cast<double>(intervals[i]));
        header.set_real(14 + i, 90);
        header.set(17 + i, static_cast<std::int64_t>(i) + 1);
    }
}

}  // namespace

MrcWriter::MrcWriter(const std::string& path, MrcDescription description)
    : path_(path), description_(std::move(description)), file_(path) {
    if (description_.columns < 1 || description_.rows < 1)
        throw bad_input(
            fmt::format("{}: images of {} x {} pixels cannot be written, expected at least one pixel", path,
                        description_.columns, description_.rows));
    file_.append(HeaderWords().bytes());
}

/// Joins the moments of one image to those of all before it (Chan, Golub and LeVeque, Am. Stat. 37, 242
/// (1983)).
void MrcWriter::add_to_statistics(const float* image, std::int64_t values) {
    const auto [low, high] = std::minmax_element(image, image + values);
    double sum = 0;
    for (std::int64_t i = 0; i < values; i++) sum += image[i];
    const auto n = static_cast<double>(values);
    const double mean = sum / n;
    double squares = 0;
    for (std::int64_t i = 0; i < values; i++) squares += (image[i] - mean) * (image[i] - mean);

    const double before = static_cast<double>(sections_) * n;
    const double difference = mean - mean_;
    squares_ += squares + difference * difference * before * n / (before + n);
    mean_ += difference * n / (before + n);
    minimum_ = sections_ == 0 ? static_cast<double>(*low) : std::min(minimum_, static_cast<double>(*low));
    maximum_ = sections_ == 0 ? static_cast<double>(*high) : std::max(maximum_, static_cast<double>(*high));
}

void MrcWriter::append(const float* images, std::int64_t count) {
    const std::int64_t values = description_.columns * description_.rows;
    const auto size = static_cast<std::size_t>(values);
    const bool half = description_.storage == MrcStorage::float16;
    encoded_.resize(size * (half ? 2 : 4));
    for (std::int64_t i = 0; i < count; i++) {
        const float* image = images + i * values;
        const float limit = half ? largest_float16 : std::numeric_limits<float>::max();
        const float* const odd =
            std::find_if(image, image + values, [&](float v) { return !(std::abs(v) <= limit); });
        if (odd != image + values)
            throw bad_input(
                fmt::format("{}: the value {} in image {} cannot be written, expected finite numbers{}",
                            path_, *odd, sections_ + 1, half ? " of at most 65504 for float16" : ""));
        if (half) {
            encode_float16({image, size}, encoded_);
            stored_.resize(size);
            for (std::size_t p = 0; p < size; p++) stored_[p] = float_from_half(half_from_float(image[p]));
        } else {
            encode_float32({image, size}, encoded_);
        }
        add_to_statistics(half ? stored_.data() : image, values);
        file_.append(encoded_);
        sections_++;
    }
}

void MrcWriter::commit() {
    if (sections_ == 0) throw bad_input(fmt::format("{}: a stack without images cannot be written", path_));
    const double values = static_cast<double>(sections_ * description_.columns * description_.rows);
    HeaderWords header;
    set_geometry(header, description_, sections_);
    header.set(4, static_cast<int>(description_.storage == MrcStorage::float16 ? MrcMode::float16
                                                                               : MrcMode::float32));
    header.set_real(20, minimum_);
    header.set_real(21, maximum_);
    header.set_real(22, mean_);
    header.set(23, description_.volume ? 1 : 0);
    header.set(28, 20141);
    header.set_text(53, "MAP ", 4);
    header.set_text(54, "DD", 2);
    header.set_real(55, std::sqrt(squares_ / values));
    header.set(56, 1);
    header.set_text(57, label_text(description_.label), label_bytes);
    file_.overwrite(0, header.bytes());
    file_.commit();
}

void write_map(const std::string& path, const Volume& map, const std::string& label) {
    MrcWriter writer(path, {map.box, map.box, map.voxel_A, true, label, MrcStorage::float32});
    writer.append(map.values.data(), map.box);
    writer.commit();
}

void write_stack(const std::string& path, StackView images, double pixel_size_A, const std::string& label,
                 MrcStorage storage) {
    MrcWriter writer(path, {images.width, images.height, pixel_size_A, false, label, storage});
    writer.append(images.data, images.images);
    writer.commit();
}

}  // namespace tumble
