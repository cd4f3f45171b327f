#pragma once
// What CMake and the processor say about this build; build_information() adds the backends.
#include "tumble/build_information.hpp"

namespace tumble {

/// All but `backends`.
BuildInformation build_facts();

}  // namespace tumble
