#pragma once
// Vectors of float lanes for kernel files: GCC and Clang vector extensions, as wide as the instruction set at
// hand. Internal linkage throughout (cmake/TumbleKernels.cmake).
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define TUMBLE_INLINE __attribute__((always_inline)) inline
#define TUMBLE_UNROLL _Pragma("GCC unroll 32")

namespace tumble {
namespace TUMBLE_ISA {
namespace {

/// Rows in a group, hence floats in a row vector in memory, whatever the instruction set.
constexpr int row_width = 16;
#if defined(TUMBLE_ISA_avx512)
constexpr int lanes = 16;
// The unmasked intrinsics of GCC 12 warn of an operand that they leave undefined on purpose.
constexpr __mmask16 all_lanes = 0xffff;
#elif defined(TUMBLE_ISA_avx2)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif
typedef float Vector __attribute__((vector_size(4 * lanes)));

TUMBLE_INLINE Vector load(const float* p) {
    Vector v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}
TUMBLE_INLINE void store(float* p, Vector v) {
    __builtin_memcpy(p, &v, sizeof v);
}
TUMBLE_INLINE Vector broadcast(float x) {
    return x - Vector{};
}

TUMBLE_INLINE Vector maximum(Vector a, Vector b) {
#if defined(TUMBLE_ISA_avx512)
    return _mm512_maskz_max_ps(all_lanes, a, b);
#elif defined(TUMBLE_ISA_avx2)
    return _mm256_max_ps(a, b);
#elif defined(__x86_64__)
    return _mm_max_ps(a, b);
#else
    return a > b ? a : b;
#endif
}

/// Square root to a relative error below 4e-4 (the processor's estimate of 1/sqrt where there is one).
TUMBLE_INLINE Vector rough_square_root(Vector x) {
    const Vector safe = x + 1e-30f;
#if defined(TUMBLE_ISA_avx512)
    return safe * static_cast<Vector>(_mm512_maskz_rsqrt14_ps(all_lanes, safe));
#elif defined(TUMBLE_ISA_avx2)
    return safe * static_cast<Vector>(_mm256_rsqrt_ps(safe));
#elif defined(__x86_64__)
    return _mm_sqrt_ps(safe);
#else
    Vector out;
    for (int i = 0; i < lanes; i++) out[i] = __builtin_sqrtf(safe[i]);
    return out;
#endif
}

/// True if a > b in any lane.
TUMBLE_INLINE bool any_greater(Vector a, Vector b) {
#if defined(TUMBLE_ISA_avx512)
    return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ) != 0;
#elif defined(TUMBLE_ISA_avx2)
    return _mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GT_OQ)) != 0;
#else
    const auto greater = a > b;
    for (int i = 0; i < lanes; i++)
        if (greater[i]) return true;
    return false;
#endif
}

}  // namespace
}  // namespace TUMBLE_ISA
}  // namespace tumble
