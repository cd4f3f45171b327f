#include "runtime/fft_plan.hpp"

namespace tumble::cuda {
namespace {

std::string described(const std::vector<int>& sides, int batch) {
    std::string text = std::to_string(batch) + " transforms of ";
    for (std::size_t i = 0; i < sides.size(); i++) text += (i ? " x " : "") + std::to_string(sides[i]);
    return text;
}

}  // namespace

FftPlan::FftPlan(Device& device, Kind kind, const std::vector<int>& sides, int batch) {
    check(cufftCreate(&plan_), "cufftCreate");
    try {
        check(cufftSetAutoAllocation(plan_, 0), "cufftSetAutoAllocation");
        std::size_t bytes = 0;
        std::vector<long long> lengths(sides.begin(), sides.end());
        check(cufftMakePlanMany64(plan_, static_cast<int>(lengths.size()), lengths.data(), nullptr, 1, 0, nullptr, 1, 0,
                                  kind == Kind::real_to_complex ? CUFFT_R2C : CUFFT_C2R, batch, &bytes),
              "cufftMakePlanMany64 of " + described(sides, batch));
        work_ = DeviceBuffer<unsigned char>(device, bytes, "the work area of a transform");
        if (bytes > 0) check(cufftSetWorkArea(plan_, work_.data()), "cufftSetWorkArea");
        check(cufftSetStream(plan_, device.stream()), "cufftSetStream");
    } catch (...) {
        static_cast<void>(cufftDestroy(plan_));
        throw;
    }
}

FftPlan::~FftPlan() {
    static_cast<void>(cufftDestroy(plan_));
}

void FftPlan::forward(const float* real, float2* complex) const {
    check(cufftExecR2C(plan_, const_cast<float*>(real), reinterpret_cast<cufftComplex*>(complex)), "cufftExecR2C");
}

void FftPlan::inverse(float2* complex, float* real) const {
    check(cufftExecC2R(plan_, reinterpret_cast<cufftComplex*>(complex), real), "cufftExecC2R");
}

}  // namespace tumble::cuda
