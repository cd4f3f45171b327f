#pragma once
// Which device a run is done on, and what it costs, as its plan counts the run.
#include <cstdint>
#include <string>

#include "backend/loader.hpp"
#include "tumble/reconstruct.hpp"

namespace tumble {

/// choose_backend, but that `auto` passes over a device whose memory the run does not fit into and takes the CPU, saying why.
/// The options have been checked.
backend::Choice device_of_run(std::int64_t images, std::int64_t side, const ReconstructOptions& options);

/// Memory of the host, and time where the processor does the work, for a line: "memory about 346 MB, time about 2 min".
std::string run_cost(std::int64_t images, std::int64_t side, const ReconstructOptions& options, int threads, const std::string& device);

}  // namespace tumble
