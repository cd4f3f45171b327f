#pragma once
// Sums over views of the overlaps of pairs of atoms: twin of atoms/projected_overlap.hpp.
#include "backend/operations.hpp"
#include "resident.hpp"

namespace tumble::cuda {

/// As tumble::overlap_sums for each pair: writes the host's array that the arguments name, and waits. The table reaches beyond
/// its limit by an entry.
void overlap_sums(Device& device, const backend::OverlapArguments& arguments);

}  // namespace tumble::cuda
