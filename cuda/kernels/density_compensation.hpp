#pragma once
// From normal equations to a map on the device: twin of fourier/density_compensation.hpp.
#include <span>

#include "resident.hpp"

namespace tumble::cuda {

/// The system that is solved; arrays of the host, borrowed for the call. Fields as in SolveProblem.
struct DeviceSolveProblem {
    int steps = 0;
    double tolerance = 0;
    std::span<const double> prior;
    const float* mask = nullptr;  ///< box^3, or null
};

/// The map of box^3, in device memory, by preconditioned conjugate gradients with the CPU's rule for stopping. The scalars of
/// the recurrence stay on the device, in float32 from sums in a fixed order; it applies the rule at every step, and the host
/// looks every few steps whether to go on, which changes no bit. Memory and plans are made once; a step is a graph
/// (runtime/repeated_work.hpp).
DeviceBuffer<float> solve(Device& device, const DeviceEquations& equations, const DeviceSolveProblem& problem);

/// into += sign * other. Throws DeviceError (input) where the boxes differ.
void add_equations(Device& device, DeviceEquations& into, const DeviceEquations& other, float sign);

}  // namespace tumble::cuda
