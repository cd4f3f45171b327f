#pragma once
// The CUDA language for a host compiler: kernels run on the emulated device (README.md in this folder's parent). What is not
// declared here is not to be used: no static __shared__ arrays, no fast intrinsics, no atomics on floating-point numbers.
#include <math.h>
#include <stdlib.h>

#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <source_location>
#include <tuple>
#include <type_traits>
#include <utility>

#include "cuda_runtime_api.h"

#define __global__
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __grid_constant__

// Kept by the emulation while a thread of the device runs.
extern constinit thread_local uint3 threadIdx;
extern constinit thread_local uint3 blockIdx;
extern constinit thread_local dim3 blockDim;
extern constinit thread_local dim3 gridDim;
constexpr int warpSize = 32;

namespace emulation {

using Place = std::source_location;

/// Heap block of the size of the launch, new for each block of the grid and filled with 0xFF (every float a NaN).
void* shared_memory();

/// What all warp operations are made of. The lanes of `mask` (less those beyond the end of the block) deposit a pointer each
/// and wait for each other; the last to come calls complete(records, lanes), records[lane] being null for lanes without
/// deposit, and all go on. Records lie on the stacks of the lanes. It is a fault if a lane of the mask never comes, or comes
/// with another mask or another `kind`.
void warp_operation(const char* kind, unsigned mask, void* record, void (*complete)(void* const* records, unsigned lanes), Place place);
/// Ends the block with a fault.
[[noreturn]] void fault(const char* sentence, Place place);
unsigned lane_of_warp();

/// A warp-wide instruction in its host form: every lane calls it with its own `lane` (registers in and out), and `together` is
/// called once with pointers to the 32 lanes' structs: together(Lane* const* lanes). Whole warps only. For mma.sync:
///
///     struct Lane { float a[4], b[2], c[4]; } lane{...};
///     emulation::warp_together(lane, [](Lane* const* lanes) { ...; lanes[l]->c[i] += ...; });
template <class Lane, class Together>
void warp_together(Lane& lane, Together, Place place = Place::current()) {
    static_assert(std::is_empty_v<Together>, "the function of a warp-wide instruction must not capture anything");
    warp_operation(
        "a warp-wide instruction", 0xffffffffu, &lane,
        [](void* const* records, unsigned lanes) {
            if (lanes != 0xffffffffu) fault("a warp-wide instruction in a warp that is not whole", Place::current());
            std::array<Lane*, 32> all;
            for (unsigned l = 0; l < 32; l++) all[l] = static_cast<Lane*>(records[l]);
            Together{}(all.data());
        },
        place);
}

/// Every lane's value, seen by every lane of a whole warp.
template <class Value>
std::array<Value, 32> warp_exchange(const Value& value, Place place = Place::current()) {
    struct Lane {
        Value in;
        std::array<Value, 32> out;
    } lane{value, {}};
    warp_together(
        lane,
        [](Lane* const* lanes) {
            for (int l = 0; l < 32; l++)
                for (int other = 0; other < 32; other++) lanes[l]->out[other] = lanes[other]->in;
        },
        place);
    return lane.out;
}

enum class Barrier { plain, any, all, count };
int barrier(Barrier kind, int predicate, Place place);

struct Launch {
    const void* function;
    void (*call)(const Launch&);  ///< runs the kernel as the current thread
    void* const* arguments;
    dim3 grid, block;
    std::size_t shared_bytes;
    cudaStream_t stream;
    /// A copy of the arguments, for a graph: the pointers to them, and what keeps them.
    std::shared_ptr<void* const> (*keep)(const Launch&) = nullptr;
};
cudaError_t launch(const Launch& launch);
cudaError_t set_function_attribute(const void* function, cudaFuncAttribute attribute, int value);

template <class... Parameters, std::size_t... I>
void call_kernel(const Launch& launch, std::index_sequence<I...>) {
    const auto kernel = reinterpret_cast<void (*)(Parameters...)>(const_cast<void*>(launch.function));
    kernel(*static_cast<const std::remove_cv_t<Parameters>*>(launch.arguments[I])...);
}

template <class... Parameters>
struct KeptArguments {
    std::tuple<std::remove_cv_t<Parameters>...> values;
    void* pointers[sizeof...(Parameters) + 1];

