// A backend module that computes nothing, for the loader's tests: the macro says what is wrong with it.
#include "backend/operations.hpp"

using namespace tumble::backend;

namespace {

std::int32_t nothing() {
    return status_device;
}
std::int32_t devices(std::int32_t* count) {
    *count = 1;
    return status_good;
}

/// Every pointer of the table, from device_count to the end, is `nothing`.
Operations made() {
    Operations table{};
    table.struct_size = sizeof(Operations);
    table.abi_version = abi_version;
    table.name = "test";
    table.description = "a module of the tests";
    using Function = std::int32_t (*)();
    constexpr std::size_t first = offsetof(Operations, device_count);
    for (std::size_t at = first; at < sizeof(Operations); at += sizeof(Function)) {
        const Function function = nothing;
        __builtin_memcpy(reinterpret_cast<unsigned char*>(&table) + at, &function, sizeof function);
    }
    table.device_count = devices;
#if defined(TEST_MODULE_other_abi)
    table.abi_version = abi_version + 41;
#elif defined(TEST_MODULE_without_operations)
    table.solve = nullptr;
#elif defined(TEST_MODULE_without_devices)
    table.device_count = [](std::int32_t*) -> std::int32_t { return 435; };
#endif
    return table;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const Operations* tumble_backend_operations() {
    static const Operations table = made();
    return &table;
}
