#pragma once
// What the handles of the table are on this side: arrays that stay in device memory between calls.
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "backend/operations.hpp"
#include "context.hpp"
#include "fourier/central_slice_element.hpp"
#include "runtime/device_buffer.hpp"

namespace tumble::cuda {

/// PreparedImages (pose/prepared_images.hpp).
struct DeviceImages {
    std::int64_t images = 0, points = 0;
    int box = 0;
    double pixel_size_A = 0, particle_radius_A = 0;
    DeviceBuffer<float2> frequencies;  ///< [point], cycles per pixel
    DeviceBuffer<float2> values;       ///< [image][point]
    DeviceBuffer<float> weights;       ///< [point]
    DeviceBuffer<float> real_space;    ///< [image][box][box]
};

/// PaddedTransform (fourier/central_slice.hpp).
struct DeviceTransform {
    int box = 0, padded = 0;
    WindowTaps taps;
    GridLayout layout;
    DeviceBuffer<float> values;  ///< interleaved complex, laid out as `layout`
};

/// NormalEquations (fourier/density_compensation.hpp). Without arrays until the first images are accumulated.
struct DeviceEquations {
    int box = 0;
    DeviceBuffer<float> right_side;  ///< box^3
    DeviceBuffer<float> kernel;      ///< (2 box)^3
};

/// What all orientations are scored with (pose/score.hpp, pose/polar_transform.hpp). Harmonics are those of the angular basis:
/// order m has `rank[m]` radial functions, padded with zeros to a multiple of `rank_step` for the matrix instruction, at
/// k = order_begin[m] .. order_begin[m + 1] - 1 of the operands.
struct DeviceSearch {
    static constexpr int rank_step = 4, group_rows = 16, block_directions = 8;
    int angles = 0, rings = 0, orders = 0;
    std::vector<int> rank;
    int inner = 0;                     ///< order_begin[orders]
    DeviceBuffer<int> order_begin;     ///< [orders + 1]
    DeviceBuffer<int> d_rank;          ///< [orders]
    DeviceBuffer<float> basis;         ///< [ring][order_begin[m] + function], 0 in the padding
    DeviceBuffer<int> harmonic;        ///< [k]: where the packing kernel keeps the harmonic of k's order
    DeviceBuffer<float> ring_weights;  ///< [ring]
    DeviceBuffer<float> direction_scale, row_scale;  ///< [ring]: factors of the harmonics (pose/packing.cpp)
    DeviceBuffer<float2> points;       ///< [ring][half angle], cycles per pixel
    std::int64_t directions = 0;
    DeviceBuffer<float> operands;  ///< [block of 8 directions][k][re 8, im 8], 0 beyond the last direction
    DeviceBuffer<float> power;     ///< Q of each direction, 0 beyond the last, whole blocks
    std::int64_t images = 0;
    DeviceBuffer<float2> samples;  ///< [image][ring][half angle]
};
/// Images at shifts.
struct DeviceRows {
    std::int64_t rows = 0;
    DeviceBuffer<float> operands;  ///< [group of 16 rows][k][re 16, im 16], 0 beyond the last row
};

template <class Handle>
struct Behind;
template <>
struct Behind<backend::Images> {
    using Type = DeviceImages;
};
template <>
struct Behind<backend::Transform> {
    using Type = DeviceTransform;
};
template <>
struct Behind<backend::Equations> {
    using Type = DeviceEquations;
};
template <>
struct Behind<backend::Search> {
    using Type = DeviceSearch;
};
template <>
struct Behind<backend::Rows> {
    using Type = DeviceRows;
};

template <class Handle>
    requires requires { typename Behind<std::remove_const_t<Handle>>::Type; }
auto& behind(Handle* handle) {
    using Plain = typename Behind<std::remove_const_t<Handle>>::Type;
    using Type = std::conditional_t<std::is_const_v<Handle>, const Plain, Plain>;
    return *reinterpret_cast<Type*>(handle);
}
template <class Handle>
void hand_out(Handle** out, typename Behind<Handle>::Type value) {
    *out = reinterpret_cast<Handle*>(std::make_unique<typename Behind<Handle>::Type>(std::move(value)).release());
}

/// Also where the device has failed: what the host holds is freed in any case.
template <class Handle>
void destroy(backend::Context* context, Handle* handle) {
    if (!handle) return;
    std::unique_ptr<typename Behind<Handle>::Type> owner(&behind(handle));
    std::string ignored;
    static_cast<void>(caught(ignored, [&] {
        const DeviceGuard guard(behind(context).device.number());
        owner.reset();
    }));
}

}  // namespace tumble::cuda
