#pragma once
// Between the two halves of the emulation: the running of blocks (block.cpp) and the runtime (runtime.cpp).
#include <cstddef>
#include <cstdint>
#include <string>

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

}  // namespace emulation
