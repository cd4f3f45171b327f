#pragma once
// The caller's current device is as it was after every entry of the table.
#include "runtime/check.hpp"

namespace tumble::cuda {

class DeviceGuard {
  public:
    explicit DeviceGuard(int device) {
        check(cudaGetDevice(&before_), "cudaGetDevice");
        if (before_ != device) check(cudaSetDevice(device), "cudaSetDevice of device " + std::to_string(device));
        changed_ = before_ != device;
    }
    ~DeviceGuard() {
        if (changed_) swallow(cudaSetDevice(before_));
    }
    DeviceGuard(const DeviceGuard&) = delete;
    DeviceGuard& operator=(const DeviceGuard&) = delete;

  private:
    int before_ = 0;
    bool changed_ = false;
};

}  // namespace tumble::cuda
