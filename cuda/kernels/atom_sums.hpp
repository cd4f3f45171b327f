#pragma once
// Sums over images of a model of atoms held still: twin of atoms/atom_sums.hpp, where the model is described.
#include <cstddef>

#include "backend/operations.hpp"
#include "resident.hpp"

namespace tumble::cuda {

/// Device memory for the tables and structure factors of the images that are worked on at once; one image is always taken. The
/// sums do not depend on it.
inline constexpr std::size_t atom_scratch_bytes = std::size_t{64} << 20;

/// As tumble::add_profile_sums and add_atom_gradients: add to and write the host's arrays that the arguments name, and wait. The
/// arguments name images and arrays that exist. Throws Error(input) where the points are not those of the box's own grid, and
/// DeviceError where the shells are not as many as theirs.
void add_profile_sums(Device& device, const DeviceImages& images, const backend::AtomArguments& arguments,
                      std::size_t scratch_bytes = atom_scratch_bytes);
void add_atom_gradients(Device& device, const DeviceImages& images, const backend::AtomArguments& arguments,
                        std::size_t scratch_bytes = atom_scratch_bytes);

}  // namespace tumble::cuda
