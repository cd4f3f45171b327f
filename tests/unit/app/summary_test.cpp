#include "app/summary.hpp"

#include <limits>
#include <nlohmann/json.hpp>

#include "catch.hpp"

using namespace tumble;
using namespace tumble::app;

namespace {

std::vector<std::string> keys(const nlohmann::ordered_json& object) {
    std::vector<std::string> names;
    for (const auto& item : object.items()) names.push_back(item.key());
    return names;
}

}  // namespace

TEST_CASE("summary.json has the stable keys in their order, and what is not known is null") {
    ReconstructResult result;
    result.images.resize(5);
    result.images[3].rejected = true;
    result.resolution_0143.d_A = 0.92;
    result.atoms.resize(2);
    result.atoms_precision_pm = std::numeric_limits<double>::quiet_NaN();
    result.verdict = {VerdictStatus::doubtful, {"a \"quoted\" reason"}};
    result.time_s = {{"search", 2.5}, {"atoms", 1}};
    result.peak_memory_bytes = 5'000'000'000;
    const auto json = nlohmann::ordered_json::parse(
        summary_json({"tumble x", "x.mrcs", 5, 96, 0.358, 18446744073709551615U}, result));
    CHECK(keys(json) == std::vector<std::string>{"tool_version", "command", "input", "images_used",
                                                 "images_rejected", "resolution_A", "atoms",
                                                 "orientation_coverage", "verdict", "device", "time_s",
                                                 "peak_memory_bytes", "seed"});
    CHECK(keys(json["input"]) == std::vector<std::string>{"file", "images", "box_px", "pixel_size_A"});
    CHECK(keys(json["resolution_A"]) == std::vector<std::string>{"fsc_0143", "fsc_05"});
    CHECK(keys(json["time_s"]) == std::vector<std::string>{"search", "atoms"});
    CHECK(json["images_used"] == 4);
    CHECK(json["images_rejected"] == 1);
    CHECK(json["resolution_A"]["fsc_0143"] == 0.92);
    CHECK(json["resolution_A"]["fsc_05"].is_null());
    CHECK(json["atoms"]["count"] == 2);
    CHECK(json["atoms"]["precision_pm"].is_null());
    CHECK(json["verdict"]["status"] == "doubtful");
    CHECK(json["verdict"]["reasons"][0] == "a \"quoted\" reason");
    CHECK(json["peak_memory_bytes"] == 5'000'000'000);
    CHECK(json["seed"] == 18446744073709551615U);
}
