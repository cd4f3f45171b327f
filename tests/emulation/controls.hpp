#pragma once
// What tests ask of the emulated device. A module of its own (tumble_cuda.so) exports one function for it; a test that loaded
// the module finds the same device with controls_of(path).
#include <dlfcn.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace emulation {

enum class Order { forward, reversed, seeded };
/// What can be made to fail. `driver`: cudaGetDeviceCount says that the driver is too old (35).
enum class Failing { allocation, launch, copy, plan, transform, stream, kernel, driver };

struct Live {
    long allocations, host_allocations, streams, events, plans;
    std::size_t bytes;  ///< of the allocations in device memory
    long graphs;        ///< and executable ones
};

/// Any thread, but not while kernels run in another. Orders and failures hold for all devices.
struct Controls {
    /// Order in which the threads of a block run between barriers, and the blocks of a grid. Environment at loading:
    /// TUMBLE_EMULATION_ORDER = forward | reversed | seeded:N.
    void (*set_order)(Order order, std::uint64_t seed);
    /// The n-th from now fails, n = 1, 2, ..; once, with CUDA's number: out of memory (allocation), an invalid value (copy), too
    /// many resources (launch), CUFFT_ALLOC_FAILED (plan), CUFFT_EXEC_FAILED (transform), out of memory (stream), an illegal
    /// address (kernel: it stays with the device until reset()). `driver`: n = 1 to n = 0. n = 0 takes it back.
    void (*fail)(Failing what, long n);
    /// Sentence of the last fault that the emulation found by itself; empty after reset().
    const char* (*last_fault)();
    Live (*live)();
    /// Forgets faults, planned failures and errors that stay; devices, memory, what is taken and order as at loading. Live memory stays.
    void (*reset)();
    /// 0 to 8 devices of so many bytes.
    void (*set_devices)(int devices, std::size_t bytes);
    /// Since loading.
    std::uint64_t (*kernel_launches)();
    /// Bytes of every device that somebody else holds. The pools give back what they do not use.
    void (*set_taken)(std::size_t bytes);
    /// The most bytes that a device has had allocated since the last call, which counts from now on.
    std::size_t (*peak_bytes)(int device);
    /// From now on every call that can fail (but not of `driver`) asks first, with a number that stands for the place in the
    /// program that it comes from, and fails as above if the answer is true. No lock is held: the answer may come from a
    /// forked process. Null: no more questions.
    void (*ask)(bool (*fails)(Failing what, std::uint64_t place));
};

/// A program that uses the same device as the module: its own memory and streams there. Apart from the controls, and in an order
/// that stays, for callers that cannot read this header (capi/python/tests).
struct Caller {
    void* (*allocate)(int device, std::size_t bytes);  ///< null where there is no room
    void (*release)(void* memory);
    /// cudaMemcpyAsync: a copy to the host arrives when `stream` (null: the default stream) is waited for. false: an error.
    bool (*copy)(void* to, const void* from, std::size_t bytes, void* stream);
    void* (*create_stream)(int device);
    void (*destroy_stream)(void* stream);
};

inline const char* order_name(Order order) {
    return order == Order::forward ? "forward" : order == Order::reversed ? "reversed" : "seeded";
}

}  // namespace emulation

extern "C" const emulation::Controls* tumble_emulation_controls();
extern "C" const emulation::Caller* tumble_emulation_caller();

namespace emulation {

/// What the function of that name in the module hands out. The module stays loaded.
template <class Table>
const Table& table_of(const std::string& module_path, const char* function) {
    void* module = dlopen(module_path.c_str(), RTLD_NOW | RTLD_LOCAL);
    void* found = module ? dlsym(module, function) : nullptr;
    if (!found) throw std::runtime_error(module_path + ": is no module for the emulated device");
    return *reinterpret_cast<const Table* (*)()>(found)();
}
inline const Controls& controls_of(const std::string& module_path) {
    return table_of<Controls>(module_path, "tumble_emulation_controls");
}
inline const Caller& caller_of(const std::string& module_path) {
    return table_of<Caller>(module_path, "tumble_emulation_caller");
}

}  // namespace emulation
