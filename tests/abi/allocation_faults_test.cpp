// Memory runs out at every place where the C interface allocates, one place after the other: each time a status and a sentence,
// nothing lost (the address sanitizer's build sees to that), and the next call works.
#include <execinfo.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <new>
#include <string>

#include "abi/c_arrays.hpp"
#include "catch.hpp"
#include "unit/reconstruct/simulated_stack.hpp"

namespace {

/// Places, told apart by the innermost callers, that have failed once. Allocates nothing.
class FailedPlaces {
  public:
    /// True, once for each place, while armed; then disarms.
    bool fails_here() {
        if (!armed.load(std::memory_order_relaxed)) return false;
        void* frames[depth + 2];
        armed = false;  // backtrace() may allocate
        const int count = backtrace(frames, depth + 2);
        std::size_t place = 14695981039346656037u;
        for (int i = 2; i < count; i++) place = (place ^ reinterpret_cast<std::size_t>(frames[i])) * 1099511628211u;
        for (std::size_t slot = place % seen_.size();; slot = (slot + 1) % seen_.size()) {
            if (seen_[slot] == place) {
                armed = true;
                return false;
            }
            if (seen_[slot] == 0) {
                seen_[slot] = place;
                places++;
                return true;
            }
        }
    }

    std::atomic<bool> armed{false};
    int places = 0;

  private:
    static constexpr int depth = 3;
    std::array<std::size_t, 1 << 16> seen_{};
};
FailedPlaces failed;

}  // namespace

void* operator new(std::size_t bytes) {
    if (failed.fails_here()) throw std::bad_alloc();
    if (void* memory = std::malloc(bytes ? bytes : 1)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

using namespace tumble;
using namespace tumble::testing;

namespace {

constexpr int images = 12, box = 24;
constexpr double pixel_A = 0.55;

struct Case {
    std::vector<Vec3> sites = asymmetric_particle(12, 3.5, 2.0, 5);
    SimulatedStack simulated = simulated_stack(sites, images, box, pixel_A, 0.1, 2);
    Volume map = atoms_as_gaussians(sites, box, pixel_A);
};

/// Leaves a scenario with the first status that is not good.
#define STEP(call) \
    if (const tumble_status status = (call); status != TUMBLE_OK) return status

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

/// The whole from given poses, in steps.
tumble_status steps(const Case& c) {
    tumble_status made_status = 0;
    const auto context = made<tumble_context>(made_status, tumble_context_create);
    STEP(made_status);
    const auto options = made<tumble_options>(made_status, tumble_options_create);
    STEP(made_status);
    STEP(tumble_options_set_float64(options.get(), "pixel-size", pixel_A));
    STEP(tumble_options_set_text(options.get(), "element", "Pt"));
    STEP(tumble_options_set_int64(options.get(), "threads", 1));
    const PoseColumns poses(c.simulated.poses);
    const auto r = poses.rotation_array(), t = poses.shift_array();
    STEP(tumble_options_set_poses(options.get(), &r, &t));
    const auto stack = array_of(c.simulated.stack.values.data(), TUMBLE_FLOAT32, {images, box, box});
    const auto run = made<tumble_run>(made_status, tumble_run_create, context.get(), &stack, options.get());
    STEP(made_status);
    std::int32_t left = 1;
    while (left) STEP(tumble_run_step(context.get(), run.get(), &left));
    const auto result = made<tumble_result>(made_status, tumble_run_take_result, run.get());
    return made_status;
}

/// Runs the scenario until no place is left that has not failed. The test's own allocations fail too; they throw.
void fail_everywhere(tumble_status (*scenario)(const Case&)) {
    const Case c;
    REQUIRE(scenario(c) == TUMBLE_OK);
    int refused = 0;
    for (;;) {
        tumble_status status = TUMBLE_OK;
        const int before = failed.places;
        failed.armed = true;
        try {
            status = scenario(c);
        } catch (const std::bad_alloc&) {
            status = TUMBLE_E_NO_MEMORY;
        }
        failed.armed = false;
        if (failed.places == before) {
            CHECK(status == TUMBLE_OK);
            break;
        }
        INFO("place " << failed.places << ": " << tumble_last_error());
        // What may be done without is done without; all else is told.
        if (status == TUMBLE_OK) continue;
        refused++;
        REQUIRE(status == TUMBLE_E_NO_MEMORY);
    }
    CHECK(refused > 100);
    CHECK(scenario(c) == TUMBLE_OK);
}

}  // namespace

TEST_CASE("memory runs out at every place of the operators") { fail_everywhere(operators); }

TEST_CASE("memory runs out at every place of a run in steps") { fail_everywhere(steps); }
