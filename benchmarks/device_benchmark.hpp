#pragma once
// Each batch operation on a device beside the same on the processor, in one run.
#include <string>
#include <vector>

#include "benchmarks/benchmark_ratio.hpp"

namespace tumble::benchmark {

/// Times of whole entries of the seam, copies included, on `device` ("cuda", "cuda:1") and on all cores: value is the
/// processor's time over the device's. Last the search beside PyTorch's, where TUMBLE_PEER_PYTHON names a Python that has it.
/// Throws Error(input) where the device cannot be had.
std::vector<BenchmarkRatio> device_benchmark(const std::string& device, bool quick);

}  // namespace tumble::benchmark
