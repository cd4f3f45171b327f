#pragma once
// Sums over images of a model of atoms held still: twin of atoms/atom_sums.hpp, where the model is described.
#include "backend/operations.hpp"
#include "resident.hpp"

namespace tumble::cuda {

/// As tumble::add_profile_sums and add_atom_gradients: add to and write the host's arrays that the arguments name, and wait. The
/// arguments are valid: images, atoms and arrays that exist, rotations. Throws Error(input) where the points are not those of
/// the box's own grid, or the shells not as many as theirs.
void add_profile_sums(Device& device, const DeviceImages& images, const backend::AtomArguments& arguments);
void add_atom_gradients(Device& device, const DeviceImages& images, const backend::AtomArguments& arguments);

}  // namespace tumble::cuda
