#pragma once
// Owner of an array in device memory.
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "runtime/device.hpp"

namespace tumble::cuda {

/// Move-only. Allocated and freed in the order of its device's stream; must not outlive the device.
template <class T>
class DeviceBuffer {
    static_assert(std::is_trivially_copyable_v<T>);

  public:
    DeviceBuffer() = default;
    /// `what`: a word for error messages ("polar samples").
    DeviceBuffer(Device& device, std::size_t size, const char* what)
        : device_(&device), data_(static_cast<T*>(device.allocate(size * sizeof(T), what))), size_(size) {}
    ~DeviceBuffer() {
        if (device_) device_->release(data_);
    }
    DeviceBuffer(DeviceBuffer&& other) noexcept
        : device_(std::exchange(other.device_, nullptr)), data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
        std::swap(device_, other.device_);
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }

    T* data() { return data_; }
    const T* data() const { return data_; }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }

  private:
    Device* device_ = nullptr;
    T* data_ = nullptr;
    std::size_t size_ = 0;
};

/// Copies in the order of the stream. From pageable memory the source may be reused at return; to pageable memory the copy is
/// complete only after Device::synchronize.
template <class T>
void copy_to_device(cudaStream_t stream, const T* from, std::size_t count, T* to) {
    if (count > 0)
        check(cudaMemcpyAsync(to, from, count * sizeof(T), cudaMemcpyHostToDevice, stream),
              "copy of " + std::to_string(count * sizeof(T)) + " bytes to the device");
}
template <class T>
void copy_to_device(Device& device, const T* from, std::size_t count, T* to) {
    copy_to_device(device.stream(), from, count, to);
}
template <class T>
void copy_to_host(cudaStream_t stream, const T* from, std::size_t count, T* to) {
    if (count > 0)
        check(cudaMemcpyAsync(to, from, count * sizeof(T), cudaMemcpyDeviceToHost, stream),
              "copy of " + std::to_string(count * sizeof(T)) + " bytes to the host");
}
template <class T>
void copy_to_host(Device& device, const T* from, std::size_t count, T* to) {
    copy_to_host(device.stream(), from, count, to);
}
template <class T>
void copy_on_device(Device& device, const T* from, std::size_t count, T* to) {
    if (count > 0)
        check(cudaMemcpyAsync(to, from, count * sizeof(T), cudaMemcpyDeviceToDevice, device.stream()),
              "copy of " + std::to_string(count * sizeof(T)) + " bytes on the device");
}
/// All bytes 0.
template <class T>
void clear(Device& device, DeviceBuffer<T>& buffer) {
    if (!buffer.empty())
        check(cudaMemsetAsync(buffer.data(), 0, buffer.size() * sizeof(T), device.stream()),
              "cudaMemsetAsync of " + std::to_string(buffer.size() * sizeof(T)) + " bytes");
}

/// A device copy of a host array.
template <class T>
DeviceBuffer<T> to_device(Device& device, std::span<const T> values, const char* what) {
    DeviceBuffer<T> out(device, values.size(), what);
    copy_to_device(device, values.data(), values.size(), out.data());
    return out;
}

}  // namespace tumble::cuda
