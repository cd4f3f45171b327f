#include "array_access.hpp"
#include "callback_progress.hpp"
#include "handles.hpp"
#include "result.hpp"

using namespace tumble::c_interface;

namespace {

/// The poses and the map of a run as they stand.
void lend_present(tumble_run& run) {
    run.arrays = {};
    std::vector<double> weights, rotations, shifts;
    std::vector<std::int32_t> images;
    for (const auto& p : run.steps.poses()) {
        images.push_back(static_cast<std::int32_t>(p.image));
        weights.push_back(static_cast<double>(p.weight));
        rotations.insert(rotations.end(), p.pose.rotation.m.begin(), p.pose.rotation.m.end());
        shifts.insert(shifts.end(), {p.pose.shift_A.x, p.pose.shift_A.y});
    }
    const auto count = static_cast<std::int64_t>(images.size());
    run.arrays.keep("image", std::move(images));
    run.arrays.keep("weight", {count}, std::move(weights));
    run.arrays.keep("rotations", {count, 3, 3}, std::move(rotations));
    run.arrays.keep("shifts", {count, 2}, std::move(shifts));
    lend_map(run.arrays, "map", run.steps.map());
}

}  // namespace

extern "C" {

tumble_status tumble_plan_query(const tumble_array* images, const tumble_options* options, tumble_plan* plan) {
    return guarded(nullptr, [&] {
        require_array(images, "images", any_stack);
        require_struct_size(required(plan, "plan").struct_size, sizeof(tumble_plan), "plan");
        const auto p = tumble::plan_reconstruction(images->shape[0], images->shape[1], images->shape[2], required(options, "options").values);
        *plan = {sizeof(tumble_plan), p.box, p.memory_bytes, p.time_s};
    });
}

tumble_status tumble_reconstruct(tumble_context* context, const tumble_array* images, const tumble_options* options,
                                 tumble_result** result) {
    return handed_out(result, "result", error_of(context), [&] {
        required(context, "context");
        const FloatStack stack(images, "images");
        CallbackProgress progress(context);
        auto values = tumble::reconstruct(stack.view(), required(options, "options").values, progress);
        return gathered(values, context->allocator);
    });
}

tumble_status tumble_run_create(tumble_context* context, const tumble_array* images, const tumble_options* options, tumble_run** run) {
    return handed_out(run, "run", error_of(context), [&] {
        required(context, "context");
        const FloatStack stack(images, "images");
        CallbackProgress progress(context);
        auto made = std::make_unique<tumble_run>(tumble_run{tumble::ReconstructionSteps(stack.view(), required(options, "options").values, progress), {}, context->allocator, {}});
        lend_present(*made);
        return made;
    });
}

void tumble_run_destroy(tumble_run* run) { take_back(run); }

tumble_status tumble_run_step(tumble_context* context, tumble_run* run, int32_t* steps_left) {
    return guarded(error_of(context), [&] {
        required(context, "context");
        CallbackProgress progress(context);
        const bool left = required(run, "run").steps.step(progress);
        lend_present(*run);
        if (steps_left) *steps_left = left;
    });
}

tumble_status tumble_run_number(const tumble_run* run, const char* name, double* value) {
    return guarded(nullptr, [&] {
        const auto& steps = required(run, "run").steps;
        const std::map<std::string, double> numbers{{"moved", steps.moved()},
                                                    {"explained", steps.explained()},
                                                    {"rounds", steps.rounds_done()},
                                                    {"box", steps.map().box},
                                                    {"voxel_A", steps.map().voxel_A}};
        required(value, "value") = number_named(numbers, "the run", name);
    });
}

const char* tumble_run_stage(const tumble_run* run) { return run ? tumble::name_of(run->steps.stage()) : nullptr; }

tumble_status tumble_run_array(const tumble_run* run, const char* name, tumble_array* array) {
    return guarded(nullptr, [&] { required(run, "run").arrays.describe("the run", name, array); });
}

tumble_status tumble_run_save(const tumble_run* run, const char* path) {
    return guarded(nullptr, [&] { required(run, "run").steps.save(&required(path, "path")); });
}

tumble_status tumble_run_take_result(tumble_run* run, tumble_result** result) {
    return handed_out(result, "result", nullptr, [&] {
        tumble_run& r = required(run, "run");
        if (!r.taken) r.taken = r.steps.take_result();
        auto gathered_result = gathered(*r.taken, r.allocator);
        r.taken.reset();
        return gathered_result;
    });
}

}  // extern "C"
