#include "app/input_images.hpp"

#include <fmt/format.h>

#include "io/mrc.hpp"
#include "io/poses_star.hpp"
#include "tumble/error.hpp"

namespace tumble::app {

InputImages read_input_images(const std::string& file, double given_pixel_A) {
    InputImages input;
    MrcReadOptions options;
    options.pixel_size_A = given_pixel_A;
    input.stack = read_stack(file, options, &input.notes);
    input.pixel_size_A = input.stack.pixel_size_A;
    if (input.stack.images < 2)
        throw bad_input(
            fmt::format("'{}': found 1 image, expected a stack of many images of one particle", file));
    if (!(input.pixel_size_A > 0))
        throw bad_input(
            fmt::format("'{}': found no pixel size in the header, expected --pixel-size (A)", file));
    input.notes.push_back(fmt::format("input: {}, {} images of {} x {} pixels of {:.5g} A", file,
                                      input.stack.images, input.stack.width, input.stack.height,
                                      input.pixel_size_A));
    return input;
}

namespace {

/// Where each image of the stack finds its row: `images` rows in all, each image named once (rlnImageName
/// counts from 1).
std::vector<std::size_t> rows_in_stack_order(const std::string& file,
                                             const std::vector<std::int64_t>& image_numbers,
                                             std::int64_t images) {
    if (static_cast<std::int64_t>(image_numbers.size()) != images)
        throw bad_input(fmt::format("{}: found {} poses, expected {}, one an image of the stack", file,
                                    image_numbers.size(), images));
    std::vector<std::size_t> rows(image_numbers.size(), image_numbers.size());
    for (std::size_t row = 0; row < image_numbers.size(); row++) {
        const std::int64_t number = image_numbers[row];
        if (number < 1 || number > images)
            throw bad_input(fmt::format("{}: rlnImageName of row {} names image {}, expected 1 to {}", file,
                                        row + 1, number, images));
        std::size_t& place = rows[static_cast<std::size_t>(number - 1)];
        if (place != image_numbers.size())
            throw bad_input(fmt::format(
                "{}: rlnImageName of row {} names image {} a second time, expected each image once", file,
                row + 1, number));
        place = row;
    }
    return rows;
}

}  // namespace

InputPoses read_input_poses(const std::string& file, std::int64_t images, double pixel_size_A) {
    const StarPoses star = read_poses_star(file, pixel_size_A);
    InputPoses input;
    for (const std::size_t row : rows_in_stack_order(file, star.image_numbers, images)) {
        input.poses.push_back(star.poses[row]);
        if (!star.halves.empty()) input.halves.push_back(star.halves[row]);
    }
    return input;
}

Volume read_input_map(const std::string& field, const std::string& file) {
    Volume map = read_map(file);
    if (!(map.voxel_A > 0))
        throw bad_input(
            fmt::format("{} '{}': found no voxel size in the header, expected one (A)", field, file));
    return map;
}

}  // namespace tumble::app
