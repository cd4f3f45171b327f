#pragma once
// The result of a reconstruction by name.
#include <memory>

#include "handles.hpp"

namespace tumble::c_interface {

/// Gathers what tumble_result_array and its sisters hand out.
std::unique_ptr<tumble_result> gathered(ReconstructResult values);

}  // namespace tumble::c_interface
