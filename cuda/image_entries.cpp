#include "context.hpp"
#include "entries.hpp"
#include "resident.hpp"

namespace tumble::cuda {

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

void images_destroy(Context* context, Images* images) {
    destroy(context, images);
}

}  // namespace tumble::cuda
