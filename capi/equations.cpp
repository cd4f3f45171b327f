#include "array_access.hpp"
#include "handles.hpp"
#include "pose_arrays.hpp"
#include "scoring.hpp"

using namespace tumble::c_interface;

extern "C" {

tumble_status tumble_equations_create(const tumble_images* prepared, tumble_equations** equations) {
    return handed_out(equations, "equations", nullptr,
                      [&] { return std::make_unique<tumble_equations>(tumble_equations{tumble::MapEquations(required(prepared, "prepared").value)}); });
}

void tumble_equations_destroy(tumble_equations* equations) { take_back(equations); }

tumble_status tumble_equations_insert(tumble_equations* equations, const tumble_scoring* scoring, const tumble_array* images, const tumble_array* rotations,
                                      const tumble_array* shifts_A, const tumble_array* weights) {
    return guarded(nullptr, [&] {
        tumble::MapEquations& e = required(equations, "equations").value;
        const auto band = scoring_options(scoring);
        ReachableArrays arrays(e.device());
        e.insert(copied_weighted_poses(arrays, images, rotations, shifts_A, weights), band.low_per_A, band.high_per_A);
    });
}

tumble_status tumble_equations_add(tumble_equations* equations, const tumble_equations* other, int32_t sign) {
    return guarded(nullptr, [&] {
        tumble::MapEquations& e = required(equations, "equations").value;
        e.add(required(other, "other").value, sign);
    });
}

tumble_status tumble_equations_solve(const tumble_equations* equations, double high_per_A, int32_t steps, const tumble_array* map) {
    return guarded(nullptr, [&] {
        const tumble::MapEquations& e = required(equations, "equations").value;
        const std::int64_t n = e.box();
        ReachableArrays arrays(e.device());
        map = arrays.out(map, "map");
        require_output(map, "map", std::array{n, n, n}, TUMBLE_FLOAT32);
        write(*map, e.solve(high_per_A, steps).values);
        arrays.deliver();
    });
}

}  // extern "C"
