#pragma once
// The dynamic shared memory of a block, behind one wrapper so that the emulated device (tests/emulation) can watch over it.
// Kernels take all their shared memory this way; its size is part of the launch.
#include <cuda_runtime.h>

namespace tumble::cuda {

template <class T>
__device__ inline T* shared_memory() {
#if defined(TUMBLE_EMULATED_DEVICE)
    return static_cast<T*>(emulation::shared_memory());
#else
    extern __shared__ float4 sm_of_the_block[];
    return reinterpret_cast<T*>(sm_of_the_block);
#endif
}

}  // namespace tumble::cuda
