#include "app/input_images.hpp"

#include <fmt/format.h>

#include <cmath>

#include "io/mrc.hpp"
#include "io/poses_star.hpp"
#include "tumble/error.hpp"

namespace tumble::app {

namespace {

constexpr double refused_difference = 0.01;  // of the pixel size
constexpr double noted_difference = 0.005;

void check_shape(const std::string& file, const ImageStack& stack) {
    if (stack.images < 2)
        throw bad_input(fmt::format("{}: found {} image{}, expected a stack of images of one particle", file, stack.images,
                                    stack.images == 1 ? "" : "s"));
    if (stack.width != stack.height)
        throw bad_input(fmt::format("{}: found images of {} x {} pixels, expected square ones", file, stack.width,
                                    stack.height));
}

void check_values(const std::string& file, const ImageStack& stack) {
    const std::int64_t pixels = stack.width * stack.height;
    bool contrast = false;
    for (std::int64_t i = 0; i < stack.images; i++) {
        const float* image = stack.view().image(i);
        for (std::int64_t p = 0; p < pixels; p++) {
            if (!std::isfinite(image[p]))
                throw bad_input(fmt::format("{}: found the value {} in image {} at column {}, row {}, expected finite numbers",
                                            file, image[p], i + 1, p % stack.width, p / stack.width));
            contrast = contrast || image[p] != image[0];
        }
    }
    if (!contrast)
        throw bad_input(fmt::format("{}: found constant images ({} everywhere), expected images with contrast", file,
                                    stack.values.front()));
}

/// The pixel size that counts; adds to `notes` where the file's is overruled.
double settled_pixel_size(const std::string& file, double header_A, double given_A, std::vector<std::string>& notes) {
    if (given_A <= 0 && header_A <= 0)
        throw bad_input(fmt::format("{}: found no pixel size in the header, expected --pixel-size (A)", file));
    if (given_A <= 0) {
        notes.push_back(fmt::format("pixel size {:.5g} A from the header of {}", header_A, file));
        return header_A;
    }
    const double difference = header_A > 0 ? std::abs(header_A / given_A - 1) : 0;
    if (difference > refused_difference)
        throw bad_input(fmt::format("--pixel-size: found {:.5g} A, but the header of {} says {:.5g} A, expected the two to "
                                    "agree within 1 %",
                                    given_A, file, header_A));
    if (difference > noted_difference)
        notes.push_back(fmt::format("pixel size {:.5g} A from --pixel-size; the header of {} says {:.5g} A ({:.2g} % off)",
                                    given_A, file, header_A, 100 * difference));
    return given_A;
}

}  // namespace

InputImages read_input_images(const std::string& file, double given_pixel_A) {
    InputImages input;
    input.stack = read_image_stack(file);
    check_shape(file, input.stack);
    input.pixel_size_A = settled_pixel_size(file, input.stack.pixel_size_A, given_pixel_A, input.notes);
    check_values(file, input.stack);
    input.notes.push_back(fmt::format("input: {}, {} images of {} x {} pixels of {:.5g} A", file, input.stack.images,
                                      input.stack.width, input.stack.height, input.pixel_size_A));
    return input;
}

}  // namespace tumble::app
