#pragma once
// run.h5 of a finished run: the checkpoint that the library left, and everything that came out.
#include <string>

#include "tumble/reconstruct.hpp"

namespace tumble::app {

/// Replaces `file` by one that holds its group `checkpoint` (where there is one), the maps as EMD 0.2
/// (data/map, data/half1, data/half2, data/mask), the groups `poses` and `atoms`, and the text of summary.json
/// as the root's attribute `summary`. In one step: a kill leaves the checkpoint as it was. Throws
/// Error(system) when it cannot be written.
void write_run_file(const std::string& file, const ReconstructResult& result, const std::string& summary);

}  // namespace tumble::app
