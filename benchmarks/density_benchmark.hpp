#pragma once
// Benchmark of density compensation: conjugate gradients against iterated weights.
#include <vector>

#include "benchmarks/benchmark_ratio.hpp"

namespace tumble::benchmark {

/// 300 slices of 96 px of 314 atoms in a support of 72^3; errors of the map inside its mask after 10 steps of
/// either, without noise over all frequencies, and with noise as strong as the signal between 0.12 and 0.25
/// cycles per voxel. `quick` changes nothing: a smaller case would be another definition.
std::vector<BenchmarkRatio> density_benchmark(bool quick);

}  // namespace tumble::benchmark
