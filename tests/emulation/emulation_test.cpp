// The emulated device itself: what it runs right, and the errors of kernels that it has to find, each beside its right twin.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <complex>
#include <ctime>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "catch.hpp"
#include "controls.hpp"
#include "cuda_runtime.h"
#include "cufft.h"

using emulation::Failing;
using emulation::Order;

namespace {

const emulation::Controls& controls = *tumble_emulation_controls();

#if defined(__SANITIZE_ADDRESS__)
constexpr bool address_sanitizer = true;
#else
constexpr bool address_sanitizer = false;
#endif

#if defined(__SANITIZE_THREAD__)
constexpr bool thread_sanitizer = true;
#else
constexpr bool thread_sanitizer = false;
#endif

/// The device as at loading, before and after a test.
struct Fresh {
    Fresh() { controls.reset(); }
    ~Fresh() { controls.reset(); }
};

/// An array in device memory; fails the test if a call does.
template <class T>
class Array {
  public:
    explicit Array(std::size_t size) : size_(size) { REQUIRE(cudaMalloc(&data_, size * sizeof(T)) == cudaSuccess); }
    explicit Array(const std::vector<T>& values) : Array(values.size()) {
        REQUIRE(cudaMemcpy(data_, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice) == cudaSuccess);
    }
    ~Array() { static_cast<void>(cudaFree(data_)); }
    Array(const Array&) = delete;
    Array& operator=(const Array&) = delete;
    T* data() { return data_; }
    std::vector<T> host() const {
        std::vector<T> values(size_);
        REQUIRE(cudaMemcpy(values.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost) == cudaSuccess);
        return values;
    }

