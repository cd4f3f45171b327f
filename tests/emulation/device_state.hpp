#pragma once
// Between the two halves of the emulation: the running of blocks (block.cpp) and the runtime (runtime.cpp).
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "controls.hpp"
#include "cuda_runtime.h"

namespace emulation {

struct OrderChoice {
    Order order = Order::forward;
    std::uint64_t seed = 0;
};

/// Runs all blocks of a launch; the sentence of the first fault, or an empty one.
std::string run_grid(const Launch& launch, OrderChoice order);

// For cuFFT.
cudaError_t error_of_device();  ///< the one that stays with the current device, if any
/// Do all bytes lie in one live allocation of the current device? If not, that is a fault.
bool lies_on_device(const void* memory, std::size_t bytes, const char* what);
/// Asks the test whether the call fails (Controls::ask), to be called before any lock is taken; fails_now() has the answer.
void ask(Failing what);
bool fails_now(Failing what);
void count_plans(long change);

/// While one lives, the memory of that device may be touched (address sanitizer).
class OpenMemory {
  public:
    explicit OpenMemory(int device);
    ~OpenMemory();
    OpenMemory(const OpenMemory&) = delete;
    OpenMemory& operator=(const OpenMemory&) = delete;

  private:
    int device_;
};
int current_device();

// Graphs (graphs.cpp).

/// What a stream has recorded, each to be done on the stream that is given then.
struct Recording {
    std::vector<std::function<cudaError_t(cudaStream_t)>> work;
    cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
    std::thread::id thread;  ///< that began it
    bool spoilt = false;
};
/// Of the stream, if it is capturing; null otherwise.
std::shared_ptr<Recording>& recording_of(cudaStream_t stream);
/// Records, where the stream is capturing: true, and `code` is what the call returns. Otherwise false.
bool recorded(cudaStream_t stream, std::function<cudaError_t(cudaStream_t)> work, cudaError_t& code);
/// For calls that no capture can take; `stream`: the one they ask of. An error, and the capture is spoilt.
cudaError_t refused_while_capturing(const char* call, cudaStream_t stream);
/// For calls that ask of the whole device: any capture whose mode minds.
cudaError_t refused_while_any_captures(const char* call);
/// report() of the runtime.
cudaError_t report_error(cudaError_t code, const std::string& sentence);
/// Calls `each` for the streams of all devices.
void each_stream(const std::function<void(cudaStream_t)>& each);
bool lives(cudaStream_t stream);
void count_graphs(long change);

}  // namespace emulation
