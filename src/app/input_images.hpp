#pragma once
// Reading what a run starts from, with every check that can be made before work begins. All throw
// Error(input) with one sentence: file, field, found, expected.
#include <optional>
#include <string>
#include <vector>

#include "tumble/arrays.hpp"
#include "tumble/geometry.hpp"

namespace tumble::app {

/// A stack of particle images with the pixel size that counts. `notes` are lines for the log.
struct InputImages {
    ImageStack stack;
    double pixel_size_A = 0;
    std::vector<std::string> notes;
};

/// Reads `file`. given_pixel_A 0: the header's is taken. Where both are known and differ by more than 1 % the
/// input is refused; from 0.5 % on the difference is noted and the given one wins. Refuses one image, images
/// that are not square, values that are not numbers and stacks without contrast.
InputImages read_input_images(const std::string& file, double given_pixel_A);

/// Poses of a STAR file, one an image in the order of the stack; halves are empty where the file has none.
struct InputPoses {
    std::vector<Pose> poses;
    std::vector<int> halves;
};
InputPoses read_input_poses(const std::string& file, std::int64_t images, double pixel_size_A);

/// A map: cubic, with a voxel size. `field` is the option that named it ("--reference").
Volume read_input_map(const std::string& field, const std::string& file);

}  // namespace tumble::app
