#include <algorithm>

#include "context.hpp"
#include "entries.hpp"
#include "kernels/central_slice.hpp"
#include "resident.hpp"

namespace tumble::cuda {

std::int32_t transform_create(Context* context, const TransformArguments* a, Transform** out) {
    *out = nullptr;
    return on_device_from_host(context, a, [&](Device& device) {
        if (a->box < 8)
            refuse("A map of box " + std::to_string(a->box) + " cannot be sliced; expected at least 8 voxels.");
        const std::int64_t padded = padded_side_of(a->box, a->padding_factor);
        require(device.memory(), transform_take(a->box, padded, a->window_width).least, "the transform of a map of box " + std::to_string(a->box));
        hand_out(out, padded_transform(device, a->map, a->box, {a->window_width, a->window_padding}, a->padding_factor));
    });
}

void transform_destroy(Context* context, Transform* transform) {
    destroy(context, transform);
}

std::int32_t sample_slices(Context* context, const Transform* transform, const SliceArguments* a) {
    return on_device_from_host(context, a, [&](Device& device) {
        if (a->rotation_count == 0 || a->point_count == 0) return;
        const auto points = static_cast<std::size_t>(a->point_count);
        const DeviceMemory memory = device.memory();
        const Cut cut = slices_cut(memory, a->rotation_count, a->point_count);
        require(memory, cut.take.least, "slices of " + std::to_string(a->point_count) + " points");
        const auto d_points = to_device(device, std::span(reinterpret_cast<const float2*>(a->points), points), "points of the slices");
        DeviceBuffer<float> d_rotations(device, 9 * static_cast<std::size_t>(cut.at_once), "rotations of the slices");
        DeviceBuffer<float2> d_slices(device, static_cast<std::size_t>(cut.at_once) * points, "slices");
        for (std::int64_t first = 0; first < a->rotation_count; first += cut.at_once) {
            const std::int64_t count = std::min(cut.at_once, a->rotation_count - first);
            copy_to_device(device, a->rotations + 9 * first, 9 * static_cast<std::size_t>(count), d_rotations.data());
            sample_slices(device, behind(transform), d_rotations.data(), count, d_points.data(), a->point_count, d_slices.data());
            copy_to_host(device, d_slices.data(), static_cast<std::size_t>(count) * points,
                         reinterpret_cast<float2*>(a->out) + first * a->point_count);
        }
        device.synchronize("slices");
    });
}

}  // namespace tumble::cuda
