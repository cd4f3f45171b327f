#pragma once
// Options for runs of the smallest simulated stacks: 24 pixels of 0.5 A, a dozen atoms.
#include "tumble/reconstruct.hpp"

namespace tumble::testing {

inline ReconstructOptions tiny_options() {
    ReconstructOptions options;
    options.pixel_size_A = 0.5;
    options.elements = {"Pt"};
    options.diameter_A = 7;
    options.contrast = Contrast::bright_atoms;
    return options;
}

}  // namespace tumble::testing