    template <std::size_t... I>
    KeptArguments(const Launch& launch, std::index_sequence<I...>)
        : values(*static_cast<const std::remove_cv_t<Parameters>*>(launch.arguments[I])...), pointers{&std::get<I>(values)..., nullptr} {}
};
template <class... Parameters>
std::shared_ptr<void* const> keep_arguments(const Launch& launch) {
    const auto kept = std::make_shared<KeptArguments<Parameters...>>(launch, std::index_sequence_for<Parameters...>());
    return {kept, kept->pointers};
}

struct Shuffle {
    unsigned long long value;
    unsigned source;
    unsigned long long result;
};
unsigned long long shuffle(unsigned mask, unsigned long long bits, unsigned source, const char* kind, Place place);
template <class T>
T shuffle_value(unsigned mask, T value, unsigned source, const char* kind, Place place) {
    static_assert(std::is_arithmetic_v<T> && (sizeof(T) == 4 || sizeof(T) == 8), "shuffles move numbers of 4 or 8 bytes");
    unsigned long long bits = 0;
    std::memcpy(&bits, &value, sizeof(T));
    bits = shuffle(mask, bits, source, kind, place);
    std::memcpy(&value, &bits, sizeof(T));
    return value;
}

enum class Reduction { ballot, sum, least, most, bits_and, bits_or, bits_xor };
unsigned long long reduce(unsigned mask, long long value, Reduction reduction, const char* kind, Place place);

}  // namespace emulation

template <class... Parameters>
cudaError_t cudaLaunchKernel(void (*kernel)(Parameters...), dim3 grid, dim3 block, void** arguments, std::size_t shared_bytes = 0,
                             cudaStream_t stream = nullptr) {
    return emulation::launch({reinterpret_cast<const void*>(kernel),
                              [](const emulation::Launch& l) {
                                  emulation::call_kernel<Parameters...>(l, std::index_sequence_for<Parameters...>());
                              },
                              arguments, grid, block, shared_bytes, stream, emulation::keep_arguments<Parameters...>});
}
template <class... Parameters>
cudaError_t cudaFuncSetAttribute(void (*kernel)(Parameters...), cudaFuncAttribute attribute, int value) {
    return emulation::set_function_attribute(reinterpret_cast<const void*>(kernel), attribute, value);
}
template <class... Parameters>
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void (*)(Parameters...), int threads, std::size_t shared_bytes) {
    const std::size_t by_threads = 2048 / static_cast<std::size_t>(threads), by_shared = 233472 / (shared_bytes + 1024);
    *blocks = static_cast<int>(by_threads < by_shared ? by_threads : by_shared);
    return cudaSuccess;
}

// Barriers. All threads of the block have to come to the same one.
inline void __syncthreads(emulation::Place place = emulation::Place::current()) {
    emulation::barrier(emulation::Barrier::plain, 0, place);
}
inline int __syncthreads_or(int predicate, emulation::Place place = emulation::Place::current()) {
    return emulation::barrier(emulation::Barrier::any, predicate, place);
}
inline int __syncthreads_and(int predicate, emulation::Place place = emulation::Place::current()) {
    return emulation::barrier(emulation::Barrier::all, predicate, place);
}
inline int __syncthreads_count(int predicate, emulation::Place place = emulation::Place::current()) {
    return emulation::barrier(emulation::Barrier::count, predicate, place);
}

