#include "search_baseline_kernel.hpp"

#include "pose/lane_vector.hpp"

namespace tumble {
namespace TUMBLE_ISA {
namespace {

#if defined(TUMBLE_ISA_avx512)
constexpr int chains = 24;
#else
constexpr int chains = 12;
#endif
// Orders held in registers at once, in vectors: all nine of AVX-512, a part of them elsewhere.
constexpr int held = lanes == 16 ? 9 : 6;

}  // namespace

double multiply_add_peak(long rounds, float* sink) {
    Vector sums[chains];
    for (int i = 0; i < chains; i++) sums[i] = broadcast(static_cast<float>(i));
    Vector x = broadcast(sink[0]), y = broadcast(sink[1]);
    for (long n = 0; n < rounds; n++) {
        // Without this the compiler would see that nothing changes from round to round.
        asm volatile("" : "+v"(x), "+v"(y));
        TUMBLE_UNROLL
        for (int i = 0; i < chains; i++) sums[i] = sums[i] * x + y;
    }
    Vector total{};
    for (int i = 0; i < chains; i++) total += sums[i];
    store(sink + 2, total);
    return 2.0 * chains * lanes * static_cast<double>(rounds);
}

void multiply_split_rings(const float* a, const float* b, int rings, float* sums) {
    constexpr int width = split_ring / 2;
    for (int first = 0; first < width; first += held * lanes) {
        Vector re[held], im[held];
        TUMBLE_UNROLL
        for (int j = 0; j < held; j++) re[j] = im[j] = Vector{};
        for (int r = 0; r < rings; r++) {
            const float *ar = a + r * split_ring + first, *br = b + r * split_ring + first;
            TUMBLE_UNROLL
            for (int j = 0; j < held; j++) {
                __builtin_prefetch(br + 2048 + lanes * j);
                __builtin_prefetch(br + 2048 + width + lanes * j);
                const Vector xr = load(ar + lanes * j), xi = load(ar + width + lanes * j);
                const Vector yr = load(br + lanes * j), yi = load(br + width + lanes * j);
                re[j] += xr * yr;
                re[j] += xi * yi;
                im[j] += xi * yr;
                im[j] -= xr * yi;
            }
        }
        for (int j = 0; j < held; j++)
            for (int lane = 0; lane < lanes; lane++) {
                const int m = first + lanes * j + lane;
                if (m > 128) break;
                sums[2 * m] = re[j][lane];
                sums[2 * m + 1] = im[j][lane];
            }
    }
}

}  // namespace TUMBLE_ISA
}  // namespace tumble
