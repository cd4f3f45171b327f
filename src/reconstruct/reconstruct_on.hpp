#pragma once
// The whole reconstruction on a backend that the caller has made; reconstruct() chooses one by its name.
#include "backend/backend.hpp"
#include "tumble/reconstruct.hpp"
#include "tumble/reconstruction_steps.hpp"

namespace tumble {

/// As reconstruct(), but for options.device and options.threads, which the backend stands for. Throws Error(system) where the
/// backend fails; whatever it kept resident is given back.
ReconstructResult reconstruct_on(Backend& backend, StackView images, const ReconstructOptions& options, Progress& progress);

/// As the constructor of ReconstructionSteps, likewise. Copies of the backend share what it stands for.
ReconstructionSteps steps_on(Backend backend, StackView images, const ReconstructOptions& options, Progress& progress);

}  // namespace tumble
