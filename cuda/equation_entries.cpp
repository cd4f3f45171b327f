#include "context.hpp"
#include "entries.hpp"
#include "kernels/density_compensation.hpp"
#include "kernels/insertion.hpp"
#include "resident.hpp"

namespace tumble::cuda {
namespace {

DeviceEquations copy_of(Device& device, const DeviceEquations& from) {
    if (!from.right_side.empty())
        require(device.memory(), equations_take(from.box).least, "normal equations of box " + std::to_string(from.box));
    DeviceEquations out;
    out.box = from.box;
    out.right_side = DeviceBuffer<float>(device, from.right_side.size(), "normal equations");
    out.kernel = DeviceBuffer<float>(device, from.kernel.size(), "normal equations");
    copy_on_device(device, from.right_side.data(), from.right_side.size(), out.right_side.data());
    copy_on_device(device, from.kernel.data(), from.kernel.size(), out.kernel.data());
    return out;
}

void require_poses(const DeviceImages& images, const AccumulateArguments& a) {
    if (a.first_point < 0 || a.last_point < a.first_point || a.last_point > images.points)
        refuse("insertion: found the points " + std::to_string(a.first_point) + " to " + std::to_string(a.last_point) + ", expected a part of " +
               std::to_string(images.points));
    for (std::int64_t i = 0; i < a.count; i++)
        if (a.poses[i].image < 0 || a.poses[i].image >= images.images)
            refuse("insertion: found image " + std::to_string(a.poses[i].image) + ", expected one of " + std::to_string(images.images));
}

}  // namespace

std::int32_t equations_create(Context* context, std::int32_t box, const Equations* from, Equations** out) {
    *out = nullptr;
    return on_device(context, [&](Device& device) {
        DeviceEquations equations;
        if (from) equations = copy_of(device, behind(from));
        else equations.box = box;
        hand_out(out, std::move(equations));
    });
}

void equations_destroy(Context* context, Equations* equations) {
    destroy(context, equations);
}

std::int32_t equations_accumulate(Context* context, Equations* equations, const Images* images, const AccumulateArguments* a) {
    return on_device_from_host(context, a, [&](Device& device) {
        require_poses(behind(images), *a);
        const int box = behind(images).box;
        const std::int64_t points = a->last_point - a->first_point;
        InsertionForm form;
        if (box >= 8) {  // smaller ones are refused below
            const DeviceMemory memory = device.memory();
            const Cut cut = insertion_cut(memory, {a->count, points, box, padded_side_of(box, a->padding_factor),
                                                   padded_side_of(2 * std::int64_t{box}, a->padding_factor), a->window_width});
            require(memory, cut.take.least, "the insertion of " + std::to_string(a->count) + " poses into box " + std::to_string(box));
            form.samples_a_batch = cut.at_once * points;
        }
        DeviceEquations fresh = accumulate(device, behind(images), std::span(a->poses, static_cast<std::size_t>(a->count)), a->first_point,
                                           a->last_point, {a->window_width, a->window_padding}, a->padding_factor, form);
        DeviceEquations& into = behind(equations);
        if (into.right_side.empty() && into.box == fresh.box) into = std::move(fresh);
        else add_equations(device, into, fresh, 1);
        device.synchronize("insertion");
    });
}

std::int32_t equations_add(Context* context, Equations* equations, const Equations* other) {
    return on_device(context, [&](Device& device) {
        DeviceEquations& into = behind(equations);
        if (into.right_side.empty() && into.box == behind(other).box) into = copy_of(device, behind(other));
        else if (!behind(other).right_side.empty()) add_equations(device, into, behind(other), 1);
        device.synchronize("sum of normal equations");
    });
}

std::int32_t equations_subtract(Context* context, Equations* equations, const Equations* other) {
    return on_device(context, [&](Device& device) {
        if (behind(other).right_side.empty()) return;
        if (behind(equations).right_side.empty()) refuse("normal equations without images: nothing can be subtracted");
        add_equations(device, behind(equations), behind(other), -1);
        device.synchronize("difference of normal equations");
    });
}

std::int32_t solve(Context* context, const Equations* equations, const SolveArguments* a) {
    return on_device_from_host(context, a, [&](Device& device) {
        const DeviceEquations& e = behind(equations);
        if (e.right_side.empty()) refuse("normal equations without images: expected at least one image");
        require(device.memory(), solver_take(e.box, a->prior ? a->prior_count : 0, a->mask != nullptr).least,
                "the solution for a map of box " + std::to_string(e.box));
        DeviceSolveProblem problem;
        problem.steps = a->steps;
        problem.tolerance = a->tolerance;
        if (a->prior) problem.prior = {a->prior, static_cast<std::size_t>(a->prior_count)};
        problem.mask = a->mask;
        const DeviceBuffer<float> map = solve(device, e, problem);
        copy_to_host(device, map.data(), map.size(), a->map);
        device.synchronize("copy of the map");
    });
}

}  // namespace tumble::cuda
