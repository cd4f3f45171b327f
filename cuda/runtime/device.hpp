#pragma once
// One device as a context uses it: its stream, its memory, its limits.
#include <cstddef>
#include <cstdint>

#include "runtime/check.hpp"
#include "runtime/memory_plan.hpp"

namespace tumble::cuda {

struct DeviceLimits {
    int multiprocessors = 0;
    int shared_bytes_a_block = 0;  ///< with opting in
    int major = 0, minor = 0;      ///< compute capability
    std::size_t total_bytes = 0;
};

/// Work is ordered on one stream of its own. Memory is allocated in the order of that stream from the device's pool where
/// there is one, so that freeing does not wait. One thread at a time; to be used with the device current (DeviceGuard).
class Device {
  public:
    explicit Device(int number);
    ~Device();
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;

    int number() const { return number_; }
    cudaStream_t stream() const { return stream_; }
    const DeviceLimits& limits() const { return limits_; }

    /// Null for 0 bytes. Throws DeviceError with the size, what is free and `what` it was for.
    void* allocate(std::size_t bytes, const char* what);
    void release(void* memory) noexcept;
    /// Waits for the stream; throws what its work has come to.
    void synchronize(const char* what) const;
    std::size_t free_bytes() const;
    /// For plans: free memory is the device's and what its pool holds unused.
    DeviceMemory memory() const;

  private:
    int number_;
    cudaStream_t stream_ = nullptr;
    bool pooled_ = false;
    DeviceLimits limits_;
};

/// Of the device that is current, which is number `number`. pooled: it has a pool that our memory comes from.
DeviceMemory memory_of_device(int number, bool pooled);

/// Devices that this build has code for and the driver can use; 0 with a reason where there are none. Never throws.
struct DeviceCount {
    int devices = 0;
    cudaError_t reason = cudaSuccess;
};
DeviceCount usable_devices() noexcept;

}  // namespace tumble::cuda
