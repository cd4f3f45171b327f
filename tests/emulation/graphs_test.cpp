// Capture and graphs of the emulated device, and repeated work (cuda/runtime/repeated_work.hpp) on it, with bugs planted.
#include <cstdlib>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "catch.hpp"
#include "controls.hpp"
#include "kernels/density_compensation.hpp"
#include "runtime/device_buffer.hpp"
#include "runtime/fft_plan.hpp"
#include "runtime/launch.hpp"
#include "runtime/repeated_work.hpp"

using namespace tumble::cuda;

namespace {

__global__ void add(int n, int what, int* values) {
    for (int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x); i < n; i += static_cast<int>(gridDim.x * blockDim.x)) values[i] += what;
}

struct Scene {
    static constexpr int n = 100;
    Device device{0};
    std::vector<int> start = std::vector<int>(n);
    DeviceBuffer<int> values, copy;
    const emulation::Controls& controls = *tumble_emulation_controls();

    Scene() : values(device, n, "values"), copy(device, n, "a copy") {
        std::iota(start.begin(), start.end(), 0);
        copy_to_device(device, start.data(), n, values.data());
        clear(device, copy);
        device.synchronize("test");
    }
    void add_to_all(int what) { launch(device, "add", add, LaunchShape{dim3(2), dim3(32), 0}, n, what, values.data()); }
    std::vector<int> on_host() {
        std::vector<int> out(n);
        copy_to_host(device, values.data(), n, out.data());
        device.synchronize("test");
        return out;
    }
    std::vector<int> start_plus(int what) const {
        std::vector<int> out = start;
        for (int& x : out) x += what;
        return out;
    }
};

std::string failure_of(const std::function<void()>& body) {
    try {
        body();
    } catch (const DeviceError& e) {
        return e.what();
    }
    return {};
}

}  // namespace

TEST_CASE("a graph does when it is launched what was recorded, and nothing before", "[graphs][small]") {
    Scene s;
    const auto launches = s.controls.kernel_launches();
    REQUIRE(cudaStreamBeginCapture(s.device.stream(), cudaStreamCaptureModeThreadLocal) == cudaSuccess);
    cudaStreamCaptureStatus status{};
    CHECK((cudaStreamIsCapturing(s.device.stream(), &status) == cudaSuccess && status == cudaStreamCaptureStatusActive));
    s.add_to_all(3);
    copy_on_device(s.device, s.values.data(), Scene::n, s.copy.data());
    clear(s.device, s.values);
    s.add_to_all(5);
    cudaGraph_t graph = nullptr;
    REQUIRE(cudaStreamEndCapture(s.device.stream(), &graph) == cudaSuccess);
    cudaGraphExec_t executable = nullptr;
    REQUIRE(cudaGraphInstantiate(&executable, graph) == cudaSuccess);
    REQUIRE(cudaGraphDestroy(graph) == cudaSuccess);
    CHECK(s.controls.kernel_launches() == launches);
    CHECK(s.on_host() == s.start);
    for (int run = 0; run < 2; run++) REQUIRE(cudaGraphLaunch(executable, s.device.stream()) == cudaSuccess);
    CHECK(s.controls.kernel_launches() == launches + 4);
    CHECK(s.on_host() == std::vector<int>(Scene::n, 5));
    std::swap(s.values, s.copy);
    CHECK(s.on_host() == std::vector<int>(Scene::n, 8));  // of the second run
    REQUIRE(cudaGraphExecDestroy(executable) == cudaSuccess);
    CHECK(cudaGraphLaunch(executable, s.device.stream()) == cudaErrorInvalidValue);
    CHECK(s.controls.live().graphs == 0);
    s.controls.reset();
}

