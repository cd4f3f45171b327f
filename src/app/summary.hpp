#pragma once
// summary.json: the stable facts of a run for people and programs. Written last; its presence marks a
// finished run.
#include <string>

#include "tumble/reconstruct.hpp"

namespace tumble::app {

struct SummaryInput {
    std::string command;
    std::string file;
    std::int64_t images = 0;
    int box_px = 0;
    double pixel_size_A = 0;
    std::uint64_t seed = 0;
};

/// The text of summary.json: the keys of docs/formats.md, in that order. Numbers that are not known are null.
std::string summary_json(const SummaryInput& input, const ReconstructResult& result);

}  // namespace tumble::app