// Warps.
inline void __syncwarp(unsigned mask = 0xffffffffu, emulation::Place place = emulation::Place::current()) {
    emulation::warp_operation("__syncwarp", mask, nullptr, nullptr, place);
}
template <class T>
T __shfl_sync(unsigned mask, T value, int lane, int width = 32, emulation::Place place = emulation::Place::current()) {
    const unsigned w = static_cast<unsigned>(width), begin = emulation::lane_of_warp() & ~(w - 1);
    return emulation::shuffle_value(mask, value, begin | (static_cast<unsigned>(lane) & (w - 1)), "__shfl_sync", place);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = 32, emulation::Place place = emulation::Place::current()) {
    const unsigned me = emulation::lane_of_warp(), w = static_cast<unsigned>(width), source = me ^ static_cast<unsigned>(lane_mask);
    return emulation::shuffle_value(mask, value, source < (me | (w - 1)) + 1 ? source : me, "__shfl_xor_sync", place);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, emulation::Place place = emulation::Place::current()) {
    const unsigned me = emulation::lane_of_warp(), begin = me & ~(static_cast<unsigned>(width) - 1);
    return emulation::shuffle_value(mask, value, me >= begin + delta ? me - delta : me, "__shfl_up_sync", place);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, emulation::Place place = emulation::Place::current()) {
    const unsigned me = emulation::lane_of_warp(), last = me | (static_cast<unsigned>(width) - 1);
    return emulation::shuffle_value(mask, value, me + delta <= last ? me + delta : me, "__shfl_down_sync", place);
}
inline unsigned __ballot_sync(unsigned mask, int predicate, emulation::Place place = emulation::Place::current()) {
    return static_cast<unsigned>(emulation::reduce(mask, predicate, emulation::Reduction::ballot, "__ballot_sync", place));
}
inline int __any_sync(unsigned mask, int predicate, emulation::Place place = emulation::Place::current()) {
    return static_cast<int>(emulation::reduce(mask, predicate != 0, emulation::Reduction::bits_or, "__any_sync", place));
}
inline int __all_sync(unsigned mask, int predicate, emulation::Place place = emulation::Place::current()) {
    return static_cast<int>(emulation::reduce(mask, predicate != 0, emulation::Reduction::bits_and, "__all_sync", place));
}
#define TUMBLE_EMULATED_REDUCTION(type, name, reduction)                                                                   \
    inline type name(unsigned mask, type value, emulation::Place place = emulation::Place::current()) {                    \
        return static_cast<type>(emulation::reduce(mask, value, emulation::Reduction::reduction, #name, place));           \
    }
TUMBLE_EMULATED_REDUCTION(unsigned, __reduce_add_sync, sum)
TUMBLE_EMULATED_REDUCTION(unsigned, __reduce_min_sync, least)
TUMBLE_EMULATED_REDUCTION(unsigned, __reduce_max_sync, most)
TUMBLE_EMULATED_REDUCTION(unsigned, __reduce_and_sync, bits_and)
TUMBLE_EMULATED_REDUCTION(unsigned, __reduce_or_sync, bits_or)
TUMBLE_EMULATED_REDUCTION(unsigned, __reduce_xor_sync, bits_xor)
TUMBLE_EMULATED_REDUCTION(int, __reduce_add_sync, sum)
TUMBLE_EMULATED_REDUCTION(int, __reduce_min_sync, least)
TUMBLE_EMULATED_REDUCTION(int, __reduce_max_sync, most)
#undef TUMBLE_EMULATED_REDUCTION

// Atomics on whole numbers. They return the value before.
#define TUMBLE_EMULATED_ATOMICS(type)                                                                                      \
    inline type atomicAdd(type* at, type value) { return __atomic_fetch_add(at, value, __ATOMIC_RELAXED); }                \
    inline type atomicExch(type* at, type value) { return __atomic_exchange_n(at, value, __ATOMIC_RELAXED); }              \
    inline type atomicCAS(type* at, type expected, type value) {                                                           \
        __atomic_compare_exchange_n(at, &expected, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);                      \
        return expected;                                                                                                   \
    }                                                                                                                      \
    inline type atomicMax(type* at, type value) {                                                                          \
        type before = __atomic_load_n(at, __ATOMIC_RELAXED);                                                               \
        while (before < value && !__atomic_compare_exchange_n(at, &before, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) \
            ;                                                                                                              \
        return before;                                                                                                     \
    }                                                                                                                      \
    inline type atomicMin(type* at, type value) {                                                                          \
        type before = __atomic_load_n(at, __ATOMIC_RELAXED);                                                               \
        while (value < before && !__atomic_compare_exchange_n(at, &before, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) \
            ;                                                                                                              \
        return before;                                                                                                     \
    }                                                                                                                      \
    inline type atomicAnd(type* at, type value) { return __atomic_fetch_and(at, value, __ATOMIC_RELAXED); }                \
    inline type atomicOr(type* at, type value) { return __atomic_fetch_or(at, value, __ATOMIC_RELAXED); }                  \
    inline type atomicXor(type* at, type value) { return __atomic_fetch_xor(at, value, __ATOMIC_RELAXED); }
TUMBLE_EMULATED_ATOMICS(int)
TUMBLE_EMULATED_ATOMICS(unsigned)
TUMBLE_EMULATED_ATOMICS(unsigned long long)
#undef TUMBLE_EMULATED_ATOMICS
inline int atomicSub(int* at, int value) {
    return __atomic_fetch_sub(at, value, __ATOMIC_RELAXED);
}
inline unsigned atomicSub(unsigned* at, unsigned value) {
    return __atomic_fetch_sub(at, value, __ATOMIC_RELAXED);
}
inline void __threadfence() {
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
inline void __threadfence_block() {
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

// Least and greatest of CUDA's overloads.
#define TUMBLE_EMULATED_EXTREMES(type)                                                \
    constexpr type min(type a, type b) { return b < a ? b : a; }                      \
    constexpr type max(type a, type b) { return a < b ? b : a; }
TUMBLE_EMULATED_EXTREMES(int)
TUMBLE_EMULATED_EXTREMES(unsigned)
TUMBLE_EMULATED_EXTREMES(long)
TUMBLE_EMULATED_EXTREMES(unsigned long)
TUMBLE_EMULATED_EXTREMES(long long)
TUMBLE_EMULATED_EXTREMES(unsigned long long)
#undef TUMBLE_EMULATED_EXTREMES
// One of a number and a NaN is the number, as by fminf.
inline float min(float a, float b) {
    return fminf(a, b);
}
inline float max(float a, float b) {
    return fmaxf(a, b);
}
inline double min(double a, double b) {
    return fmin(a, b);
}
inline double max(double a, double b) {
    return fmax(a, b);
}

// Bits.
constexpr unsigned __float_as_uint(float x) {
    return std::bit_cast<unsigned>(x);
}
constexpr float __uint_as_float(unsigned x) {
    return std::bit_cast<float>(x);
}
constexpr int __float_as_int(float x) {
    return std::bit_cast<int>(x);
}
constexpr float __int_as_float(int x) {
    return std::bit_cast<float>(x);
}
constexpr int __popc(unsigned x) {
    return std::popcount(x);
}
constexpr int __popcll(unsigned long long x) {
    return std::popcount(x);
}
constexpr int __clz(int x) {
    return std::countl_zero(static_cast<unsigned>(x));
}
constexpr int __clzll(long long x) {
    return std::countl_zero(static_cast<unsigned long long>(x));
}
constexpr int __ffs(int x) {
    return x == 0 ? 0 : std::countr_zero(static_cast<unsigned>(x)) + 1;
}
constexpr int __ffsll(long long x) {
    return x == 0 ? 0 : std::countr_zero(static_cast<unsigned long long>(x)) + 1;
}
constexpr unsigned __umulhi(unsigned a, unsigned b) {
    return static_cast<unsigned>((static_cast<unsigned long long>(a) * b) >> 32);
}
constexpr unsigned __brev(unsigned x) {
    unsigned out = 0;
    for (int i = 0; i < 32; i++) out |= ((x >> i) & 1u) << (31 - i);
    return out;
}
template <class T>
T __ldg(const T* at) {
    return *at;
}

// Conversions, to nearest even where it says rn. Beyond the range they saturate, NaN gives 0, as on the device.
namespace emulation {
template <class Whole>
Whole saturated(float rounded) {
    constexpr float limit = sizeof(Whole) == 4 ? 0x1p31f : 0x1p63f;
    constexpr Whole most = static_cast<Whole>(~(Whole(1) << (8 * sizeof(Whole) - 1)));
    if (!(rounded == rounded)) return 0;
    return rounded >= limit ? most : rounded < -limit ? static_cast<Whole>(-most - 1) : static_cast<Whole>(rounded);
}
}  // namespace emulation
inline int __float2int_rn(float x) {
    return emulation::saturated<int>(rintf(x));
}
inline int __float2int_rd(float x) {
    return emulation::saturated<int>(floorf(x));
}
inline int __float2int_ru(float x) {
    return emulation::saturated<int>(ceilf(x));
}
inline int __float2int_rz(float x) {
    return emulation::saturated<int>(truncf(x));
}
inline long long __float2ll_rn(float x) {
    return emulation::saturated<long long>(rintf(x));
}
inline float __ll2float_rn(long long x) {
    return static_cast<float>(x);
}
inline float __ull2float_rn(unsigned long long x) {
    return static_cast<float>(x);
}
inline float __int2float_rn(int x) {
    return static_cast<float>(x);
}
inline float __uint2float_rn(unsigned x) {
    return static_cast<float>(x);
}

// Mathematics that the host's library may lack. The angle of the functions of pi x is reduced without rounding.
inline float rsqrtf(float x) {
    return static_cast<float>(1 / sqrt(static_cast<double>(x)));
}
inline float __fmaf_rn(float a, float b, float c) {
    return fmaf(a, b, c);
}
inline float __fadd_rn(float a, float b) {
    return a + b;
}
inline float __fmul_rn(float a, float b) {
    return a * b;
}
inline float __fsqrt_rn(float x) {
    return sqrtf(x);
}
inline float __fdiv_rn(float a, float b) {
    return a / b;
}
void sincospif(float x, float* sine, float* cosine);
#if !defined(__GLIBC__) || !(__GLIBC__ > 2 || __GLIBC_MINOR__ >= 41)
inline float sinpif(float x) {
    float sine, cosine;
    sincospif(x, &sine, &cosine);
    return sine;
}
inline float cospif(float x) {
    float sine, cosine;
    sincospif(x, &sine, &cosine);
    return cosine;
}
#endif
