#include "array_access.hpp"
#include "handles.hpp"
#include "reachable_arrays.hpp"

using namespace tumble::c_interface;

namespace {

/// Requires room for the maps of box^3 voxels.
void require_room(const tumble_array* array, const char* argument, std::int64_t box) {
    require_output(array, argument, std::array{box, box, box}, TUMBLE_FLOAT32);
}

}  // namespace

extern "C" {

tumble_status tumble_maps_correlate(tumble_device* device, const tumble_array* half1, const tumble_array* half2, const tumble_array* mask, double voxel_A,
                                    int64_t seed, const tumble_array* curves) {
    return guarded(nullptr, [&] {
        const tumble::Device& where = required(device, "device").value;
        ReachableArrays arrays(where);
        half1 = arrays.in(half1, "half1"), half2 = arrays.in(half2, "half2"), mask = arrays.in(mask, "mask"), curves = arrays.out(curves, "curves");
        const auto first = copied_map(half1, "half1", voxel_A), second = copied_map(half2, "half2", voxel_A);
        const auto soft = mask ? copied_map(mask, "mask", voxel_A) : tumble::Volume{};
        const std::int64_t shells = first.box / 2 + 1;
        require_output(curves, "curves", std::array{std::int64_t{4}, shells}, TUMBLE_FLOAT64);
        const auto view = mask ? soft.view() : tumble::VolumeView{nullptr, first.box};
        const auto fsc = correlate_halves(where, first, second, view, static_cast<std::uint64_t>(seed));
        std::vector<double> rows;
        for (const auto* curve : {&fsc.frequency_per_A, &fsc.unmasked, &fsc.masked, &fsc.corrected}) {
            if (static_cast<std::int64_t>(curve->size()) != shells) throw BoundaryError(TUMBLE_E_INTERNAL, "a curve of " + std::to_string(curve->size()) + " shells");
            rows.insert(rows.end(), curve->begin(), curve->end());
        }
        write(*curves, rows);
        arrays.deliver();
    });
}

tumble_status tumble_curve_resolution(const tumble_array* frequencies, const tumble_array* curve, double threshold, double* resolution_A) {
    return guarded(nullptr, [&] {
        require_array(frequencies, "frequencies", std::array<std::int64_t, 1>{-1}, TUMBLE_FLOAT64);
        require_array(curve, "curve", std::array{frequencies->shape[0]}, TUMBLE_FLOAT64);
        required(resolution_A, "resolution_A") = tumble::resolution_of(copied_doubles(*frequencies, "frequencies"), copied_doubles(*curve, "curve"), threshold).d_A;
    });
}

tumble_status tumble_map_restore(tumble_device* device, const tumble_array* map, const tumble_array* fsc, const tumble_array* restored) {
    return guarded(nullptr, [&] {
        const tumble::Device& where = required(device, "device").value;
        ReachableArrays arrays(where);
        map = arrays.in(map, "map"), fsc = arrays.in(fsc, "fsc"), restored = arrays.out(restored, "restored");
        const auto volume = copied_map(map, "map", 1);
        require_array(fsc, "fsc", std::array<std::int64_t, 1>{-1}, TUMBLE_FLOAT64);
        require_room(restored, "restored", volume.box);
        write(*restored, restored_map(where, volume, copied_doubles(*fsc, "fsc")).values);
        arrays.deliver();
    });
}

tumble_status tumble_map_find_mask(tumble_device* device, const tumble_array* map, double voxel_A, const tumble_array* mask) {
    return guarded(nullptr, [&] {
        const tumble::Device& where = required(device, "device").value;
        ReachableArrays arrays(where);
        map = arrays.in(map, "map"), mask = arrays.out(mask, "mask");
        const auto volume = copied_map(map, "map", voxel_A);
        require_room(mask, "mask", volume.box);
        write(*mask, particle_mask(where, volume).values);
        arrays.deliver();
    });
}

}  // extern "C"
