#pragma once
// What a benchmark reports: a ratio taken within one run, so that it holds on a machine that others use as
// well.
#include <string>

namespace tumble {

struct BenchmarkRatio {
    std::string name;
    double value = 0;
    double wanted = 0;      ///< target; 0 where a figure is only shown
    std::string detail;     ///< what was measured, with absolute figures
    bool at_least = false;  ///< the target is a lower bound
};

}  // namespace tumble
