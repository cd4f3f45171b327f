#pragma once
// Benchmarks of the Fourier room: slices, insertion and density compensation.
#include <vector>

#include "benchmarks/benchmark_ratio.hpp"

namespace tumble {

/// All ratios of the Fourier room, about half a minute. One-thread times are the calling thread's processor
/// time; two-thread times are wall time and mean little on a busy machine.
std::vector<BenchmarkRatio> fourier_benchmark();

}  // namespace tumble