  private:
    T* data_ = nullptr;
    std::size_t size_;
};

template <class... Parameters>
cudaError_t run(void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t shared_bytes, std::type_identity_t<Parameters>... values) {
    void* pointers[] = {static_cast<void*>(&values)..., nullptr};
    return cudaLaunchKernel(kernel, grid, block, pointers, shared_bytes, nullptr);
}

bool mentions(const std::string& text) {
    INFO(controls.last_fault());
    const bool found = std::string(controls.last_fault()).find(text) != std::string::npos;
    CHECK(found);
    return found;
}

template <class T>
__device__ T* shared() {
    return static_cast<T*>(emulation::shared_memory());
}
__device__ unsigned thread_of_grid() {
    return blockIdx.x * blockDim.x + threadIdx.x;
}

struct OrderCase {
    Order order;
    std::uint64_t seed;
};
const std::vector<OrderCase> orders{{Order::forward, 0}, {Order::reversed, 0}, {Order::seeded, 1}, {Order::seeded, 2}};

// ---- What runs right ----

__global__ void mark(int* counts) {
    const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
    const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
    atomicAdd(&counts[block * blockDim.x * blockDim.y * blockDim.z + thread], 1);
}

/// One sum a block: halving in shared memory, then by shuffles. Any number of threads.
__global__ void __launch_bounds__(1024) block_sums(const int* in, int* out) {
    int* s = shared<int>();
    const unsigned t = threadIdx.x;
    s[t] = in[thread_of_grid()];
    unsigned left = blockDim.x;
    while (left > 32) {
        __syncthreads();
        const unsigned half = (left + 1) / 2;
        if (t + half < left) s[t] += s[t + half];
        left = half;
    }
    __syncthreads();
    if (t >= 32) return;
    int value = t < left ? s[t] : 0;
    for (int step = 16; step > 0; step /= 2) {
        const int other = __shfl_down_sync(0xffffffffu, value, static_cast<unsigned>(step));
        if (t + static_cast<unsigned>(step) < blockDim.x) value += other;
    }
    if (t == 0) out[blockIdx.x] = value;
}

__global__ void predicates(int* out) {
    const int t = static_cast<int>(threadIdx.x);
    out[4 * t] = __syncthreads_or(t == 7);
    out[4 * t + 1] = __syncthreads_and(t != 7);
    out[4 * t + 2] = __syncthreads_count(t % 3 == 0);
    out[4 * t + 3] = __syncthreads_or(0);
}

template <class T>
__global__ void shuffles(T* out, int width) {
    const T mine = static_cast<T>(threadIdx.x * 3 + 1);
    T* o = out + 4 * threadIdx.x;
    o[0] = __shfl_sync(0xffffffffu, mine, 5, width);
    o[1] = __shfl_xor_sync(0xffffffffu, mine, 3, width);
    o[2] = __shfl_up_sync(0xffffffffu, mine, 2, width);
    o[3] = __shfl_down_sync(0xffffffffu, mine, 2, width);
}

__global__ void votes(unsigned* out) {
    const unsigned t = threadIdx.x, lane = t % 32, all = 0xffffffffu;
    unsigned* o = out + 8 * t;
    o[0] = __ballot_sync(all, t % 5 == 0);
    o[1] = static_cast<unsigned>(__any_sync(all, t == 40));
    o[2] = static_cast<unsigned>(__all_sync(all, t < 40));
    // The halves of a warp on their own ways.
    if (lane < 16) o[3] = __ballot_sync(0x0000ffffu, lane % 2 == 0);
    else o[3] = __reduce_add_sync(0xffff0000u, lane);
    __syncwarp();
    o[4] = __reduce_max_sync(all, 1000 - t);
    o[5] = __reduce_min_sync(all, t);
    o[6] = static_cast<unsigned>(__reduce_min_sync(all, -static_cast<int>(t)));
    o[7] = __reduce_xor_sync(all, t);
}

struct MatrixLane {
    float row[32], column_element, out;
};
/// out = A B: lane l holds row l of A and gives element l of every column of B in turn.
__global__ void matrix_product(const float* a, const float* b, float* out) {
    const unsigned l = threadIdx.x;
    MatrixLane lane{};
    for (unsigned k = 0; k < 32; k++) lane.row[k] = a[32 * l + k];
    for (unsigned column = 0; column < 32; column++) {
        lane.column_element = b[32 * l + column];
        emulation::warp_together(lane, [](MatrixLane* const* lanes) {
            for (int i = 0; i < 32; i++) {
                lanes[i]->out = 0;
                for (int k = 0; k < 32; k++) lanes[i]->out += lanes[i]->row[k] * lanes[k]->column_element;
            }
        });
        out[32 * l + column] = lane.out;
    }
}
__global__ void exchange(int* out) {
    for (int round = 0; round < 3; round++) {
        const auto all = emulation::warp_exchange(static_cast<int>(threadIdx.x) + 100 * round);
        int sum = 0;
        for (int l = 0; l < 32; l++) sum += all[static_cast<std::size_t>(l)] * (l + 1);
        out[3 * threadIdx.x + static_cast<unsigned>(round)] = sum;
    }
}

__global__ void record_order(unsigned* next, unsigned* when) {
    when[thread_of_grid()] = atomicAdd(next, 1u);
}
__global__ void record_order_after_barrier(unsigned* next, unsigned* when) {
    __syncthreads();
    when[thread_of_grid()] = atomicAdd(next, 1u);
}

__global__ void atomics(int* i, unsigned* u, unsigned long long* w) {
    const unsigned t = thread_of_grid();
    atomicAdd(&i[0], -static_cast<int>(t));
    atomicMin(&i[1], 50 - static_cast<int>(t));
    atomicMax(&u[0], t);
    atomicAdd(&w[0], 1ull << 33);
    unsigned long long seen = atomicAdd(&w[1], 0ull);  // the greatest by compare and swap
    while (seen < t) {
        const unsigned long long before = atomicCAS(&w[1], seen, static_cast<unsigned long long>(t));
        if (before == seen) break;
        seen = before;
    }
}

__global__ void fill(float* out, long n) {
    for (long i = thread_of_grid(); i < n; i += static_cast<long>(gridDim.x) * blockDim.x) out[i] = static_cast<float>(i);
}
__global__ void nothing() {}

// ---- Errors, and the same without ----

template <bool right>
__global__ void turned_round(const float* in, float* out) {
    float* s = shared<float>();
    const unsigned t = threadIdx.x, n = blockDim.x;
    s[t] = in[t];
    __syncthreads();
    const float other = s[n - 1 - t];
    if (right) __syncthreads();
    s[t] = 2 * other;  // without the barrier somebody has yet to read what was here
    __syncthreads();
    out[t] = s[t];
}

template <bool right>
__global__ void barrier_for_some(float* out) {
    if (right || threadIdx.x < 40) __syncthreads();
    out[thread_of_grid()] = 1;
}
template <bool right>
__global__ void two_barriers(float* out) {
    if (right || threadIdx.x < 40) __syncthreads();
    else __syncthreads();
    out[thread_of_grid()] = 1;
}
template <bool right>
__global__ void lane_left(int* out) {
    if (!right && threadIdx.x == 9) return;
    out[thread_of_grid()] = __shfl_xor_sync(0xffffffffu, static_cast<int>(threadIdx.x), 1);
}
template <bool right>
__global__ void lane_at_barrier(int* out) {
    if (!right && threadIdx.x == 9) __syncthreads();
    out[thread_of_grid()] = __shfl_xor_sync(0xffffffffu, static_cast<int>(threadIdx.x), 1);
    if (right || threadIdx.x != 9) __syncthreads();
}
template <bool right>
__global__ void lane_of_another_kind(int* out) {
    if (right || threadIdx.x < 16) out[thread_of_grid()] = __any_sync(0xffffffffu, 1);
    else out[thread_of_grid()] = __all_sync(0xffffffffu, 1);
}
template <bool right>
__global__ void masks_that_differ(int* out) {
    const unsigned mask = right || threadIdx.x < 16 ? 0xffffffffu : 0xffff0001u;
    out[thread_of_grid()] = __any_sync(mask, 1);
}
template <bool right>
__global__ void outside_own_mask(int* out) {
    const unsigned mask = right ? 0xffffffffu : 0x0000ffffu;
    out[thread_of_grid()] = __any_sync(mask, 1);
}
template <bool right>
__global__ void lane_read_from_outside(int* out) {
    // Twenty threads: lane 19 reads itself, or lane 21, which is not there.
    const unsigned step = right && threadIdx.x >= 18 ? 0 : 2;
    out[thread_of_grid()] = __shfl_sync(0xffffffffu, static_cast<int>(threadIdx.x), static_cast<int>(threadIdx.x + step));
}
template <bool right>
__global__ void read_before_written(float* out) {
    float* s = shared<float>();
    if (right || threadIdx.x != 3) s[threadIdx.x] = 1;
    __syncthreads();
    out[threadIdx.x] = s[threadIdx.x ^ 1u];
}
template <bool right>
__global__ void beyond_shared(float* out) {
    float* s = shared<float>();
    s[threadIdx.x + (right ? 0 : 1)] = 1;
    out[thread_of_grid()] = s[threadIdx.x];
}
template <bool right>
__global__ void beyond_buffer(float* out, int n) {
    for (int i = static_cast<int>(threadIdx.x); right ? i < n : i <= n; i += static_cast<int>(blockDim.x)) out[i] = 1;
}
template <bool right>
__global__ void blocks_share(int* out) {
    // Which block comes last shows, unless the greatest is kept.
    if (right) atomicMax(out, static_cast<int>(blockIdx.x));
    else *out = static_cast<int>(blockIdx.x);
}

/// Runs `body` in a process of its own: "" if it ended well, else what the sanitizer said.
std::string said_by_sanitizer(const std::function<void()>& body) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        dup2(ends[1], 2);
        body();
        _exit(0);
    }
    close(ends[1]);
    std::string text;
    char buffer[4096];
    for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(n));
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    const bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    return good || !text.empty() ? text : "ended without a word";
}

template <class Value, std::size_t rank>
std::vector<std::complex<double>> direct_transform(const std::vector<Value>& values, const std::array<int, rank>& sides, int sign) {
    const auto size = static_cast<std::size_t>(std::accumulate(sides.begin(), sides.end(), 1, std::multiplies<>()));
    std::vector<std::complex<double>> out(size);
    const auto index = [&](std::size_t flat) {
        std::array<int, rank> at{};
        for (std::size_t d = rank; d-- > 0; flat /= static_cast<std::size_t>(sides[d])) at[d] = static_cast<int>(flat % static_cast<std::size_t>(sides[d]));
        return at;
    };
    for (std::size_t k = 0; k < size; k++)
        for (std::size_t x = 0; x < size; x++) {
            double turns = 0;
            for (std::size_t d = 0; d < rank; d++) turns += static_cast<double>(index(k)[d] * index(x)[d] % sides[d]) / sides[d];
            out[k] += std::complex<double>(values[x]) * std::polar(1.0, sign * 2 * M_PI * turns);
        }
    return out;
}

}  // namespace

TEST_CASE("emulated device: every thread of every block runs once and sees its indices") {
    const Fresh fresh;
    for (const auto& [order, seed] : orders) {
        controls.set_order(order, seed);
        const dim3 grid(3, 4, 2), block(5, 2, 3);
        Array<int> counts(std::vector<int>(24 * 30, 0));
        REQUIRE(run(mark, grid, block, 0, counts.data()) == cudaSuccess);
        CHECK(counts.host() == std::vector<int>(24 * 30, 1));
    }
}

