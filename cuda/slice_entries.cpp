#include <algorithm>

#include "context.hpp"
#include "entries.hpp"
#include "kernels/central_slice.hpp"
#include "resident.hpp"

namespace tumble::cuda {
namespace {

// Slices that are copied to the host at a time.
constexpr std::int64_t most_bytes_at_once = std::int64_t{256} << 20;

}  // namespace

std::int32_t transform_create(Context* context, const TransformArguments* a, Transform** out) {
    *out = nullptr;
    return on_device_from_host(context, a, [&](Device& device) {
        if (a->box < 8)
            refuse("A map of box " + std::to_string(a->box) + " cannot be sliced; expected at least 8 voxels.");
        hand_out(out, padded_transform(device, a->map, a->box, {a->window_width, a->window_padding}, a->padding_factor));
    });
}

void transform_destroy(Context* context, Transform* transform) {
    destroy(context, transform);
}

std::int32_t sample_slices(Context* context, const Transform* transform, const SliceArguments* a) {
    return on_device_from_host(context, a, [&](Device& device) {
        if (a->rotation_count == 0 || a->point_count == 0) return;
        const auto points = static_cast<std::size_t>(a->point_count), rotations = static_cast<std::size_t>(a->rotation_count);
        const auto d_points = to_device(device, std::span(reinterpret_cast<const float2*>(a->points), points), "points of the slices");
        const auto d_rotations = to_device(device, std::span(a->rotations, 9 * rotations), "rotations of the slices");
        const std::int64_t bytes = a->point_count * static_cast<std::int64_t>(sizeof(float2));
        const std::int64_t at_once = std::clamp<std::int64_t>(most_bytes_at_once / bytes, 1, a->rotation_count);
        DeviceBuffer<float2> d_slices(device, static_cast<std::size_t>(at_once) * points, "slices");
        for (std::int64_t first = 0; first < a->rotation_count; first += at_once) {
            const std::int64_t count = std::min(at_once, a->rotation_count - first);
            sample_slices(device, behind(transform), d_rotations.data() + 9 * first, count, d_points.data(), a->point_count, d_slices.data());
            copy_to_host(device, d_slices.data(), static_cast<std::size_t>(count) * points,
                         reinterpret_cast<float2*>(a->out) + first * a->point_count);
        }
        device.synchronize("slices");
    });
}

}  // namespace tumble::cuda
