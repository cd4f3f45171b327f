#include "reconstruct/run.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reconstruct/particle_signal.hpp"
#include "tumble/error.hpp"

namespace tumble {

std::size_t StageClock::begin(const std::string& name) {
    if (progress_.cancelled()) throw Error(ErrorKind::interrupted, fmt::format("interrupted before the stage '{}'", name));
    progress_.stage(name);
    const auto known = std::find_if(times_.begin(), times_.end(), [&](const auto& t) { return t.first == name; });
    const auto entry = static_cast<std::size_t>(known - times_.begin());
    if (known == times_.end()) times_.emplace_back(name, 0.0);
    return entry;
}

void set_scale(Run& run, double neighbour_A) {
    run.bands = working_bands(neighbour_A, run.options.pixel_size_A, run.options.max_resolution_A);
    run.min_distance_A = 0.72 * neighbour_A;
}

void save(const Run& run, const RunState& state) {
    if (!run.options.checkpoint_file.empty()) save_checkpoint(run.options.checkpoint_file, run.fingerprint, state);
}

void invert(Run& run) {
    run.backend.negate(run.resident, run.images);
}

}  // namespace tumble
