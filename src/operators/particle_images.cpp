#include <fmt/format.h>

#include <cmath>

#include "operators/states.hpp"
#include "pose/image_preparation.hpp"
#include "reconstruct/starting_reference.hpp"
#include "tumble/error.hpp"

namespace tumble {

ParticleImages::ParticleImages(const Device& device, StackView stack, const ParticleImagesOptions& options, Progress& progress) : device_(device) {
    if (!(options.pixel_size_A > 0)) throw bad_input(fmt::format("the pixel size is {} A: expected a positive number", options.pixel_size_A));
    if (!(options.diameter_A >= 0)) throw bad_input(fmt::format("the particle's diameter is {} A: expected a positive number, or 0 to measure it", options.diameter_A));
    if (stack.images < 1 || stack.height != stack.width)
        throw bad_input(fmt::format("found {} images of {} x {} pixels, expected square ones", stack.images, stack.width, stack.height));
    const auto made = std::make_shared<State>();
    const ImagePreparationOptions preparation{options.pixel_size_A, options.diameter_A, options.dark_atoms ? -1.0 : 1.0};
    made->resident = backend_of(device).prepare(stack, preparation, made->host, progress);
    state_ = made;
}

std::int64_t ParticleImages::count() const { return state_->host.images; }
int ParticleImages::box() const { return state_->host.box; }
double ParticleImages::pixel_size_A() const { return state_->host.pixel_size_A; }
double ParticleImages::particle_radius_A() const { return state_->host.particle_radius_A; }
double ParticleImages::mask_radius_A() const { return state_->host.mask_radius_A; }

Volume matched_map(const ParticleImages& images, const Volume& map) {
    if (map.box < 8 || map.values.size() != map.view().size()) throw bad_input(fmt::format("the map has a box of {} voxels: expected at least 8", map.box));
    if (!(map.voxel_A > 0)) throw bad_input("the map's voxel size is not known: expected it in A");
    return matched_reference(map, images.state()->host, backend_of(images.device()).pool());
}

void require_same_pixels(const ParticleImages& images, const MapTransform& map) {
    if (!(std::abs(map.voxel_A() / images.pixel_size_A() - 1) < 1e-4))
        throw bad_input(fmt::format("the map has voxels of {:.4f} A, the images pixels of {:.4f} A: expected the same (matched_map resamples)", map.voxel_A(), images.pixel_size_A()));
}

void require_image(const ParticleImages& images, std::int64_t image, const char* what) {
    if (image < 0 || image >= images.count()) throw bad_input(fmt::format("{}: there is no image {}, expected 0 to {}", what, image, images.count() - 1));
}

}  // namespace tumble
