#pragma once
// Each batch operation on a device beside the same on the processor, in one run.
#include <string>
#include <vector>

#include "benchmarks/benchmark_ratio.hpp"

namespace tumble::benchmark {

/// Times of whole entries of the seam, copies included, on `device` ("cuda", "cuda:1") and on all cores: value is the
/// processor's time over the device's. Then milliseconds of what docs/performance.md wants of a card and, where
/// TUMBLE_PEER_PYTHON names a Python that has PyTorch, shares of the card's own limits and the search beside PyTorch's.
/// quick: sizes that only show that all of it works. Throws Error(input) where the device cannot be had.
std::vector<BenchmarkRatio> device_benchmark(const std::string& device, bool quick);

}  // namespace tumble::benchmark