TEST_CASE("emulated device: block sums by barriers and shuffles are the same in every order") {
    const Fresh fresh;
    for (const unsigned threads : {1u, 2u, 31u, 32u, 33u, 64u, 100u, 1000u, 1024u}) {
        constexpr unsigned blocks = 7;
        std::vector<int> in(blocks * threads);
        for (std::size_t i = 0; i < in.size(); i++) in[i] = static_cast<int>(i * i % 1009) - 300;
        std::vector<int> expected(blocks);
        for (unsigned b = 0; b < blocks; b++) expected[b] = std::accumulate(in.begin() + b * threads, in.begin() + (b + 1) * threads, 0);
        for (const auto& [order, seed] : orders) {
            controls.set_order(order, seed);
            Array<int> values(in), sums(blocks);
            // The last warp of a block that is no multiple of 32 has fewer lanes: reading beyond them is an error.
            if (threads % 32 != 0 && threads < 32) {
                CHECK(run(block_sums, blocks, threads, threads * sizeof(int), values.data(), sums.data()) == cudaErrorLaunchFailure);
                controls.reset();
                continue;
            }
            REQUIRE(run(block_sums, blocks, threads, threads * sizeof(int), values.data(), sums.data()) == cudaSuccess);
            CHECK(sums.host() == expected);
        }
    }
}

TEST_CASE("emulated device: barriers with predicates") {
    const Fresh fresh;
    for (const auto& [order, seed] : orders) {
        controls.set_order(order, seed);
        Array<int> out(4 * 70);
        REQUIRE(run(predicates, 1, 70, 0, out.data()) == cudaSuccess);
        std::vector<int> expected;
        for (int t = 0; t < 70; t++) expected.insert(expected.end(), {1, 0, 24, 0});
        CHECK(out.host() == expected);
    }
}

TEMPLATE_TEST_CASE("emulated device: shuffles of 4 and 8 bytes, whole warps and parts of them", "", int, float, unsigned long long, double) {
    const Fresh fresh;
    for (const int width : {32, 8, 1}) {
        Array<TestType> out(4 * 64);
        REQUIRE(run(shuffles<TestType>, 1, 64, 0, out.data(), width) == cudaSuccess);
        std::vector<TestType> expected;
        for (int t = 0; t < 64; t++) {
            const int begin = t / width * width, last = begin + width - 1, partner = t ^ 3;
            for (const int source : {begin + 5 % width, partner <= last ? partner : t, t - 2 >= begin ? t - 2 : t, t + 2 <= last ? t + 2 : t})
                expected.push_back(static_cast<TestType>(source * 3 + 1));
        }
        CHECK(out.host() == expected);
    }
}

TEST_CASE("emulated device: votes and reductions of warps, also with halves apart") {
    const Fresh fresh;
    for (const auto& [order, seed] : orders) {
        controls.set_order(order, seed);
        Array<unsigned> out(8 * 64);
        REQUIRE(run(votes, 1, 64, 0, out.data()) == cudaSuccess);
        std::vector<unsigned> expected;
        for (unsigned t = 0; t < 64; t++) {
            const unsigned first = t / 32 * 32;
            unsigned ballot = 0, exclusive = 0;
            for (unsigned l = 0; l < 32; l++) {
                ballot |= ((first + l) % 5 == 0 ? 1u : 0u) << l;
                exclusive ^= first + l;
            }
            expected.insert(expected.end(), {ballot, first == 32, first == 0, t % 32 < 16 ? 0x5555u : 376u, 1000 - first, first,
                                             static_cast<unsigned>(-static_cast<int>(first + 31)), exclusive});
        }
        CHECK(out.host() == expected);
    }
}

TEST_CASE("emulated device: a warp-wide instruction in its host form") {
    const Fresh fresh;
    std::vector<float> a(1024), b(1024), expected(1024);
    for (std::size_t i = 0; i < 1024; i++) a[i] = static_cast<float>(i * 7 % 31), b[i] = static_cast<float>(i * 5 % 29);
    for (std::size_t i = 0; i < 32; i++)
        for (std::size_t j = 0; j < 32; j++)
            for (std::size_t k = 0; k < 32; k++) expected[32 * i + j] += a[32 * i + k] * b[32 * k + j];
    for (const auto& [order, seed] : orders) {
        controls.set_order(order, seed);
        Array<float> left(a), right(b), out(1024);
        REQUIRE(run(matrix_product, 1, 32, 0, left.data(), right.data(), out.data()) == cudaSuccess);
        CHECK(out.host() == expected);
        Array<int> sums(96);
        REQUIRE(run(exchange, 1, 32, 0, sums.data()) == cudaSuccess);
        for (std::size_t t = 0; t < 32; t++)
            for (std::size_t round = 0; round < 3; round++) CHECK(sums.host()[3 * t + round] == 10912 + static_cast<int>(round) * 52800);
    }
    Array<int> sums(90);
    CHECK(run(exchange, 1, 30, 0, sums.data()) == cudaErrorLaunchFailure);
    mentions("not whole");
}

TEST_CASE("emulated device: orders of threads and blocks") {
    const Fresh fresh;
    constexpr unsigned blocks = 6, threads = 40, all = blocks * threads;
    const auto times = [&](Order order, std::uint64_t seed, bool barrier) {
        controls.set_order(order, seed);
        Array<unsigned> next(std::vector<unsigned>{0}), when(all);
        REQUIRE(run(barrier ? record_order_after_barrier : record_order, blocks, threads, 0, next.data(), when.data()) == cudaSuccess);
        return when.host();
    };
    std::vector<unsigned> forward(all);
    std::iota(forward.begin(), forward.end(), 0u);
    const std::vector<unsigned> reversed(forward.rbegin(), forward.rend());
    for (const bool barrier : {false, true}) {
        CHECK(times(Order::forward, 0, barrier) == forward);
        CHECK(times(Order::reversed, 0, barrier) == reversed);
        const auto one = times(Order::seeded, 1, barrier), two = times(Order::seeded, 2, barrier);
        CHECK(one == times(Order::seeded, 1, barrier));
        CHECK(one != two);
        CHECK(one != forward);
        auto sorted = one;
        std::sort(sorted.begin(), sorted.end());
        CHECK(sorted == forward);
        CHECK(one[0] / threads != two[0] / threads);  // the block's turn as well
    }
}

