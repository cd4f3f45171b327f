#include "pose/legacy_kernel.hpp"

namespace tumble {
namespace TUMBLE_ISA {

void multiply_rings(const float* a, const float* b, int rings, int orders, float* __restrict sums) {
    for (int m = 0; m < 2 * orders; m++) sums[m] = 0;
    for (int r = 0; r < rings; r++, a += 2 * orders, b += 2 * orders)
        for (int m = 0; m < orders; m++) {
            sums[2 * m] += a[2 * m] * b[2 * m] + a[2 * m + 1] * b[2 * m + 1];
            sums[2 * m + 1] += a[2 * m + 1] * b[2 * m] - a[2 * m] * b[2 * m + 1];
        }
}

}  // namespace TUMBLE_ISA
}  // namespace tumble
