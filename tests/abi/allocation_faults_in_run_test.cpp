// Memory runs out at every place of a whole reconstruction.
#include "abi/failing_memory.hpp"

namespace {

/// The whole from given poses, in steps.
tumble_status steps(const Case& c) {
    tumble_status made_status = 0;
    const auto context = made<tumble_context>(made_status, tumble_context_create);
    STEP(made_status);
    const auto options = made<tumble_options>(made_status, tumble_options_create);
    STEP(made_status);
    STEP(tumble_options_set_float64(options.get(), "pixel-size", pixel_A));
    STEP(tumble_options_set_text(options.get(), "element", "Pt"));
    STEP(tumble_options_set_int64(options.get(), "threads", 1));
    const PoseColumns poses(c.simulated.poses);
    const auto r = poses.rotation_array(), t = poses.shift_array();
    STEP(tumble_options_set_poses(options.get(), &r, &t));
    const auto stack = array_of(c.simulated.stack.values.data(), TUMBLE_FLOAT32, {images, box, box});
    const auto run = made<tumble_run>(made_status, tumble_run_create, context.get(), &stack, options.get());
    STEP(made_status);
    std::int32_t left = 1;
    while (left) STEP(tumble_run_step(context.get(), run.get(), &left));
    const auto result = made<tumble_result>(made_status, tumble_run_take_result, run.get());
    return made_status;
}

}  // namespace

TEST_CASE("memory runs out at every place of a run in steps") { fail_everywhere(steps); }
