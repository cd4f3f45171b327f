#pragma once
// The CPU side of the seam: the functions of src/fourier and src/pose behind the table.
#include "backend/operations.hpp"

namespace tumble::backend {

/// All entries are filled. Lives as long as the process; any thread.
const Operations& cpu_operations();

}  // namespace tumble::backend
