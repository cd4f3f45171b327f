#pragma once
// Ratios of the orientation search, each taken within this run on one core unless it says otherwise.
#include <vector>

#include "benchmarks/benchmark_ratio.hpp"

namespace tumble::benchmark {

/// Every CPU row of the search in docs/performance.md. `quick` uses fewer directions and repeats.
std::vector<BenchmarkRatio> search_benchmark(bool quick);

}  // namespace tumble::benchmark
