#include "runtime/device.hpp"

#include <string>

#include "backend/operations.hpp"
#include "runtime/device_guard.hpp"

namespace tumble::cuda {
namespace {

int attribute(cudaDeviceAttr which, int device, const char* name) {
    int value = 0;
    check(cudaDeviceGetAttribute(&value, which, device), std::string("cudaDeviceGetAttribute of ") + name);
    return value;
}

}  // namespace

Device::Device(int number) : number_(number) {
    const DeviceGuard guard(number);
    limits_.multiprocessors = attribute(cudaDevAttrMultiProcessorCount, number, "multiprocessors");
    limits_.shared_bytes_a_block = attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin, number, "shared memory");
    limits_.major = attribute(cudaDevAttrComputeCapabilityMajor, number, "compute capability");
    limits_.minor = attribute(cudaDevAttrComputeCapabilityMinor, number, "compute capability");
    if (limits_.major < 8)
        throw DeviceError(backend::status_device, "device " + std::to_string(number) + " has compute capability " +
                                                      std::to_string(limits_.major) + "." + std::to_string(limits_.minor) +
                                                      ", expected at least 8.0");
    std::size_t free = 0;
    check(cudaMemGetInfo(&free, &limits_.total_bytes), "cudaMemGetInfo");
    pooled_ = attribute(cudaDevAttrMemoryPoolsSupported, number, "memory pools") != 0;
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
}

Device::~Device() {
    try {
        const DeviceGuard guard(number_);
        swallow(cudaStreamSynchronize(stream_));
        swallow(cudaStreamDestroy(stream_));
    } catch (const DeviceError&) {  // the device is gone, and its stream with it
    }
}

void* Device::allocate(std::size_t bytes, const char* what) {
    if (bytes == 0) return nullptr;
    void* memory = nullptr;
    const cudaError_t code = pooled_ ? cudaMallocAsync(&memory, bytes, stream_) : cudaMalloc(&memory, bytes);
    if (code != cudaSuccess)
        check(code, std::string("device memory of ") + std::to_string(bytes) + " bytes for " + what + " (" +
                        std::to_string(free_bytes()) + " of " + std::to_string(limits_.total_bytes) + " free)");
    return memory;
}

void Device::release(void* memory) noexcept {
    if (memory) swallow(pooled_ ? cudaFreeAsync(memory, stream_) : cudaFree(memory));
}

void Device::synchronize(const char* what) const {
    check(cudaStreamSynchronize(stream_), what);
}

std::size_t Device::free_bytes() const {
    std::size_t free = 0, total = 0;
    swallow(cudaMemGetInfo(&free, &total));
    return free;
}

DeviceMemory Device::memory() const {
    return memory_of_device(number_, pooled_);
}

DeviceMemory memory_of_device(int number, bool pooled) {
    std::size_t free = 0, total = 0;
    check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
    std::uint64_t reserved = 0, used = 0;
    if (pooled) {
        cudaMemPool_t pool = nullptr;
        check(cudaDeviceGetMemPool(&pool, number), "cudaDeviceGetMemPool");
        check(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrReservedMemCurrent, &reserved), "cudaMemPoolGetAttribute");
        check(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, &used), "cudaMemPoolGetAttribute");
    }
    return {(Bytes(free) + (Bytes(reserved) - used)).count(), total};
}

DeviceCount usable_devices() noexcept {
    int count = 0;  // left untouched without a driver
    const cudaError_t code = cudaGetDeviceCount(&count);
    swallow(code);
    return {code == cudaSuccess ? count : 0, code};
}

}  // namespace tumble::cuda
