// The whole at once. Declarations in include/tumble/reconstruct.hpp.
#include "tumble/reconstruct.hpp"

#include "backend/backend.hpp"
#include "reconstruct/checked_options.hpp"
#include "reconstruct/reconstruct_on.hpp"
#include "reconstruct/run_device.hpp"
#include "tumble/reconstruction_steps.hpp"

namespace tumble {
namespace {

Backend chosen_backend(StackView stack, const ReconstructOptions& options, Progress& progress) {
    check_options(stack.images, stack.height, stack.width, options);
    const backend::Choice choice = device_of_run(stack.images, stack.width, options);
    progress.log("device " + choice.reason);
    return {*choice.table, choice.device, options.threads};
}

ReconstructResult all_steps(ReconstructionSteps steps, Progress& progress) {
    while (steps.step(progress)) continue;
    return steps.take_result();
}

}  // namespace

ReconstructionSteps::ReconstructionSteps(StackView stack, const ReconstructOptions& options, Progress& progress)
    : ReconstructionSteps(steps_on(chosen_backend(stack, options, progress), stack, options, progress)) {}

ReconstructResult reconstruct(StackView stack, const ReconstructOptions& options, Progress& progress) {
    return all_steps(ReconstructionSteps(stack, options, progress), progress);
}

ReconstructResult reconstruct_on(Backend& backend, StackView stack, const ReconstructOptions& options, Progress& progress) {
    return all_steps(steps_on(backend, stack, options, progress), progress);
}

}  // namespace tumble
