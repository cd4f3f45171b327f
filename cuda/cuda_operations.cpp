// The module's one exported symbol: the table of the CUDA side (src/backend/loader.cpp finds it).
#include <algorithm>
#include <cstring>
#include <memory>

#include "context.hpp"
#include "entries.hpp"

namespace tumble::cuda {
namespace {

std::int32_t device_count(std::int32_t* count) {
    const DeviceCount found = usable_devices();
    *count = found.devices;
    return found.reason == cudaSuccess ? status_good : status_device;
}

std::int32_t device_describe(std::int32_t number, DeviceDescription* out) {
    *out = {};
    std::string ignored;
    return caught(ignored, [&] {
        const DeviceGuard guard(number);
        cudaDeviceProp properties{};
        check(cudaGetDeviceProperties(&properties, number), "cudaGetDeviceProperties");
        const std::string name = properties.name;
        std::memcpy(out->name, name.data(), std::min(name.size(), sizeof out->name - 1));
        std::size_t free = 0, total = 0;
        check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
        out->total_bytes = total;
        out->free_bytes = free;
        out->major = properties.major;
        out->minor = properties.minor;
        out->multiprocessors = properties.multiProcessorCount;
    });
}

std::int32_t plan_run(std::int32_t number, const RunSizes* sizes, RunPlan* out) {
    *out = {};
    std::string ignored;
    return caught(ignored, [&] {
        const DeviceGuard guard(number);
        int pooled = 0;
        check(cudaDeviceGetAttribute(&pooled, cudaDevAttrMemoryPoolsSupported, number), "cudaDeviceGetAttribute of memory pools");
        *out = plan_run(memory_of_device(number, pooled != 0), *sizes);
    });
}

std::int32_t context_create(const ContextArguments* a, Context** out) {
    *out = nullptr;
    std::string error;
    const std::int32_t status = caught(error, [&] {
        const DeviceCount found = usable_devices();
        if (a->device < 0 || a->device >= found.devices)
            throw DeviceError(status_device, "device " + std::to_string(a->device) + " was asked for, and the CUDA driver offers " +
                                                 std::to_string(found.devices) + " (" + cudaGetErrorString(found.reason) + ")");
        const DeviceGuard guard(a->device);
        *out = reinterpret_cast<Context*>(std::make_unique<CudaContext>(a->device).release());
    });
    if (status != status_good && a->error && a->error_capacity > 0) {
        const auto length = std::min(error.size(), static_cast<std::size_t>(a->error_capacity) - 1);
        std::memcpy(a->error, error.data(), length);
        a->error[length] = 0;
    }
    return status;
}

void context_destroy(Context* context) {
    if (context) delete &behind(context);
}

const char* error_text(const Context* context) {
    return behind(context).error.c_str();
}

Operations filled() {
    Operations table{};
    table.struct_size = sizeof(Operations);
    table.abi_version = abi_version;
    table.name = "cuda";
    table.description = "NVIDIA device by CUDA";
    table.device_count = device_count;
    table.context_create = context_create;
    table.context_destroy = context_destroy;
    table.error_text = error_text;
    table.images_create = images_create;
    table.images_destroy = images_destroy;
    table.transform_create = transform_create;
    table.transform_destroy = transform_destroy;
    table.sample_slices = sample_slices;
    table.score_poses = score_poses;
    table.polish_poses = polish_poses;
    table.polish_shifts = polish_shifts;
    table.equations_create = equations_create;
    table.equations_destroy = equations_destroy;
    table.equations_accumulate = equations_accumulate;
    table.equations_add = equations_add;
    table.equations_subtract = equations_subtract;
    table.solve = solve;
    table.search_create = search_create;
    table.search_destroy = search_destroy;
    table.rows_create = rows_create;
    table.rows_destroy = rows_destroy;
    table.score_pairs = score_pairs;
    table.score_curves = score_curves;
    table.best_pairs = best_pairs;
    table.soft_pairs = soft_pairs;
    table.hill_climb = hill_climb;
    table.device_describe = device_describe;
    table.plan_run = plan_run;
    table.profile_sums = profile_sums;
    table.atom_gradients = atom_gradients;
    table.overlap_sums = overlap_sums;
    table.copy_bytes = copy_bytes;
    table.image_means = image_means;
    table.images_prepare = images_prepare;
    table.images_set_weights = images_set_weights;
    table.images_negate = images_negate;
    table.equations_accumulate_shares = equations_accumulate_shares;
    return table;
}

}  // namespace
}  // namespace tumble::cuda

extern "C" __attribute__((visibility("default"))) const tumble::backend::Operations* tumble_backend_operations() {
    static const tumble::backend::Operations table = tumble::cuda::filled();
    return &table;
}
