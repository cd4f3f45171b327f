#pragma once
// What the search is measured against: the machine's multiply-add peak, and the literal correlation
// vectorised by hand.

namespace tumble {

/// Floats of one ring of split harmonics: 144 real parts, then 144 imaginary ones (orders beyond 128 are
/// zero).
constexpr int split_ring = 288;

namespace portable {
/// Runs `rounds` rounds of independent multiply-adds; returns the number of operations done. `sink` keeps the
/// result.
double multiply_add_peak(long rounds, float* sink);
/// Sums over the rings of a conj(b), 129 orders, to sums as 129 interleaved complex values.
void multiply_split_rings(const float* a, const float* b, int rings, float* sums);
}  // namespace portable
namespace avx2 {
double multiply_add_peak(long rounds, float* sink);
void multiply_split_rings(const float* a, const float* b, int rings, float* sums);
}  // namespace avx2
namespace avx512 {
double multiply_add_peak(long rounds, float* sink);
void multiply_split_rings(const float* a, const float* b, int rings, float* sums);
}  // namespace avx512
}  // namespace tumble