TEST_CASE("emulated device: atomics on whole numbers") {
    const Fresh fresh;
    for (const auto& [order, seed] : orders) {
        controls.set_order(order, seed);
        Array<int> i(std::vector<int>{0, 0});
        Array<unsigned> u(std::vector<unsigned>{0});
        Array<unsigned long long> w(std::vector<unsigned long long>{0, 0});
        REQUIRE(run(atomics, 10, 30, 0, i.data(), u.data(), w.data()) == cudaSuccess);
        CHECK(i.host() == std::vector<int>{-299 * 150, 50 - 299});
        CHECK(u.host()[0] == 299);
        CHECK(w.host() == std::vector<unsigned long long>{300ull << 33, 299});
    }
}

TEST_CASE("emulated device: mathematics that the host's library lacks") {
    // Half a unit in the last place of float32 at 1 is 6e-8; the series adds 1e-11.
    float worst = 0;
    for (int i = -4000; i <= 4000; i++) {
        const float x = static_cast<float>(i) * 0.00173f;
        float sine, cosine;
        sincospif(x, &sine, &cosine);
        worst = std::max({worst, std::fabs(sine - static_cast<float>(std::sin(M_PI * static_cast<double>(x)))),
                          std::fabs(cosine - static_cast<float>(std::cos(M_PI * static_cast<double>(x))))});
    }
    CHECK(worst <= 6e-8f);
    for (const auto& [x, s, c] : {std::array{0.5f, 1.f, 0.f}, {-0.5f, -1.f, 0.f}, {1.f, 0.f, -1.f}, {8388609.f, 0.f, -1.f}, {1e30f, 0.f, 1.f}}) {
        CHECK(sinpif(x) == s);
        CHECK(cospif(x) == c);
    }
    CHECK(rsqrtf(4.f) == 0.5f);
    CHECK(__float2ll_rn(2.5f) == 2);
    CHECK(__float2ll_rn(-3.5f) == -4);
    CHECK(__float2ll_rn(1e30f) == INT64_MAX);
    CHECK(__float2ll_rn(NAN) == 0);
    CHECK(__float2int_rd(-1.5f) == -2);
    CHECK(__uint_as_float(__float_as_uint(-2.75f)) == -2.75f);
    CHECK(__popc(0xf0f0u) == 8);
    CHECK(__clz(1) == 31);
    CHECK(__ffs(8) == 4);
    CHECK(__ffs(0) == 0);
    CHECK(min(3, -2) == -2);
    CHECK(max(1.f, NAN) == 1.f);
}

