#pragma once
// Which device a run is done on, as its plan counts the run.
#include <cstdint>

#include "backend/loader.hpp"
#include "tumble/reconstruct.hpp"

namespace tumble {

/// choose_backend, but that `auto` passes over a device whose memory the run does not fit into and takes the CPU, saying why.
/// The options have been checked.
backend::Choice device_of_run(std::int64_t images, std::int64_t side, const ReconstructOptions& options);

}  // namespace tumble
