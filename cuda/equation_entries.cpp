#include <algorithm>
#include <functional>
#include <thread>
#include <vector>

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

/// How the poses are cut to the device's memory. Throws where not even one at a time fits.
InsertionForm form_of(const Device& device, const DeviceImages& images, std::int64_t poses, const AccumulateArguments& a) {
    InsertionForm form;
    const int box = images.box;
    if (box < 8) return form;  // refused later
    const std::int64_t points = a.last_point - a.first_point;
    const DeviceMemory memory = device.memory();
    const Cut cut = insertion_cut(memory, {poses, points, box, padded_side_of(box, a.padding_factor),
                                           padded_side_of(2 * std::int64_t{box}, a.padding_factor), a.window_width});
    require(memory, cut.take.least, "the insertion of " + std::to_string(poses) + " poses into box " + std::to_string(box));
    form.samples_a_batch = cut.at_once * points;
    return form;
}

void take_in(Device& device, DeviceEquations&& fresh, DeviceEquations& into) {
    if (into.right_side.empty() && into.box == fresh.box) into = std::move(fresh);
    else add_equations(device, into, fresh, 1);
    device.synchronize("insertion");
}

void require_good(std::int32_t status, const Context* context) {
    if (status == status_good) return;
    const std::string device = "cuda:" + std::to_string(behind(context).device.number()) + ": ";
    throw DeviceError(status, (status < status_memory ? "" : device) + behind(context).error);
}

/// The insertion of images that several devices hold. Each device sums its own in its own thread, on grids of the same scale;
/// what is added up are whole numbers, so the division of the images changes no bit. The sums go through the host, to the
/// device of the equations, which does the rest.
class SharedInsertion {
  public:
    SharedInsertion(Context* context, std::span<const ImageShare> shares, const AccumulateArguments& a)
        : context_(context), shares_(shares), arguments_(a), placed_(shares.size()), forms_(shares.size()), sums_(shares.size()) {
        for (const ImageShare& share : shares)
            if (behind(share.images).box != behind(shares[0].images).box)
                refuse("insertion: found shares of images of box " + std::to_string(behind(share.images).box) + " and " +
                       std::to_string(behind(shares[0].images).box) + ", expected one box");
        grids_ = insertion_grids(behind(shares[0].images).box, {a.window_width, a.window_padding}, a.padding_factor);
    }
    /// What lies on a device is freed with that device current.
    ~SharedInsertion() {
        for (std::size_t i = 0; i < shares_.size(); i++) {
            std::string ignored;
            static_cast<void>(caught(ignored, [&] {
                const DeviceGuard guard(behind(shares_[i].context).device.number());
                placed_[i] = {};
                sums_[i] = {};
            }));
        }
    }
    SharedInsertion(const SharedInsertion&) = delete;
    SharedInsertion& operator=(const SharedInsertion&) = delete;

    DeviceEquations equations() {
        on_each([&](std::size_t i, Device& device) { place(i, device); });
        const FixedPointScales scales = fixed_point_scales(placed_);
        DeviceEquations out;
        out.box = grids_.box;
        out.right_side = part(data_sums, right_side_of, scales.data);
        out.kernel = part(weight_sums, kernel_of, scales.weights);
        return out;
    }

  private:
    using Sum = FixedPointGrid (*)(Device&, const PlacedImages&, const InsertionGrids&, float, const InsertionForm&);
    using Finish = DeviceBuffer<float> (*)(Device&, FixedPointGrid, const InsertionGrids&, float);

    void place(std::size_t i, Device& device) {
        const ImageShare& share = shares_[i];
        AccumulateArguments of_share = arguments_;
        of_share.poses = share.poses;
        of_share.count = share.count;
        require_poses(behind(share.images), of_share);
        forms_[i] = form_of(device, behind(share.images), share.count, arguments_);
        placed_[i] = placed(device, behind(share.images), {share.poses, static_cast<std::size_t>(share.count)}, arguments_.first_point,
                            arguments_.last_point);
    }
    DeviceBuffer<float> part(Sum sum, Finish finish, float scale) {
        const bool alone = shares_.size() == 1 && shares_[0].context == context_;
        std::vector<std::vector<unsigned long long>> on_host(shares_.size());
        on_each([&](std::size_t i, Device& device) {
            sums_[i] = sum(device, placed_[i], grids_, scale, forms_[i]);
            if (alone) return;
            on_host[i].resize(sums_[i].size());
            copy_to_host(device, sums_[i].data(), sums_[i].size(), on_host[i].data());
            device.synchronize("insertion");
            if (shares_[i].context != context_) sums_[i] = {};
        });
        for (std::size_t i = 1; i < on_host.size(); i++) {
            std::transform(on_host[0].begin(), on_host[0].end(), on_host[i].begin(), on_host[0].begin(), std::plus<>());
            on_host[i] = {};
        }
        DeviceBuffer<float> out;
        const std::int32_t status = on_device(context_, [&](Device& device) {
            FixedPointGrid total;
            for (std::size_t i = 0; i < shares_.size(); i++)
                if (shares_[i].context == context_) total = std::move(sums_[i]);
            if (total.empty()) total = FixedPointGrid(device, on_host[0].size(), "the grid of the insertion");
            copy_to_device(device, on_host[0].data(), on_host[0].size(), total.data());
            out = finish(device, std::move(total), grids_, scale);
        });
        require_good(status, context_);
        return out;
    }
    /// body(share, device) in a thread for each share. All have ended at return; the failure of the first one is thrown.
    void on_each(const std::function<void(std::size_t, Device&)>& body) {
        std::vector<std::int32_t> status(shares_.size(), status_good);
        {
            std::vector<std::jthread> threads;
            for (std::size_t i = 0; i < shares_.size(); i++)
                threads.emplace_back([&, i] { status[i] = on_device(shares_[i].context, [&](Device& device) { body(i, device); }); });
        }
        for (std::size_t i = 0; i < shares_.size(); i++) require_good(status[i], shares_[i].context);
    }

    Context* context_;
    std::span<const ImageShare> shares_;
    const AccumulateArguments& arguments_;
    InsertionGrids grids_;
    std::vector<PlacedImages> placed_;
    std::vector<InsertionForm> forms_;
    std::vector<FixedPointGrid> sums_;
};

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
        const InsertionForm form = form_of(device, behind(images), a->count, *a);
        DeviceEquations fresh = accumulate(device, behind(images), std::span(a->poses, static_cast<std::size_t>(a->count)), a->first_point,
                                           a->last_point, {a->window_width, a->window_padding}, a->padding_factor, form);
        take_in(device, std::move(fresh), behind(equations));
    });
}

std::int32_t equations_accumulate_shares(Context* context, Equations* equations, const ImageShare* shares, std::int64_t share_count,
                                         const AccumulateArguments* a) {
    std::string sentence;
    const std::int32_t status = caught(sentence, [&] {
        require_good(on_device_from_host(context, a, [](Device&) {}), context);
        const DeviceGuard guard(behind(context).device.number());
        if (share_count < 1) refuse("insertion: found no shares of images, expected at least one");
        SharedInsertion insertion(context, {shares, static_cast<std::size_t>(share_count)}, *a);
        DeviceEquations fresh = insertion.equations();
        require_good(on_device(context, [&](Device& device) { take_in(device, std::move(fresh), behind(equations)); }), context);
    });
    if (status != status_good) behind(context).error = sentence;
    return status;
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
