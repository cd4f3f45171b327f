#pragma once
// A context of the CUDA side, and the guard that every entry of the table runs in.
#include <exception>
#include <new>
#include <string>

#include "backend/operations.hpp"
#include "runtime/device.hpp"
#include "runtime/device_guard.hpp"
#include "tumble/error.hpp"

namespace tumble::cuda {

struct CudaContext {
    explicit CudaContext(int number) : device(number) {}
    Device device;
    std::string error;  ///< sentence of the last failure
    bool dead = false;  ///< an error of the device that does not go away was met: every later call says so
};

inline CudaContext& behind(backend::Context* context) {
    return *reinterpret_cast<CudaContext*>(context);
}
inline const CudaContext& behind(const backend::Context* context) {
    return *reinterpret_cast<const CudaContext*>(context);
}

/// Runs `body` and turns what it throws into a status, with the sentence in `error`.
template <class Body>
std::int32_t caught(std::string& error, Body&& body) noexcept {
    try {
        body();
        return backend::status_good;
    } catch (const DeviceError& e) {
        error = e.what();
        return e.status();
    } catch (const MemoryShortage& e) {
        error = e.what();
        return backend::status_device;
    } catch (const Error& e) {  // of the functions that both sides share
        error = e.what();
        return e.kind() == ErrorKind::input ? backend::status_input : backend::status_internal;
    } catch (const std::bad_alloc&) {
        error = "out of memory";
        return backend::status_memory;
    } catch (const std::exception& e) {
        error = e.what();
        return backend::status_internal;
    }
}

/// Runs body(device) with the context's device current. An error that another user of the runtime left behind is taken off
/// the record first, so that it is not mistaken for ours.
template <class Body>
std::int32_t on_device(backend::Context* context, Body&& body) {
    CudaContext& c = behind(context);
    if (c.dead) {
        c.error = "the device failed in an earlier call; make a new context";
        return backend::status_device;
    }
    const std::int32_t status = caught(c.error, [&] {
        const DeviceGuard guard(c.device.number());
        swallow(cudaPeekAtLastError());
        body(c.device);
    });
    if (status != backend::status_good) {  // a kernel that failed leaves its error with the device
        const cudaError_t left = cudaStreamQuery(c.device.stream());
        c.dead = left != cudaSuccess && left != cudaErrorNotReady;
        swallow(left);
    }
    return status;
}

/// The same for entries whose argument struct says where its arrays lie: this side reads and writes the host's.
template <class Arguments, class Body>
std::int32_t on_device_from_host(backend::Context* context, const Arguments* arguments, Body&& body) {
    if (arguments->memory != backend::memory_host) {
        behind(context).error = "the CUDA backend was given arrays in memory space " + std::to_string(arguments->memory) +
                                ", expected " + std::to_string(backend::memory_host) + " (host)";
        return backend::status_device;
    }
    return on_device(context, body);
}

[[noreturn]] inline void refuse(const std::string& sentence) {
    throw DeviceError(backend::status_input, sentence);
}

}  // namespace tumble::cuda