TEST_CASE("a graph takes transforms and copies with pinned memory", "[graphs][small]") {
    Device device(0);
    const int side = 6;
    const FftPlan forward(device, FftPlan::Kind::real_to_complex, {side, side}, 1), inverse(device, FftPlan::Kind::complex_to_real, {side, side}, 1);
    std::vector<float> start(side * side);
    std::iota(start.begin(), start.end(), 1.0f);
    auto values = to_device<float>(device, start, "values");
    DeviceBuffer<float2> spectrum(device, side * (side / 2 + 1), "spectrum");
    void* pinned = nullptr;
    REQUIRE(cudaMallocHost(&pinned, start.size() * sizeof(float)) == cudaSuccess);
    REQUIRE(cudaStreamBeginCapture(device.stream(), cudaStreamCaptureModeThreadLocal) == cudaSuccess);
    forward.forward(values.data(), spectrum.data());
    inverse.inverse(spectrum.data(), values.data());
    copy_to_host(device, values.data(), start.size(), static_cast<float*>(pinned));
    cudaGraph_t graph = nullptr;
    REQUIRE(cudaStreamEndCapture(device.stream(), &graph) == cudaSuccess);
    cudaGraphExec_t executable = nullptr;
    REQUIRE(cudaGraphInstantiate(&executable, graph) == cudaSuccess);
    for (int run = 1; run <= 2; run++) {
        REQUIRE(cudaGraphLaunch(executable, device.stream()) == cudaSuccess);
        device.synchronize("test");
        const double factor = run == 1 ? 36 : 36 * 36;
        for (std::size_t i = 0; i < start.size(); i++) CHECK(static_cast<float*>(pinned)[i] == Approx(factor * start[i]));
    }
    CHECK(cudaGraphExecDestroy(executable) == cudaSuccess);
    CHECK(cudaGraphDestroy(graph) == cudaSuccess);
    CHECK(cudaFreeHost(pinned) == cudaSuccess);
}

TEST_CASE("what a capture cannot take is refused and spoils it", "[graphs][small]") {
    Scene s;
    std::vector<int> host(Scene::n);
    void* memory = nullptr;
    const std::vector<std::pair<std::string, std::function<cudaError_t()>>> calls = {
        {"cudaStreamSynchronize", [&] { return cudaStreamSynchronize(s.device.stream()); }},
        {"cudaStreamSynchronize", [&] { return cudaStreamQuery(s.device.stream()); }},
        {"cudaDeviceSynchronize", [&] { return cudaDeviceSynchronize(); }},
        {"cudaMalloc", [&] { return cudaMalloc(&memory, 64); }},
        {"cudaMallocHost", [&] { return cudaMallocHost(&memory, 64); }},
        {"cudaMallocAsync", [&] { return cudaMallocAsync(&memory, 64, s.device.stream()); }},
        {"cudaMemset", [&] { return cudaMemset(s.values.data(), 0, 4); }},
        {"cudaMemcpy", [&] { return cudaMemcpy(host.data(), s.values.data(), 4, cudaMemcpyDeviceToHost); }},
        {"pageable", [&] { return cudaMemcpyAsync(host.data(), s.values.data(), 4, cudaMemcpyDeviceToHost, s.device.stream()); }},
        {"pageable", [&] { return cudaMemcpyAsync(s.values.data(), host.data(), 4, cudaMemcpyHostToDevice, s.device.stream()); }},
    };
    for (const auto& [word, call] : calls) {
        INFO(word);
        REQUIRE(cudaStreamBeginCapture(s.device.stream(), cudaStreamCaptureModeThreadLocal) == cudaSuccess);
        s.add_to_all(1);
        CHECK(call() == cudaErrorStreamCaptureUnsupported);
        CHECK(std::string(s.controls.last_fault()).find(word) != std::string::npos);
        CHECK_THROWS_AS(s.add_to_all(1), DeviceError);
        cudaGraph_t graph = nullptr;
        CHECK(cudaStreamEndCapture(s.device.stream(), &graph) == cudaErrorStreamCaptureInvalidated);
        CHECK(graph == nullptr);
        CHECK(call() == cudaSuccess);  // allowed again
        if (memory) {
            CHECK((word == "cudaMallocHost" ? cudaFreeHost(memory) : cudaFree(memory)) == cudaSuccess);
            memory = nullptr;
        }
        copy_to_device(s.device, s.start.data(), Scene::n, s.values.data());
    }
    // The other modes: all threads, and nothing but the stream itself.
    REQUIRE(cudaStreamBeginCapture(s.device.stream(), cudaStreamCaptureModeRelaxed) == cudaSuccess);
    CHECK(cudaDeviceSynchronize() == cudaSuccess);
    cudaGraph_t graph = nullptr;
    CHECK(cudaStreamBeginCapture(s.device.stream(), cudaStreamCaptureModeRelaxed) == cudaErrorIllegalState);
    CHECK(cudaStreamEndCapture(s.device.stream(), &graph) == cudaSuccess);
    CHECK(cudaGraphDestroy(graph) == cudaSuccess);
    CHECK(cudaStreamEndCapture(s.device.stream(), &graph) == cudaErrorIllegalState);
    CHECK(s.on_host() == s.start);
    CHECK(s.controls.live().graphs == 0);
    s.controls.reset();
}

