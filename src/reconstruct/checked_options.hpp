#pragma once
// Which options can work, judged before anything is computed.
#include <cstdint>

#include "tumble/reconstruct.hpp"

namespace tumble {

/// Throws Error(input) with one sentence for the first option that cannot work with a stack of that shape.
void check_options(std::int64_t images, std::int64_t height, std::int64_t width, const ReconstructOptions& options);

}  // namespace tumble
