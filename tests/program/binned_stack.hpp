#pragma once
// The first images of a set at half its sampling, so that a run is short.
#include <string>

#include "small_stack.hpp"

namespace tumble::test {

inline constexpr double sampling_A = 0.358;  ///< of the sample and of the reference sets

/// The first images of a stack of sampling_A with 2 x 2 pixels made one.
SmallStack binned_stack(const std::string& file, int images);

}  // namespace tumble::test
