#pragma once
// One figure of a benchmark: a ratio or a fraction taken within one run, beside the wanted one.
#include <string>

namespace tumble::benchmark {

struct BenchmarkRatio {
    std::string name;
    double value = 0;
    std::string wanted;
    std::string detail;
};

}  // namespace tumble::benchmark
