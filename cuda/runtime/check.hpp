#pragma once
// Every call of the CUDA runtime and of cuFFT goes through check(), in all build types.
#include <cuda_runtime_api.h>
#include <cufft.h>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace tumble::cuda {

/// A call that failed. `status` is the seam's (backend/operations.hpp).
class DeviceError : public std::runtime_error {
  public:
    DeviceError(std::int32_t status, const std::string& sentence) : std::runtime_error(sentence), status_(status) {}
    std::int32_t status() const { return status_; }

  private:
    std::int32_t status_;
};

/// Throws DeviceError unless the call succeeded; `what` names the call and its sizes ("cudaMalloc of 96 bytes").
void check(cudaError_t code, const std::string& what);
void check(cufftResult code, const std::string& what);

/// For destructors, which cannot throw: takes an error off the runtime's record, so that no later call inherits it.
void swallow(cudaError_t code) noexcept;

}  // namespace tumble::cuda
