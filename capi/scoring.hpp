#pragma once
// The band and the prior of tumble_scoring as the library takes them.
#include "tumble.h"
#include "tumble/operators.hpp"

namespace tumble::c_interface {

/// Throws TUMBLE_E_NULL, TUMBLE_E_STRUCT_SIZE, and TUMBLE_E_ARGUMENT for numbers that cannot be.
ScoringOptions scoring_options(const tumble_scoring* scoring);

}  // namespace tumble::c_interface