TEST_CASE("emulated device: copies look where their ends lie") {
    const Fresh fresh;
    std::vector<int> host{1, 2, 3, 4}, back(4);
    Array<int> array(4), other(4);
    CHECK(cudaMemcpy(array.data(), host.data(), 16, cudaMemcpyHostToDevice) == cudaSuccess);
    CHECK(cudaMemcpy(other.data(), array.data(), 16, cudaMemcpyDeviceToDevice) == cudaSuccess);
    CHECK(cudaMemcpy(back.data(), other.data() + 1, 12, cudaMemcpyDefault) == cudaSuccess);
    CHECK(back == std::vector<int>{2, 3, 4, 0});
    CHECK(cudaMemset(other.data(), 0, 8) == cudaSuccess);
    CHECK(other.host() == std::vector<int>{0, 0, 3, 4});

    CHECK(cudaMemcpy(array.data() + 1, host.data(), 16, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
    mentions("reaches beyond its allocation of 16 bytes");
    CHECK(cudaMemcpy(array.data(), host.data(), 16, cudaMemcpyDeviceToDevice) == cudaErrorInvalidValue);
    mentions("source is not in device memory");
    CHECK(cudaMemcpy(back.data(), array.data(), 16, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
    mentions("in device memory, expected the host's");
    CHECK(cudaMemset(array.data() + 3, 0, 8) == cudaErrorInvalidValue);
    mentions("reaches beyond");
    CHECK(cudaGetLastError() == cudaErrorInvalidValue);
    CHECK(cudaGetLastError() == cudaSuccess);
}

TEST_CASE("emulated device: an asynchronous copy to the host arrives with the synchronisation") {
    const Fresh fresh;
    cudaStream_t stream = nullptr;
    cudaEvent_t event = nullptr, later = nullptr;
    REQUIRE(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess);
    REQUIRE(cudaEventCreate(&event) == cudaSuccess);
    REQUIRE(cudaEventCreate(&later) == cudaSuccess);
    Array<float> array(std::vector<float>{5, 6});
    std::vector<float> host(2);
    const auto copy = [&] {
        host = {0, 0};
        REQUIRE(cudaMemcpyAsync(host.data(), array.data(), 8, cudaMemcpyDeviceToHost, stream) == cudaSuccess);
        CHECK(std::isnan(host[1]));
    };
    copy();
    CHECK(cudaStreamSynchronize(stream) == cudaSuccess);
    CHECK(host == std::vector<float>{5, 6});
    copy();
    CHECK(cudaStreamSynchronize(nullptr) == cudaSuccess);  // another stream
    CHECK(std::isnan(host[1]));
    CHECK(cudaEventRecord(event, stream) == cudaSuccess);
    CHECK(cudaEventRecord(later, stream) == cudaSuccess);
    CHECK(cudaEventSynchronize(later) == cudaSuccess);
    CHECK(host == std::vector<float>{5, 6});
    float milliseconds = -1;
    CHECK(cudaEventElapsedTime(&milliseconds, event, later) == cudaSuccess);
    CHECK(milliseconds >= 0);
    // The source is read when its turn comes, not when the copy arrives.
    copy();
    CHECK(cudaMemsetAsync(array.data(), 0, 8, stream) == cudaSuccess);
    CHECK(cudaDeviceSynchronize() == cudaSuccess);
    CHECK(host == std::vector<float>{5, 6});
    CHECK(controls.live().streams == 1);
    CHECK(controls.live().events == 2);
    CHECK(cudaEventDestroy(event) == cudaSuccess);
    CHECK(cudaEventDestroy(later) == cudaSuccess);
    CHECK(cudaStreamDestroy(stream) == cudaSuccess);
    CHECK(cudaStreamDestroy(stream) == cudaErrorInvalidResourceHandle);
    CHECK(controls.live().streams == 0);
    CHECK(controls.live().events == 0);
}

TEST_CASE("emulated device: device memory is finite, counted and full of NaN") {
    const Fresh fresh;
    const auto before = controls.live();
    controls.set_devices(1, before.bytes + 1000);
    std::size_t free = 0, total = 0;
    float *a = nullptr, *b = nullptr;
    CHECK(cudaMalloc(&a, 600) == cudaSuccess);
    CHECK(cudaMemGetInfo(&free, &total) == cudaSuccess);
    CHECK(total == before.bytes + 1000);
    CHECK(free == 400);
    CHECK(cudaMalloc(&b, 600) == cudaErrorMemoryAllocation);
    CHECK(b == nullptr);
    CHECK(cudaGetLastError() == cudaErrorMemoryAllocation);
    float value = 0;
    CHECK(cudaMemcpy(&value, a + 149, 4, cudaMemcpyDeviceToHost) == cudaSuccess);
    CHECK(std::isnan(value));
    CHECK(controls.live().allocations == before.allocations + 1);
    CHECK(cudaFree(a) == cudaSuccess);
    CHECK(cudaFree(nullptr) == cudaSuccess);
    CHECK(cudaMallocAsync(&b, 600, nullptr) == cudaSuccess);
    CHECK(cudaFreeAsync(b, nullptr) == cudaSuccess);
    CHECK(controls.live().allocations == before.allocations);
    CHECK(cudaMallocHost(&a, 100) == cudaSuccess);
    a[24] = 1;
    CHECK(controls.live().host_allocations == before.host_allocations + 1);
    CHECK(cudaFree(a) == cudaErrorInvalidValue);
    CHECK(cudaFreeHost(a) == cudaSuccess);
}

TEST_CASE("emulated device: two devices with memory and streams of their own") {
    const Fresh fresh;
    int count = 0, current = -1, value = 0;
    CHECK(cudaGetDeviceCount(&count) == cudaSuccess);
    CHECK(count == 2);
    CHECK(cudaSetDevice(2) == cudaErrorInvalidDevice);
    CHECK(cudaSetDevice(1) == cudaSuccess);
    CHECK(cudaGetDevice(&current) == cudaSuccess);
    CHECK(current == 1);
    CHECK(cudaDeviceGetAttribute(&value, cudaDevAttrComputeCapabilityMajor, 1) == cudaSuccess);
    CHECK(value == 9);
    cudaDeviceProp properties;
    CHECK(cudaGetDeviceProperties(&properties, 1) == cudaSuccess);
    CHECK(properties.multiProcessorCount == 4);
    CHECK(cudaGetDeviceProperties(&properties, 2) == cudaErrorInvalidDevice);
    std::size_t free = 0, total = 0;
    CHECK(cudaSetDevice(0) == cudaSuccess);
    Array<char> on_first(1000);
    cudaStream_t of_first = nullptr;
    CHECK(cudaStreamCreate(&of_first) == cudaSuccess);
    CHECK(cudaSetDevice(1) == cudaSuccess);
    CHECK(cudaMemGetInfo(&free, &total) == cudaSuccess);
    CHECK(free == total);
    void* none[] = {nullptr};
    CHECK(cudaLaunchKernel(nothing, 1, 1, none, 0, of_first) == cudaErrorInvalidResourceHandle);
    mentions("while device 1 was current");
    CHECK(cudaSetDevice(0) == cudaSuccess);
    CHECK(cudaLaunchKernel(nothing, 1, 1, none, 0, of_first) == cudaSuccess);
    CHECK(cudaStreamDestroy(of_first) == cudaSuccess);
}

TEST_CASE("emulated device: starts that no device would take") {
    const Fresh fresh;
    const auto before = controls.kernel_launches();
    CHECK(run(nothing, 1, 0, 0) == cudaErrorInvalidConfiguration);
    CHECK(run(nothing, 1, 1025, 0) == cudaErrorInvalidConfiguration);
    CHECK(run(nothing, 1, dim3(64, 8, 4), 0) == cudaErrorInvalidConfiguration);
    CHECK(run(nothing, 1, dim3(1, 1, 65), 0) == cudaErrorInvalidConfiguration);
    mentions("expected 1 to 1024");
    CHECK(run(nothing, 0, 32, 0) == cudaErrorInvalidConfiguration);
    CHECK(run(nothing, dim3(1, 65536), 32, 0) == cudaErrorInvalidConfiguration);
    CHECK(run(nothing, 0x80000000u, 32, 0) == cudaErrorInvalidConfiguration);
    mentions("65535");
    constexpr std::size_t granted_to_all = 48 * 1024;
    CHECK(run(nothing, 1, 32, granted_to_all + 1) == cudaErrorInvalidValue);
    mentions("49153 bytes of shared memory");
    CHECK(cudaFuncSetAttribute(nothing, cudaFuncAttributeMaxDynamicSharedMemorySize, 232449) == cudaErrorInvalidValue);
    CHECK(controls.kernel_launches() == before);
    CHECK(run(nothing, 1, 32, granted_to_all) == cudaSuccess);
    CHECK(cudaFuncSetAttribute(nothing, cudaFuncAttributeMaxDynamicSharedMemorySize, 232448) == cudaSuccess);
    CHECK(run(nothing, 1, 1024, 232448) == cudaSuccess);
    CHECK(cudaFuncSetAttribute(nothing, cudaFuncAttributeMaxDynamicSharedMemorySize, 0) == cudaSuccess);
    CHECK(controls.kernel_launches() == before + 2);
}

TEMPLATE_TEST_CASE_SIG("emulated device: transforms against the direct sum", "", ((std::size_t rank, int n0, int n1, int n2), rank, n0, n1, n2),
                       (1, 9, 1, 1), (1, 1, 1, 1), (2, 6, 5, 1), (3, 4, 3, 7), (3, 2, 6, 4)) {
    const Fresh fresh;
    const std::array<int, 3> three{n0, n1, n2};
    std::array<int, rank> sides{};
    std::copy_n(three.begin(), rank, sides.begin());
    constexpr int batch = 3;
    const auto size = static_cast<std::size_t>(n0 * n1 * n2), last = static_cast<std::size_t>(sides[rank - 1]), half = last / 2 + 1;
    const std::size_t half_size = size / last * half;
    std::vector<float> real(batch * size);
    std::vector<float2> complex(batch * size);
    for (std::size_t i = 0; i < real.size(); i++) {
        real[i] = static_cast<float>(i * 37 % 101) / 50 - 1;
        complex[i] = {real[i], static_cast<float>(i * 53 % 89) / 40 - 1};
    }
    std::array<long long, rank> lengths{};
    std::copy(sides.begin(), sides.end(), lengths.begin());
    const auto made = [&](cufftType type) {
        cufftHandle plan = 0;
        std::size_t bytes = 0;
        REQUIRE(cufftCreate(&plan) == CUFFT_SUCCESS);
        REQUIRE(cufftMakePlanMany64(plan, static_cast<int>(rank), lengths.data(), nullptr, 1, 0, nullptr, 1, 0, type, batch, &bytes) == CUFFT_SUCCESS);
        return plan;
    };
    const auto near = [](float2 found, std::complex<double> expected) {
        // Rounding of float32 in sums of at most 84 terms of size below 2.
        return std::abs(std::complex<double>(static_cast<double>(found.x), static_cast<double>(found.y)) - expected) < 1e-5;
    };

    const cufftHandle forward = made(CUFFT_R2C), back = made(CUFFT_C2R), both = made(CUFFT_C2C);
    Array<float> device_real(real);
    Array<float2> device_half(batch * half_size), device_complex(complex), device_out(batch * size);
    REQUIRE(cufftExecR2C(forward, device_real.data(), device_half.data()) == CUFFT_SUCCESS);
    const auto spectrum = device_half.host();
    REQUIRE(cufftExecC2C(both, device_complex.data(), device_out.data(), CUFFT_INVERSE) == CUFFT_SUCCESS);
    const auto inverse = device_out.host();
    int far = 0;
    for (std::size_t b = 0; b < batch; b++) {
        const auto expected = direct_transform(std::vector<float>(real.begin() + static_cast<long>(b * size), real.begin() + static_cast<long>((b + 1) * size)), sides, -1);
        for (std::size_t row = 0; row < size / last; row++)
            for (std::size_t k = 0; k < half; k++) far += !near(spectrum[b * half_size + row * half + k], expected[row * last + k]);
        std::vector<std::complex<double>> values;
        for (std::size_t i = 0; i < size; i++)
            values.emplace_back(static_cast<double>(complex[b * size + i].x), static_cast<double>(complex[b * size + i].y));
        const auto expected_inverse = direct_transform(values, sides, 1);
        for (std::size_t i = 0; i < size; i++) far += !near(inverse[b * size + i], expected_inverse[i]);
    }
    CHECK(far == 0);

    Array<float> returned(batch * size);
    REQUIRE(cufftExecC2R(back, device_half.data(), returned.data()) == CUFFT_SUCCESS);
    const auto again = returned.host();
    for (std::size_t i = 0; i < again.size(); i++) far += std::fabs(again[i] / static_cast<float>(size) - real[i]) > 1e-6f;
    CHECK(far == 0);
    CHECK(std::isnan(device_half.host()[0].x));  // the input is gone
    CHECK(cufftExecR2C(back, device_real.data(), device_half.data()) == CUFFT_INVALID_PLAN);
    for (const cufftHandle plan : {forward, back, both}) CHECK(cufftDestroy(plan) == CUFFT_SUCCESS);
    CHECK(cufftDestroy(forward) == CUFFT_INVALID_PLAN);
    CHECK(controls.live().plans == 0);
}

TEST_CASE("emulated device: a transform looks at its arrays and its work area") {
    const Fresh fresh;
    cufftHandle plan = 0;
    std::size_t bytes = 0;
    long long length = 8;
    REQUIRE(cufftCreate(&plan) == CUFFT_SUCCESS);
    REQUIRE(cufftSetAutoAllocation(plan, 0) == CUFFT_SUCCESS);
    REQUIRE(cufftMakePlanMany64(plan, 1, &length, nullptr, 1, 0, nullptr, 1, 0, CUFFT_R2C, 2, &bytes) == CUFFT_SUCCESS);
    REQUIRE(bytes > 0);
    Array<float> in(std::vector<float>(16, 1.f)), short_in(15);
    Array<float2> out(10), short_out(9);
    CHECK(cufftExecR2C(plan, in.data(), out.data()) == CUFFT_EXEC_FAILED);
    mentions("work area");
    Array<char> work(bytes);
    CHECK(cufftSetWorkArea(plan, work.data()) == CUFFT_SUCCESS);
    CHECK(cufftExecR2C(plan, in.data(), out.data()) == CUFFT_SUCCESS);
    CHECK(cufftExecR2C(plan, short_in.data(), out.data()) == CUFFT_EXEC_FAILED);
    mentions("input of a transform");
    CHECK(cufftExecR2C(plan, in.data(), short_out.data()) == CUFFT_EXEC_FAILED);
    mentions("output of a transform");
    CHECK(cufftDestroy(plan) == CUFFT_SUCCESS);
}

TEST_CASE("emulated device: failures on demand") {
    const Fresh fresh;
    Array<float> array(8);
    std::vector<float> host(8);
    const auto allocate = [] {
        float* memory = nullptr;
        const cudaError_t code = cudaMalloc(&memory, 8);
        if (code == cudaSuccess) CHECK(cudaFree(memory) == cudaSuccess);
        return code;
    };
    const auto copy = [&] { return cudaMemcpy(host.data(), array.data(), 32, cudaMemcpyDeviceToHost); };
    const auto start = [] { return run(nothing, 1, 1, 0); };
    const auto stream = [] {
        cudaStream_t made = nullptr;
        const cudaError_t code = cudaStreamCreate(&made);
        if (code == cudaSuccess) CHECK(cudaStreamDestroy(made) == cudaSuccess);
        return code;
    };
    const auto third = [](auto&& call, Failing what, auto expected) {
        controls.fail(what, 3);
        for (int i = 1; i <= 4; i++) {
            const auto code = call();
            CHECK((code == expected) == (i == 3));
            if (i != 3) CHECK(static_cast<int>(code) == 0);
        }
    };
    third(allocate, Failing::allocation, cudaErrorMemoryAllocation);
    third(copy, Failing::copy, cudaErrorInvalidValue);
    third(start, Failing::launch, cudaErrorLaunchOutOfResources);
    third(stream, Failing::stream, cudaErrorMemoryAllocation);
    controls.fail(Failing::copy, 1);
    controls.fail(Failing::copy, 0);  // taken back
    CHECK(copy() == cudaSuccess);

    cufftHandle plan = 0;
    std::size_t bytes = 0;
    long long length = 8;
    REQUIRE(cufftCreate(&plan) == CUFFT_SUCCESS);
    controls.fail(Failing::plan, 1);
    const auto make = [&] { return cufftMakePlanMany64(plan, 1, &length, nullptr, 1, 0, nullptr, 1, 0, CUFFT_R2C, 1, &bytes); };
    CHECK(make() == CUFFT_ALLOC_FAILED);
    CHECK(make() == CUFFT_SUCCESS);
    Array<float> real(std::vector<float>(8, 1.f));
    Array<float2> complex(5);
    third([&] { return cufftExecR2C(plan, real.data(), complex.data()); }, Failing::transform, CUFFT_EXEC_FAILED);
    CHECK(cufftDestroy(plan) == CUFFT_SUCCESS);

    int count = -7;
    controls.fail(Failing::driver, 1);
    CHECK(cudaGetDeviceCount(&count) == cudaErrorInsufficientDriver);
    CHECK(count == -7);
    controls.fail(Failing::driver, 0);
    CHECK(cudaGetDeviceCount(&count) == cudaSuccess);
    controls.set_devices(0, 1000);
    CHECK(cudaGetDeviceCount(&count) == cudaErrorNoDevice);
}

namespace {

struct Asked {
    Failing what;
    std::uint64_t place;
};
std::vector<Asked> questions;

bool second_copy(Failing what, std::uint64_t place) {
    questions.push_back({what, place});
    return what == Failing::copy && std::count_if(questions.begin(), questions.end(), [](const Asked& q) { return q.what == Failing::copy; }) == 2;
}

}  // namespace

TEST_CASE("emulated device: calls ask whether they fail, and say where they come from") {
    const Fresh fresh;
    Array<float> array(8);
    std::vector<float> host(8);
    const auto copy = [&] { return cudaMemcpy(host.data(), array.data(), 32, cudaMemcpyDeviceToHost); };
    questions.clear();
    controls.ask(second_copy);
    for (int i = 1; i <= 3; i++) CHECK(copy() == (i == 2 ? cudaErrorInvalidValue : cudaSuccess));
    CHECK(copy() == cudaSuccess);
    CHECK(run(nothing, 1, 1, 0) == cudaSuccess);
    controls.ask(nullptr);
    CHECK(copy() == cudaSuccess);
    REQUIRE(questions.size() == 6);
    for (std::size_t i = 0; i < 4; i++) CHECK(questions[i].what == Failing::copy);
    CHECK(questions[0].place == questions[1].place);  // of the loop
    CHECK(questions[1].place == questions[2].place);
    CHECK(questions[3].place != questions[0].place);
    CHECK(questions[4].what == Failing::launch);
    CHECK(questions[5].what == Failing::kernel);
}

TEST_CASE("emulated device: an error of a kernel stays with the device") {
    const Fresh fresh;
    float* memory = nullptr;
    REQUIRE(cudaMalloc(&memory, 8) == cudaSuccess);
    controls.fail(Failing::kernel, 2);
    CHECK(run(nothing, 1, 1, 0) == cudaSuccess);
    CHECK(run(nothing, 1, 1, 0) == cudaSuccess);  // known only later
    CHECK(cudaStreamSynchronize(nullptr) == cudaErrorIllegalAddress);
    CHECK(run(nothing, 1, 1, 0) == cudaErrorIllegalAddress);
    CHECK(cudaMalloc(&memory, 8) == cudaErrorIllegalAddress);
    CHECK(cudaGetLastError() == cudaErrorIllegalAddress);
    CHECK(cudaGetLastError() == cudaErrorIllegalAddress);
    CHECK(cudaFree(memory) == cudaErrorIllegalAddress);  // and frees
    CHECK(cudaSetDevice(1) == cudaSuccess);
    CHECK(run(nothing, 1, 1, 0) == cudaSuccess);
    CHECK(cudaSetDevice(0) == cudaSuccess);
    controls.reset();
    CHECK(run(nothing, 1, 1, 0) == cudaSuccess);
}

TEST_CASE("planted: a missing barrier changes the result with the order") {
    const Fresh fresh;
    std::vector<float> in(64), expected;
    std::iota(in.begin(), in.end(), 0.f);
    for (int i = 63; i >= 0; i--) expected.push_back(2 * static_cast<float>(i));
    const auto result = [&](auto kernel, const OrderCase& order) {
        controls.set_order(order.order, order.seed);
        Array<float> values(in), out(64);
        REQUIRE(run(kernel, 1, 64, 64 * sizeof(float), values.data(), out.data()) == cudaSuccess);
        return out.host();
    };
    for (const OrderCase& order : orders) CHECK(result(turned_round<true>, order) == expected);
    if (thread_sanitizer) {  // sees it in any order
        for (const OrderCase& order : orders) CHECK_THAT(said_by_sanitizer([&] { result(turned_round<false>, order); }), ContainsSubstring("data race"));
        return;
    }
    const auto forward = result(turned_round<false>, orders[0]), reversed = result(turned_round<false>, orders[1]);
    CHECK(forward != reversed);
    CHECK(forward != expected);
    CHECK(reversed != expected);
    CHECK(result(turned_round<false>, orders[2]) != expected);
}

TEST_CASE("planted: barriers that not all threads come to") {
    const Fresh fresh;
    for (const auto& [order, seed] : orders) {
        controls.set_order(order, seed);
        Array<float> out(3 * 64);
        CHECK(run(barrier_for_some<true>, 3, 64, 0, out.data()) == cudaSuccess);
        CHECK(run(two_barriers<true>, 3, 64, 0, out.data()) == cudaSuccess);
        CHECK(run(barrier_for_some<false>, 3, 64, 0, out.data()) == cudaErrorLaunchFailure);
        mentions("40 of 64 threads wait at the barrier of");
        mentions("24 have left the kernel");
        CHECK(std::string(cudaGetErrorString(cudaErrorLaunchFailure)).find("40 of 64") != std::string::npos);
        controls.reset();
        CHECK(run(two_barriers<false>, 3, 64, 0, out.data()) == cudaErrorLaunchFailure);
        mentions("comes to the barrier of");
        controls.reset();
        // The device is in order afterwards.
        CHECK(run(barrier_for_some<true>, 3, 64, 0, out.data()) == cudaSuccess);
    }
}

TEST_CASE("planted: warp operations with lanes that are missing or differ") {
    const Fresh fresh;
    const auto fails = [](auto right, auto wrong, unsigned threads, const std::string& sentence) {
        for (const auto& [order, seed] : orders) {
            controls.set_order(order, seed);
            Array<int> out(2 * threads);
            CHECK(run(right, 2, threads, 0, out.data()) == cudaSuccess);
            CHECK(run(wrong, 2, threads, 0, out.data()) == cudaErrorLaunchFailure);
            mentions(sentence);
            controls.reset();
            CHECK(run(right, 2, threads, 0, out.data()) == cudaSuccess);
        }
    };
    fails(lane_left<true>, lane_left<false>, 64, "31 of 64 threads wait for lanes of their warp");
    fails(lane_at_barrier<true>, lane_at_barrier<false>, 32, "31 of 32 threads wait for lanes");
    fails(lane_of_another_kind<true>, lane_of_another_kind<false>, 32, "__all_sync");
    fails(masks_that_differ<true>, masks_that_differ<false>, 32, "another mask");
    fails(outside_own_mask<true>, outside_own_mask<false>, 32, "not in the mask");
    fails(lane_read_from_outside<true>, lane_read_from_outside<false>, 20, "takes no part");
}

TEST_CASE("planted: shared memory read before it is written shows as NaN") {
    const Fresh fresh;
    Array<float> out(32);
    REQUIRE(run(read_before_written<true>, 1, 32, 128, out.data()) == cudaSuccess);
    const auto good = out.host();
    REQUIRE(run(read_before_written<false>, 1, 32, 128, out.data()) == cudaSuccess);
    const auto bad = out.host();
    for (std::size_t i = 0; i < 32; i++) {
        CHECK(good[i] == 1);
        CHECK(std::isnan(bad[i]) == (i == 2));
    }
}

TEST_CASE("planted: a write beyond the shared memory of the launch") {
    const Fresh fresh;
    Array<float> out(64);
    CHECK(run(beyond_shared<true>, 2, 32, 128, out.data()) == cudaSuccess);
    if (thread_sanitizer) return;  // for which it is a race in the first place
    const auto wrong = [&] { return run(beyond_shared<false>, 2, 32, 128, out.data()); };
    if (address_sanitizer) {
        CHECK_THAT(said_by_sanitizer([&] { static_cast<void>(wrong()); }), ContainsSubstring("heap-buffer-overflow"));
    } else {
        CHECK(wrong() == cudaErrorLaunchFailure);
        mentions("beyond the 128 bytes of shared memory");
    }
}

TEST_CASE("planted: a write beyond a device buffer") {
    const Fresh fresh;
    Array<float> out(100);
    CHECK(run(beyond_buffer<true>, 1, 32, 0, out.data(), 100) == cudaSuccess);
    const auto wrong = [&] { return run(beyond_buffer<false>, 1, 32, 0, out.data(), 100); };
    if (address_sanitizer) {
        CHECK_THAT(said_by_sanitizer([&] { static_cast<void>(wrong()); }), ContainsSubstring("heap-buffer-overflow"));
    } else {
        CHECK(wrong() == cudaErrorLaunchFailure);
        mentions("beyond the end of an allocation of 400 bytes");
        // The margin stays written over until the allocation is freed.
        controls.reset();
    }
}

TEST_CASE("planted: the host reads device memory, and a kernel that of another device") {
    const Fresh fresh;
    if (!address_sanitizer) {
        WARN("skipped: only the address sanitizer sees it");
        return;
    }
    Array<float> first(32);
    CHECK(said_by_sanitizer([&] { static_cast<void>(run(beyond_buffer<true>, 1, 32, 0, first.data(), 32)); }).empty());
    CHECK_THAT(said_by_sanitizer([&] { first.data()[3] = 1; }), ContainsSubstring("use-after-poison"));
    CHECK_THAT(said_by_sanitizer([&] {
                   static_cast<void>(cudaSetDevice(1));
                   static_cast<void>(run(beyond_buffer<true>, 1, 32, 0, first.data(), 32));
               }),
               ContainsSubstring("use-after-poison"));
}

TEST_CASE("planted: memory freed twice, and memory never freed") {
    const Fresh fresh;
    const auto before = controls.live();
    float *once = nullptr, *twice = nullptr, *never = nullptr;
    for (float** memory : {&once, &twice, &never}) REQUIRE(cudaMalloc(memory, 8) == cudaSuccess);
    CHECK(cudaFree(once) == cudaSuccess);
    CHECK(std::string(controls.last_fault()).empty());
    CHECK(cudaFree(twice) == cudaSuccess);
    CHECK(cudaFree(twice) == cudaErrorInvalidValue);
    mentions("freed that is not allocated");
    CHECK(controls.live().allocations == before.allocations + 1);
    CHECK(cudaFree(never + 1) == cudaErrorInvalidValue);
    CHECK(cudaFree(never) == cudaSuccess);
    CHECK(controls.live().allocations == before.allocations);
}

TEST_CASE("planted: blocks that write the same place") {
    const Fresh fresh;
    const auto result = [](auto kernel, const OrderCase& order) {
        controls.set_order(order.order, order.seed);
        Array<int> out(std::vector<int>{-1});
        REQUIRE(run(kernel, 50, 1, 0, out.data()) == cudaSuccess);
        return out.host()[0];
    };
    for (const OrderCase& order : orders) CHECK(result(blocks_share<true>, order) == 49);
    if (thread_sanitizer) {
        for (const OrderCase& order : orders) CHECK_THAT(said_by_sanitizer([&] { result(blocks_share<false>, order); }), ContainsSubstring("data race"));
        return;
    }
    CHECK(result(blocks_share<false>, orders[0]) == 49);
    CHECK(result(blocks_share<false>, orders[1]) == 0);
}

namespace {

__global__ void barriers(float* out, int n) {
    for (int i = 0; i < n; i++) __syncthreads();
    out[threadIdx.x] = 1;
}
__global__ void shuffled(float* out, int n) {
    float value = static_cast<float>(threadIdx.x);
    for (int i = 0; i < n; i++) value = __shfl_xor_sync(0xffffffffu, value, 1);
    out[threadIdx.x] = value;
}

}  // namespace

TEST_CASE("speed of the emulated device", "[.speed]") {
    const Fresh fresh;
    const auto seconds = [](auto&& body) {  // of the processor, which others may use as well
        const std::clock_t begin = std::clock();
        body();
        return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    };
    constexpr long n = 4 << 20;
    Array<float> out(n);
    const double loop = seconds([&] { REQUIRE(run(fill, n / 256, 256, 0, out.data(), n) == cudaSuccess); });
    WARN("a thread without barriers: " << loop / n * 1e9 << " ns");
    for (const int threads : {32, 256, 1024}) {
        const int rounds = (1 << 21) / threads;
        const double b = seconds([&] { REQUIRE(run(barriers, 1, static_cast<unsigned>(threads), 0, out.data(), rounds) == cudaSuccess); });
        const double s = seconds([&] { REQUIRE(run(shuffled, 1, static_cast<unsigned>(threads), 0, out.data(), rounds) == cudaSuccess); });
        WARN(threads << " threads: " << b / (1 << 21) * 1e9 << " ns a thread and barrier, " << s / (1 << 21) * 1e9 << " ns a thread and shuffle");
    }
}
