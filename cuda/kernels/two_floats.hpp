#pragma once
// Long sums in float32: the sum and what its additions have rounded away, to about 48 bits.
#include <cuda_runtime.h>

namespace tumble::cuda {

/// sum.x + sum.y is the value; the error of each addition to x is exact (Knuth's two-sum) and kept in y.
__device__ inline void add_to(float2& sum, float value) {
    const float total = sum.x + value, part = total - sum.x;
    sum.y += (sum.x - (total - part)) + (value - part);
    sum.x = total;
}

}  // namespace tumble::cuda
