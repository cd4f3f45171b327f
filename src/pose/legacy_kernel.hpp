#pragma once
// The ring products of the literal correlation, compiled for each instruction set: plain loops.

namespace tumble {
namespace portable {
/// sums[m] = sum over rings of a conj(b); a, b: [ring][order], interleaved complex.
void multiply_rings(const float* a, const float* b, int rings, int orders, float* sums);
}  // namespace portable
namespace avx2 {
void multiply_rings(const float* a, const float* b, int rings, int orders, float* sums);
}
namespace avx512 {
void multiply_rings(const float* a, const float* b, int rings, int orders, float* sums);
}
}  // namespace tumble
