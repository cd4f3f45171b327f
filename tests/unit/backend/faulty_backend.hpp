#pragma once
// A backend that fails at its n-th call: the reconstruction has to say so each time, and to give everything back.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "backend/backend.hpp"
#include "backend/cpu_operations.hpp"
#include "catch.hpp"
#include "reconstruct/reconstruct_on.hpp"
#include "tumble/error.hpp"
#include "unit/reconstruct/simulated_stack.hpp"
#include "unit/reconstruct/tiny_run.hpp"

namespace tumble::testing {

using backend::Operations;

/// What the wrapped entries count; a C function pointer carries no state of its own.
struct Count {
    std::int64_t calls = 0, fail_at = -1, alive = 0;
    std::vector<const void*> entries;  ///< which entry each call was to
};
inline Count count;

/// An entry of the CPU's table behind the counter. `change`: what a success adds to the number of live handles.
template <auto entry, int change>
struct Wrapped;
template <class... Arguments, std::int32_t (*Operations::*entry)(Arguments...), int change>
struct Wrapped<entry, change> {
    static std::int32_t call(Arguments... arguments) {
        count.entries.push_back(reinterpret_cast<const void*>(&call));
        if (++count.calls == count.fail_at) return backend::status_device;
        const std::int32_t status = (backend::cpu_operations().*entry)(arguments...);
        if (status == backend::status_good) count.alive += change;
        return status;
    }
};
template <class... Arguments, void (*Operations::*entry)(Arguments...), int change>
struct Wrapped<entry, change> {
    static void call(Arguments... arguments) {
        count.alive += change;
        (backend::cpu_operations().*entry)(arguments...);
    }
};
template <auto entry, int change = 0>
void wrap(Operations& table) {
    table.*entry = Wrapped<entry, change>::call;
}

inline Operations faulty_operations() {
    Operations table = backend::cpu_operations();
    table.name = "faulty";
    table.error_text = [](const backend::Context*) { return "this call was to fail"; };
    wrap<&Operations::context_create, 1>(table);
    wrap<&Operations::context_destroy, -1>(table);
    wrap<&Operations::images_prepare, 1>(table);
    wrap<&Operations::image_means>(table);
    wrap<&Operations::images_set_weights>(table);
    wrap<&Operations::images_negate>(table);
    wrap<&Operations::images_destroy, -1>(table);
    wrap<&Operations::transform_create, 1>(table);
    wrap<&Operations::transform_destroy, -1>(table);
    wrap<&Operations::equations_create, 1>(table);
    wrap<&Operations::equations_destroy, -1>(table);
    wrap<&Operations::search_create, 1>(table);
    wrap<&Operations::search_destroy, -1>(table);
    wrap<&Operations::rows_create, 1>(table);
    wrap<&Operations::rows_destroy, -1>(table);
    wrap<&Operations::sample_slices>(table);
    wrap<&Operations::score_poses>(table);
    wrap<&Operations::polish_poses>(table);
    wrap<&Operations::polish_shifts>(table);
    wrap<&Operations::equations_accumulate>(table);
    wrap<&Operations::equations_add>(table);
    wrap<&Operations::equations_subtract>(table);
    wrap<&Operations::solve>(table);
    wrap<&Operations::score_pairs>(table);
    wrap<&Operations::score_curves>(table);
    wrap<&Operations::best_pairs>(table);
    wrap<&Operations::soft_pairs>(table);
    wrap<&Operations::hill_climb>(table);
    wrap<&Operations::coarse_pairs>(table);
    return table;
}

/// Runs with the n-th call failing (-1: none). Empty if the run ends well, else the sentence of its Error(system).
inline std::string run(const SimulatedStack& simulated, const ReconstructOptions& options, std::int64_t fail_at) {
    const Operations table = faulty_operations();
    count = {0, fail_at, 0, {}};
    NoProgress quiet;
    std::string sentence;
    try {
        Backend backend(table, 0, 1);
        reconstruct_on(backend, simulated.stack.view(), options, quiet);
    } catch (const Error& e) {
        CHECK(e.kind() == ErrorKind::system);
        sentence = e.what();
    }
    CHECK(count.alive == 0);
    return sentence;
}

/// The calls that are the first `each` of their entry, or its last; from 1.
inline std::vector<std::int64_t> calls_to_fail(const std::vector<const void*>& entries, std::int64_t each) {
    std::vector<std::int64_t> chosen;
    for (std::size_t n = 0; n < entries.size(); n++) {
        const auto here = entries.begin() + static_cast<std::ptrdiff_t>(n);
        const bool last = std::find(here + 1, entries.end(), *here) == entries.end();
        if (last || std::count(entries.begin(), here, *here) < each) chosen.push_back(static_cast<std::int64_t>(n) + 1);
    }
    return chosen;
}

/// One run for each of these calls.
inline void fail_at_calls(const SimulatedStack& simulated, const ReconstructOptions& options, std::int64_t each) {
    REQUIRE(run(simulated, options, -1).empty());
    const std::int64_t calls = count.calls;
    for (const std::int64_t n : calls_to_fail(count.entries, each)) {
        INFO("call " << n << " of " << calls);
        const std::string sentence = run(simulated, options, n);
        CHECK(sentence.find("faulty") != std::string::npos);
        CHECK(sentence.find("status 400") != std::string::npos);
        CHECK(count.calls == n);
    }
    CHECK(run(simulated, options, calls + 1).empty());
}

inline constexpr std::int64_t every_call = 1000000;

}  // namespace tumble::testing

