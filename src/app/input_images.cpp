#include "app/input_images.hpp"

#include <fmt/format.h>

#include "io/mrc.hpp"
#include "io/poses_star.hpp"
#include "tumble/error.hpp"

namespace tumble::app {

namespace {

constexpr std::int64_t smallest_box_px = 16;

}  // namespace

InputImages read_input_images(const std::string& file, double given_pixel_A) {
    InputImages input;
    MrcReadOptions options;
    options.pixel_size_A = given_pixel_A;
    input.stack = read_stack(file, options, &input.notes);
    input.pixel_size_A = input.stack.pixel_size_A;
    if (input.stack.images < 2)
        throw bad_input(
            fmt::format("'{}': found 1 image, expected a stack of many images of one particle", file));
    if (input.stack.width < smallest_box_px)
        throw bad_input(fmt::format("'{}': found images of {} x {} pixels, expected at least {} a side", file,
                                    input.stack.width, input.stack.height, smallest_box_px));
    if (!(input.pixel_size_A > 0))
        throw bad_input(
            fmt::format("'{}': found no pixel size in the header, expected --pixel-size (A)", file));
    input.notes.push_back(fmt::format("input: {}, {} images of {} x {} pixels of {:.5g} A", file,
                                      input.stack.images, input.stack.width, input.stack.height,
                                      input.pixel_size_A));
    return input;
}

namespace {

/// The row of each image: `images` rows in all, each image named once.
std::vector<std::size_t> rows_in_stack_order(const std::string& file, const std::vector<ParticlePose>& star,
                                             std::int64_t images) {
    if (static_cast<std::int64_t>(star.size()) != images)
        throw bad_input(fmt::format("'{}': found {} poses, expected {}, one an image of the stack", file,
                                    star.size(), images));
    std::vector<std::size_t> rows(star.size(), star.size());
    for (std::size_t row = 0; row < star.size(); row++) {
        const std::int64_t index = star[row].image_index;
        if (index >= images)
            throw bad_input(fmt::format("'{}', row {}: rlnImageName names image {}, expected 1 to {}", file,
                                        row + 1, index + 1, images));
        std::size_t& place = rows[static_cast<std::size_t>(index)];
        if (place != star.size())
            throw bad_input(fmt::format(
                "'{}', row {}: rlnImageName names image {} a second time, expected each image once", file,
                row + 1, index + 1));
        place = row;
    }
    return rows;
}

}  // namespace

InputPoses read_input_poses(const std::string& file, std::int64_t images, double pixel_size_A) {
    const std::vector<ParticlePose> star = read_poses(file, pixel_size_A);
    InputPoses input;
    bool all_have_halves = true;
    for (const std::size_t row : rows_in_stack_order(file, star, images)) {
        input.poses.push_back(star[row].pose);
        input.halves.push_back(star[row].half);
        all_have_halves = all_have_halves && star[row].half != 0;
    }
    if (!all_have_halves) input.halves.clear();
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
