// Capture of streams, and graphs.
#include <mutex>
#include <set>

#include "device_state.hpp"

using emulation::Recording;

struct EmulatedGraph {
    std::shared_ptr<Recording> recording;
};
struct EmulatedGraphExec {
    std::shared_ptr<Recording> recording;
};

namespace emulation {
namespace {

std::mutex mutex;
std::set<const void*>& graphs() {
    static auto* const all = new std::set<const void*>;
    return *all;
}
void born(const void* graph) {
    const std::lock_guard lock(mutex);
    graphs().insert(graph);
    count_graphs(1);
}
bool dies(const void* graph) {
    const std::lock_guard lock(mutex);
    if (!graph || !graphs().erase(graph)) return false;
    count_graphs(-1);
    return true;
}
bool is_live(const void* graph) {
    const std::lock_guard lock(mutex);
    return graph && graphs().count(graph);
}

cudaError_t spoil(Recording& recording, const std::string& call) {
    recording.spoilt = true;
    return report_error(cudaErrorStreamCaptureUnsupported, call + " was called while a stream was capturing");
}

}  // namespace

bool recorded(cudaStream_t stream, std::function<cudaError_t(cudaStream_t)> work, cudaError_t& code) {
    const auto& recording = recording_of(stream);
    if (!recording) return false;
    code = cudaSuccess;
    if (recording->spoilt) code = report_error(cudaErrorStreamCaptureInvalidated, "work for a stream whose capture was spoilt");
    else recording->work.push_back(std::move(work));
    return true;
}

cudaError_t refused_while_capturing(const char* call, cudaStream_t stream) {
    const auto& recording = recording_of(stream);
    return recording ? spoil(*recording, call) : cudaSuccess;
}

cudaError_t refused_while_any_captures(const char* call) {
    cudaError_t code = cudaSuccess;
    each_stream([&](cudaStream_t stream) {
        const auto& recording = recording_of(stream);
        if (!recording || recording->mode == cudaStreamCaptureModeRelaxed) return;
        if (recording->mode == cudaStreamCaptureModeThreadLocal && recording->thread != std::this_thread::get_id()) return;
        code = spoil(*recording, call);
    });
    return code;
}

}  // namespace emulation

using emulation::report_error;

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
    if (const cudaError_t code = emulation::error_of_device()) return code;
    if (!stream) return report_error(cudaErrorStreamCaptureUnsupported, "the default stream cannot capture");
    if (!emulation::lives(stream)) return report_error(cudaErrorInvalidResourceHandle, "cudaStreamBeginCapture was given a stream that does not live");
    auto& recording = emulation::recording_of(stream);
    if (recording) return report_error(cudaErrorIllegalState, "cudaStreamBeginCapture of a stream that is capturing");
    recording = std::make_shared<Recording>();
    recording->mode = mode;
    recording->thread = std::this_thread::get_id();
    return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
    *graph = nullptr;
    if (!stream || !emulation::lives(stream) || !emulation::recording_of(stream))
        return report_error(cudaErrorIllegalState, "cudaStreamEndCapture of a stream that is not capturing");
    const std::shared_ptr<Recording> recording = std::move(emulation::recording_of(stream));
    emulation::recording_of(stream) = nullptr;
    if (recording->spoilt) return report_error(cudaErrorStreamCaptureInvalidated, "the capture was spoilt by a call that it cannot take");
    *graph = new EmulatedGraph{recording};
    emulation::born(*graph);
    return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
    if (stream && !emulation::lives(stream)) return report_error(cudaErrorInvalidResourceHandle, "cudaStreamIsCapturing was given a stream that does not live");
    const auto& recording = emulation::recording_of(stream);
    *status = !recording ? cudaStreamCaptureStatusNone : recording->spoilt ? cudaStreamCaptureStatusInvalidated : cudaStreamCaptureStatusActive;
    return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
    if (!executable || !emulation::is_live(graph)) return report_error(cudaErrorInvalidValue, "cudaGraphInstantiate was given a graph that does not live");
    *executable = new EmulatedGraphExec{graph->recording};
    emulation::born(*executable);
    return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
    if (!emulation::is_live(executable)) return report_error(cudaErrorInvalidValue, "cudaGraphLaunch was given a graph that does not live");
    if (stream && !emulation::lives(stream)) return report_error(cudaErrorInvalidResourceHandle, "cudaGraphLaunch was given a stream that does not live");
    if (const cudaError_t code = emulation::refused_while_capturing("cudaGraphLaunch (in a graph: not emulated)", stream)) return code;
    const std::shared_ptr<Recording> recording = executable->recording;
    for (const auto& work : recording->work)
        if (const cudaError_t code = work(stream)) return code;
    return emulation::error_of_device();
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
    if (!emulation::dies(executable)) return report_error(cudaErrorInvalidValue, "an executable graph was destroyed that does not live");
    delete executable;
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    if (!emulation::dies(graph)) return report_error(cudaErrorInvalidValue, "a graph was destroyed that does not live");
    delete graph;
    return cudaSuccess;
}
