#include "array_access.hpp"
#include "handles.hpp"
#include "pose_arrays.hpp"
#include "reachable_arrays.hpp"

using namespace tumble::c_interface;

extern "C" {

tumble_status tumble_transform_create(tumble_device* device, const tumble_array* map, double voxel_A, tumble_transform** transform) {
    return handed_out(transform, "transform", nullptr, [&] {
        const tumble::Device& where = required(device, "device").value;
        if (!(voxel_A > 0)) throw BoundaryError(TUMBLE_E_ARGUMENT, "voxel_A is " + std::to_string(voxel_A) + ": expected a positive number");
        ReachableArrays arrays(where);
        return std::make_unique<tumble_transform>(tumble_transform{tumble::MapTransform(where, copied_map(arrays.in(map, "map"), "map", voxel_A))});
    });
}

void tumble_transform_destroy(tumble_transform* transform) { take_back(transform); }

tumble_status tumble_transform_slices(const tumble_transform* transform, const tumble_array* rotations, const tumble_array* frequencies,
                                      const tumble_array* slices) {
    return guarded(nullptr, [&] {
        const tumble::MapTransform& map = required(transform, "transform").value;
        ReachableArrays arrays(map.device());
        rotations = arrays.in(rotations, "rotations"), frequencies = arrays.in(frequencies, "frequencies"), slices = arrays.out(slices, "slices");
        const auto turns = copied_rotations(rotations);
        require_array(frequencies, "frequencies", std::array<std::int64_t, 2>{-1, 2}, TUMBLE_FLOAT64);
        const auto k = copied_doubles(*frequencies, "frequencies");
        std::vector<tumble::Vec2> points;
        for (std::size_t i = 0; i < k.size(); i += 2) points.push_back({k[i], k[i + 1]});
        require_output(slices, "slices", std::array{static_cast<std::int64_t>(turns.size()), static_cast<std::int64_t>(points.size()), std::int64_t{2}},
                      TUMBLE_FLOAT32);
        std::vector<float> values(2 * turns.size() * points.size());
        central_slices(map, turns, points, values.data());
        write(*slices, values);
        arrays.deliver();
    });
}

}  // extern "C"
