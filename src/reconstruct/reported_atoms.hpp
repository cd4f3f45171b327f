#pragma once
// Fitted atoms as the result reports them.
#include <span>
#include <string>

#include "atoms/joint_fit.hpp"
#include "tumble/atom.hpp"

namespace tumble {

/// Heights relative to the median atom, half distances 0; the order is kept. Empty for no atoms.
Atoms reported_atoms(std::span<const FittedAtom> fitted, const std::string& element);

}  // namespace tumble
