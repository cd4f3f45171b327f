#include "runtime/repeated_work.hpp"

#include <cstdlib>
#include <string_view>

namespace tumble::cuda {
namespace {

// Others that use the runtime in other threads are not in the way.
constexpr cudaStreamCaptureMode mode = cudaStreamCaptureModeThreadLocal;

std::string advice(const std::string& call, const std::string& what) {
    return call + " of " + what + " (TUMBLE_CUDA_GRAPHS=0 does without graphs)";
}

}  // namespace

bool graphs_wanted() {
    const char* text = std::getenv("TUMBLE_CUDA_GRAPHS");
    return !text || std::string_view(text) != "0";
}

RepeatedWork::~RepeatedWork() {
    if (recorded_) swallow(cudaGraphExecDestroy(recorded_));
}

void RepeatedWork::begin() {
    check(cudaStreamBeginCapture(device_.stream(), mode), advice("cudaStreamBeginCapture", what_));
}

void RepeatedWork::end() {
    cudaGraph_t graph = nullptr;
    check(cudaStreamEndCapture(device_.stream(), &graph), advice("cudaStreamEndCapture", what_));
    const cudaError_t code = cudaGraphInstantiate(&recorded_, graph, 0);
    swallow(cudaGraphDestroy(graph));
    if (code != cudaSuccess) recorded_ = nullptr;
    check(code, advice("cudaGraphInstantiate", what_));
}

void RepeatedWork::abandon() noexcept {
    cudaGraph_t graph = nullptr;
    swallow(cudaStreamEndCapture(device_.stream(), &graph));
    if (graph) swallow(cudaGraphDestroy(graph));
}

void RepeatedWork::start() {
    check(cudaGraphLaunch(recorded_, device_.stream()), "cudaGraphLaunch of " + what_);
}

}  // namespace tumble::cuda