TEST_CASE("repeated work is done as often as it is asked for, with and without graphs", "[graphs][small]") {
    for (const char* graphs : {"1", "0"}) {
        REQUIRE(setenv("TUMBLE_CUDA_GRAPHS", graphs, 1) == 0);
        Scene s;
        const auto launches = s.controls.kernel_launches();
        int asked = 0;
        {
            RepeatedWork work(s.device, "work of 1 kernel");
            for (int run = 1; run <= 6; run++) {
                work.run([&] {
                    asked++;
                    s.add_to_all(7);
                });
                CHECK(s.on_host() == s.start_plus(7 * run));
            }
            CHECK(s.controls.live().graphs == (graphs[0] == '1' ? 1 : 0));
        }
        CHECK(asked == (graphs[0] == '1' ? 2 : 6));
        CHECK(s.controls.kernel_launches() == launches + 6);
        CHECK(s.controls.live().graphs == 0);
    }
    unsetenv("TUMBLE_CUDA_GRAPHS");
}

TEST_CASE("repeated work that waits, allocates or copies to the host is told, and the stream can be used again", "[graphs][small]") {
    Scene s;
    std::vector<int> host(Scene::n);
    const std::vector<std::function<void()>> bugs = {
        [&] { s.device.synchronize("a step"); },
        [&] { DeviceBuffer<int> forgotten(s.device, 10, "a step"); },
        [&] { copy_to_host(s.device, s.values.data(), Scene::n, host.data()); },
    };
    int sum = 0;
    for (const auto& bug : bugs) {
        RepeatedWork work(s.device, "work of 1 kernel");
        const auto step = [&] {
            s.add_to_all(1);
            bug();
        };
        work.run(step);  // not recorded
        const std::string told = failure_of([&] { work.run(step); });
        INFO(told);
        CHECK(told.find("not permitted when stream is capturing") != std::string::npos);
        s.device.synchronize("test");
        CHECK(s.on_host() == s.start_plus(++sum));
        CHECK(s.controls.live().graphs == 0);
    }
    s.controls.reset();
}

TEST_CASE("the solver is told of whatever fails in it, recorded or not, leaves nothing behind and can be used again", "[graphs]") {
    using emulation::Failing;
    const emulation::Controls& controls = *tumble_emulation_controls();
    controls.reset();
    constexpr int box = 8;
    Device device(0);
    std::vector<float> right(box * box * box), kernel(8 * right.size());
    for (std::size_t i = 0; i < right.size(); i++) right[i] = static_cast<float>(i % 17) - 8.0f;
    const auto at = [](int x, int y, int z) { return static_cast<std::size_t>((z * 2 * box + y) * 2 * box + x); };
    kernel[at(box, box, box)] = 4;  // and the next voxels along x
    kernel[at(box - 1, box, box)] = kernel[at(box + 1, box, box)] = 1;
    DeviceEquations equations;
    equations.box = box;
    equations.right_side = to_device<float>(device, right, "right side");
    equations.kernel = to_device<float>(device, kernel, "kernel");
    const std::vector<float> mask(right.size(), 1.0f);
    const std::vector<double> prior(box / 2 + 1, 0.01);
    const auto solution = [&] {
        const DeviceBuffer<float> map = solve(device, equations, {3, 0, prior, mask.data()});  // as it is, recorded, replayed
        std::vector<float> out(map.size());
        copy_to_host(device, map.data(), out.size(), out.data());
        device.synchronize("test");
        return out;
    };
    const std::vector<float> expected = solution();
    const emulation::Live before = controls.live();
    for (const Failing kind : {Failing::allocation, Failing::launch, Failing::copy, Failing::plan, Failing::transform, Failing::kernel}) {
        const bool many = kind == Failing::launch || kind == Failing::transform || kind == Failing::kernel;  // sums take their time here
        long n = 1;
        for (;; n += many ? 11 : 1) {
            controls.fail(kind, n);
            if (failure_of([&] { solution(); }).empty()) break;
            const emulation::Live after = controls.live();
            CHECK(after.allocations == before.allocations);
            CHECK(after.plans == before.plans);
            CHECK(after.graphs == 0);
            controls.reset();
        }
        controls.reset();
        INFO("kind " << static_cast<int>(kind) << ": the calls before " << n << " failed");
        CHECK(n > 4);
        CHECK(solution() == expected);
    }
}
