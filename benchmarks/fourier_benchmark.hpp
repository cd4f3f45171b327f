#pragma once
// Benchmarks of the Fourier room: slices, insertion and the step of the density compensation.
#include <vector>

#include "benchmarks/benchmark_ratio.hpp"

namespace tumble::benchmark {

/// One-thread times are the calling thread's processor time; two-thread times are wall time and mean little
/// on a busy machine. Against ducc0 where TUMBLE_PEER_PYTHON names a Python that has it.
std::vector<BenchmarkRatio> fourier_benchmark(bool quick);

}  // namespace tumble::benchmark
