// Memory runs out at every place of the operators.
#include "abi/failing_memory.hpp"

namespace {

/// The operators one after the other; the first status that is not good.
tumble_status operators(const Case& c) {
    tumble_status made_status = 0;
    const auto device = made<tumble_device>(made_status, tumble_device_create, "cpu", 1);
    STEP(made_status);
    const auto stack = array_of(c.simulated.stack.values.data(), TUMBLE_FLOAT32, {images, box, box});
    const auto prepared = made<tumble_images>(made_status, tumble_images_create, static_cast<tumble_context*>(nullptr), device.get(), &stack, pixel_A, 0.0, 0);
    STEP(made_status);
    double side = 0;
    STEP(tumble_images_number(prepared.get(), "box", &side));
    const auto n = static_cast<std::int64_t>(side);
    std::array<float, box * box * box> voxels;
    if (n > box) return TUMBLE_E_INTERNAL;
    const auto density = array_of(c.map.values.data(), TUMBLE_FLOAT32, {box, box, box}), map = array_of(voxels.data(), TUMBLE_FLOAT32, {n, n, n});
    STEP(tumble_images_match_map(prepared.get(), &density, pixel_A, &map));
    const auto transform = made<tumble_transform>(made_status, tumble_transform_create, device.get(), &map, pixel_A);
    STEP(made_status);
    std::array<double, 9 * images> rotations;
    std::array<double, 2 * images> shifts;
    std::array<double, images> scores{};
    for (std::size_t i = 0; i < images; i++) {
        std::copy_n(c.simulated.poses[i].rotation.m.begin(), 9, rotations.begin() + static_cast<std::ptrdiff_t>(9 * i));
        shifts[2 * i] = c.simulated.poses[i].shift_A.x, shifts[2 * i + 1] = c.simulated.poses[i].shift_A.y;
    }
    const auto r = array_of(rotations.data(), TUMBLE_FLOAT64, {images, 3, 3}), t = array_of(shifts.data(), TUMBLE_FLOAT64, {images, 2}),
               s = array_of(scores.data(), TUMBLE_FLOAT64, {images});
    const tumble_scoring band{sizeof(tumble_scoring), 0.1, 0.5, 0.2};
    STEP(tumble_poses_score(prepared.get(), transform.get(), &band, nullptr, &r, &t, &s));
    STEP(tumble_poses_polish(prepared.get(), transform.get(), &band, 1, nullptr, &r, &t, &s));
    STEP(tumble_poses_search_shifts(prepared.get(), transform.get(), &band, 1, nullptr, &r, &t, &s));
    const auto search = made<tumble_search>(made_status, tumble_search_create, prepared.get(), transform.get(), &band, 0.0, 0.5, std::int64_t{1});
    STEP(made_status);
    STEP(tumble_search_climb(search.get(), 0.1, 1, 0, nullptr, &r, &t, &s, nullptr));
    STEP(tumble_search_best(search.get(), nullptr, &r, &t, &s));
    const auto equations = made<tumble_equations>(made_status, tumble_equations_create, prepared.get());
    STEP(made_status);
    STEP(tumble_equations_insert(equations.get(), &band, nullptr, &r, &t, nullptr));
    STEP(tumble_equations_solve(equations.get(), 0.5, 2, &map));
    std::array<double, 4 * (box / 2 + 1)> rows;
    const auto curves = array_of(rows.data(), TUMBLE_FLOAT64, {4, n / 2 + 1});
    STEP(tumble_maps_correlate(device.get(), &map, &map, nullptr, pixel_A, 1, &curves));
    const auto atoms = made<tumble_atoms>(made_status, tumble_atoms_find, static_cast<tumble_context*>(nullptr), &density, nullptr, nullptr, pixel_A, "Pt", 1.5, 5.0, 1);
    return made_status;
}

}  // namespace

TEST_CASE("memory runs out at every place of the operators") { fail_everywhere(operators); }
