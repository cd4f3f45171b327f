#pragma once
// Memory that runs out at every place where the C interface allocates, one place after the other. To be included once in a test: it
// replaces operator new. Expected: each time a status and a sentence, nothing lost (the address sanitizer's build sees to
// that), and the next call works.
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
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return failed.fails_here() ? nullptr : std::malloc(bytes ? bytes : 1); }
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
