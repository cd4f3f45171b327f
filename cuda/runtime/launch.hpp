#pragma once
// The one way to start a kernel.
#include <cuda_runtime.h>

#include <cstdint>
#include <string>
#include <type_traits>

#include "runtime/device.hpp"

namespace tumble::cuda {

struct LaunchShape {
    dim3 grid, block;
    std::size_t shared_bytes = 0;
};

/// Enough blocks of `threads` for `items`, one item a thread; kernels stride over the grid, so it is cut off at the limit of
/// the hardware.
inline LaunchShape one_thread_each(std::int64_t items, int threads) {
    const std::int64_t blocks = (items + threads - 1) / threads, most = 0x7fffffff;
    return {dim3(static_cast<unsigned>(blocks < 1 ? 1 : blocks < most ? blocks : most)), dim3(static_cast<unsigned>(threads)), 0};
}

/// Starts `kernel` on the device's stream and looks at the error of the start. The arguments are converted to the kernel's
/// parameters, so that a wrong type does not compile. Blocks that want more than 48 KiB of shared memory are granted it here.
template <class... Parameters, class... Arguments>
void launch(Device& device, const char* name, void (*kernel)(Parameters...), const LaunchShape& shape, Arguments&&... arguments) {
    static_assert(sizeof...(Parameters) == sizeof...(Arguments), "a kernel is given the wrong number of arguments");
    constexpr std::size_t granted_to_all = 48 * 1024;
    const auto what = [&] {
        return std::string("start of kernel ") + name + " with " + std::to_string(shape.grid.x) + " x " + std::to_string(shape.grid.y) +
               " x " + std::to_string(shape.grid.z) + " blocks of " + std::to_string(shape.block.x * shape.block.y * shape.block.z) +
               " threads and " + std::to_string(shape.shared_bytes) + " bytes of shared memory";
    };
    if (shape.shared_bytes > granted_to_all)
        check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shape.shared_bytes)), what());
    const auto start = [&](std::remove_cv_t<Parameters>... values) {
        void* pointers[] = {static_cast<void*>(&values)..., nullptr};
        return cudaLaunchKernel(kernel, shape.grid, shape.block, pointers, shape.shared_bytes, device.stream());
    };
    const cudaError_t code = start(static_cast<Arguments&&>(arguments)...);
    if (code != cudaSuccess) check(code, what());
}

}  // namespace tumble::cuda
