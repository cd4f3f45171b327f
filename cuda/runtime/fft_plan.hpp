#pragma once
// Owner of a cuFFT plan. Transforms are unnormalised; complex arrays are pairs (re, im) of float.
#include <cufft.h>

#include <vector>

#include "runtime/device_buffer.hpp"

namespace tumble::cuda {

/// Batches of real transforms of one shape, contiguous and out of place: real [batch][n0][n1].. and half complex
/// [batch][n0]..[n_last / 2 + 1]. Its work area is a buffer of the device like any other.
class FftPlan {
  public:
    enum class Kind { real_to_complex, complex_to_real };
    FftPlan(Device& device, Kind kind, const std::vector<int>& sides, int batch);
    ~FftPlan();
    FftPlan(const FftPlan&) = delete;
    FftPlan& operator=(const FftPlan&) = delete;

    /// The input of an inverse transform is used as scratch memory.
    void forward(const float* real, float2* complex) const;
    void inverse(float2* complex, float* real) const;

  private:
    cufftHandle plan_ = 0;
    DeviceBuffer<unsigned char> work_;
};

}  // namespace tumble::cuda
