#pragma once
// A whole iteration of search and reconstruction, and the memory that it takes.
#include <vector>

#include "benchmarks/benchmark_ratio.hpp"

namespace tumble::benchmark {

/// 1,000 images x 20,000 directions x 256 angles on two threads: slices, search, insertion and 20 steps of
/// conjugate gradients; with one shift and with 26. quick: a tenth of the images and of the directions,
/// scaled.
std::vector<BenchmarkRatio> iteration_benchmark(bool quick);

}  // namespace tumble::benchmark
