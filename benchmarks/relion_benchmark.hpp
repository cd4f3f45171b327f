#pragma once
// Insertion and projection against RELION's programs.
#include <vector>

#include "benchmarks/benchmark_ratio.hpp"

namespace tumble::benchmark {

/// Processor time per image of relion_reconstruct and relion_project, as the difference of two runs, against
/// ours on the same files; skipped where RELION is not on the PATH.
std::vector<BenchmarkRatio> relion_benchmark(bool quick);

}  // namespace tumble::benchmark
