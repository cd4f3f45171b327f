#include <algorithm>

#include "context.hpp"
#include "entries.hpp"
#include "kernels/image_preparation.hpp"
#include "pose/preparation_tables.hpp"
#include "resident.hpp"

namespace tumble::cuda {
namespace {

std::string described(std::int64_t height, std::int64_t width) {
    return std::to_string(width) + " x " + std::to_string(height) + " pixels";
}

SettledPreparation settled_of(const PreparationArguments& a) {
    if (a.box < 2 || a.box % 2 != 0 || a.box > std::min(a.height, a.width))
        refuse("image preparation: found a working box of " + std::to_string(a.box) + " for images of " + described(a.height, a.width) +
               ", expected an even one that is no larger");
    SettledPreparation settled{a.pixel_size_A, a.particle_radius_A, a.mask_radius_A, a.box, {}};
    for (std::int64_t i = 0; i < a.images; i++) settled.contrast.push_back({a.contrast[2 * i], a.contrast[2 * i + 1]});
    return settled;
}

PreparationSizes sizes_of(StackView stack, const SettledPreparation& settled) {
    PreparationSizes sizes{stack.images, stack.height, stack.width, static_cast<std::int64_t>(half_plane(settled.box).points.size()), settled.box, 0};
    if (!measures_noise(noise_window(stack.height, stack.width, settled.mask_radius_A, settled.pixel_size_A))) return sizes;
    const std::vector<int> shells = noise_shells(stack.height, stack.width);
    sizes.noise_frequencies = std::count_if(shells.begin(), shells.end(), [](int s) { return s >= 0; });
    return sizes;
}

}  // namespace

std::int32_t images_create(Context* context, const ImageArrays* a, Images** out) {
    *out = nullptr;
    return on_device_from_host(context, a, [&](Device& device) {
        const auto images = static_cast<std::size_t>(a->images), points = static_cast<std::size_t>(a->points);
        require(device.memory(), images_take(a->images, a->points, a->box).least,
                std::to_string(a->images) + " images of box " + std::to_string(a->box));
        const auto pixels = static_cast<std::size_t>(a->box) * static_cast<std::size_t>(a->box);
        DeviceImages resident;
        resident.images = a->images;
        resident.points = a->points;
        resident.box = a->box;
        resident.pixel_size_A = a->pixel_size_A;
        resident.particle_radius_A = a->particle_radius_A;
        resident.frequencies = to_device(device, std::span(reinterpret_cast<const float2*>(a->point_frequencies), points), "frequencies");
        resident.values = to_device(device, std::span(reinterpret_cast<const float2*>(a->values), images * points), "image transforms");
        resident.weights = to_device(device, std::span(a->weights, points), "weights");
        resident.real_space = to_device(device, std::span(a->real_space, images * pixels), "images");
        device.synchronize("copy of the images");
        hand_out(out, std::move(resident));
    });
}

std::int32_t image_means(Context* context, const MeansArguments* a) {
    return on_device_from_host(context, a, [&](Device& device) {
        const DeviceMemory memory = device.memory();
        const Cut cut = means_cut(memory, a->images, a->height, a->width);
        require(memory, cut.take.least, "means of images of " + described(a->height, a->width));
        if (a->images == 0) return;
        const auto means = image_means(device, {a->stack, a->images, a->height, a->width}, a->from_px, cut.at_once);
        for (std::size_t i = 0; i < means.size(); i++) {
            const ImageMeans& m = means[i];
            double* out = a->means + 4 * i;
            out[0] = m.outside, out[1] = m.inside, out[2] = m.smallest, out[3] = m.largest;
        }
    });
}

std::int32_t images_prepare(Context* context, const PreparationArguments* a, Images** out) {
    *out = nullptr;
    return on_device_from_host(context, a, [&](Device& device) {
        const StackView stack{a->stack, a->images, a->height, a->width};
        const SettledPreparation settled = settled_of(*a);
        require(device.memory(), preparation_take(sizes_of(stack, settled)).least,
                "the preparation of " + std::to_string(a->images) + " images of " + described(a->height, a->width));
        Transformed made = transform_images(device, stack, settled, reinterpret_cast<float2*>(a->values), a->real_space);
        std::copy(made.sums.inside.begin(), made.sums.inside.end(), a->inside_power);
        if (a->outside_power) std::copy(made.sums.outside.begin(), made.sums.outside.end(), a->outside_power);
        hand_out(out, std::move(made.images));
    });
}

std::int32_t images_set_weights(Context* context, Images* images, const float* weights) {
    return on_device(context, [&](Device& device) {
        DeviceImages& d = behind(images);
        copy_to_device(device, weights, d.weights.size(), d.weights.data());
        device.synchronize("copy of the weights");
    });
}

std::int32_t images_negate(Context* context, Images* images) {
    return on_device(context, [&](Device& device) { negate(device, behind(images)); });
}

void images_destroy(Context* context, Images* images) {
    destroy(context, images);
}

}  // namespace tumble::cuda
