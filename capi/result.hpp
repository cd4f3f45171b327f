#pragma once
// The result of a reconstruction by name.
#include <memory>

#include "handles.hpp"

namespace tumble::c_interface {

/// Gathers what tumble_result_array and its sisters hand out, the arrays in memory of the allocator. Takes the values, and leaves
/// them where it throws.
std::unique_ptr<tumble_result> gathered(ReconstructResult& values, const Allocator& allocator);

}  // namespace tumble::c_interface
