#include "runtime/check.hpp"

#include "backend/operations.hpp"

namespace tumble::cuda {
namespace {

const char* name_of(cufftResult code) {
    switch (code) {
        case CUFFT_INVALID_PLAN: return "invalid plan";
        case CUFFT_ALLOC_FAILED: return "no memory for the plan";
        case CUFFT_INVALID_VALUE: return "invalid value";
        case CUFFT_INTERNAL_ERROR: return "internal error";
        case CUFFT_EXEC_FAILED: return "the transform failed on the device";
        case CUFFT_SETUP_FAILED: return "the library could not be initialised";
        case CUFFT_INVALID_SIZE: return "invalid size";
        default: return "no further reason";
    }
}

}  // namespace

void check(cudaError_t code, const std::string& what) {
    if (code == cudaSuccess) return;
    swallow(code);
    std::string sentence = what + " failed: " + cudaGetErrorString(code) + " (CUDA error " + std::to_string(static_cast<int>(code)) + ")";
    if (code == cudaErrorMemoryAllocation) sentence += "; fewer images, a smaller box or the device 'cpu' need less of it";
    throw DeviceError(backend::status_device, sentence);
}

void check(cufftResult code, const std::string& what) {
    if (code == CUFFT_SUCCESS) return;
    throw DeviceError(backend::status_device,
                      what + " failed: " + name_of(code) + " (cuFFT error " + std::to_string(static_cast<int>(code)) + ")");
}

void swallow(cudaError_t code) noexcept {
    if (code != cudaSuccess) static_cast<void>(cudaGetLastError());
}

}  // namespace tumble::cuda
