#include "app/summary.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tumble/build_information.hpp"

namespace tumble::app {

namespace {

using Json = nlohmann::ordered_json;

/// Lengths and errors where 0 means "not known".
Json known(double value) {
    return std::isfinite(value) && value > 0 ? Json(value) : Json(nullptr);
}

}  // namespace

std::string summary_json(const SummaryInput& input, const ReconstructResult& result) {
    const auto rejected =
        std::count_if(result.images.begin(), result.images.end(), [](const auto& i) { return i.rejected; });
    Json time = Json::object();
    for (const auto& [stage, seconds] : result.time_s) time[stage] = seconds;
    const Json summary = {
        {"tool_version", build_information().version},
        {"command", input.command},
        {"input",
         {{"file", input.file},
          {"images", input.images},
          {"box_px", input.box_px},
          {"pixel_size_A", input.pixel_size_A}}},
        {"images_used", static_cast<std::int64_t>(result.images.size()) - rejected},
        {"images_rejected", rejected},
        {"resolution_A",
         {{"fsc_0143", known(result.resolution_0143.d_A)}, {"fsc_05", known(result.resolution_05.d_A)}}},
        {"atoms", {{"count", result.atoms.size()}, {"precision_pm", known(result.atoms_precision_pm)}}},
        {"orientation_coverage", {{"largest_gap_deg", known(result.largest_gap_deg)}}},
        {"verdict", {{"status", name_of(result.verdict.status)}, {"reasons", result.verdict.reasons}}},
        {"device", result.device},
        {"time_s", time},
        {"peak_memory_bytes", result.peak_memory_bytes},
        {"seed", input.seed},
    };
    return summary.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace tumble::app
