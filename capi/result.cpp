#include "result.hpp"

#include <algorithm>
#include <cstring>

#include "array_access.hpp"

namespace tumble::c_interface {
namespace {

void keep_images(NamedArrays& arrays, const std::vector<ImageResult>& images) {
    const auto count = static_cast<std::int64_t>(images.size());
    std::vector<double> rotations, shifts, scores, margins;
    std::vector<std::int32_t> halves, rejected;
    for (const ImageResult& i : images) {
        rotations.insert(rotations.end(), i.pose.rotation.m.begin(), i.pose.rotation.m.end());
        shifts.insert(shifts.end(), {i.pose.shift_A.x, i.pose.shift_A.y});
        scores.push_back(i.score);
        margins.push_back(i.margin);
        halves.push_back(i.half);
        rejected.push_back(i.rejected);
    }
    arrays.keep("rotations", {count, 3, 3}, std::move(rotations));
    arrays.keep("shifts", {count, 2}, std::move(shifts));
    arrays.keep("scores", {count}, std::move(scores));
    arrays.keep("margins", {count}, std::move(margins));
    arrays.keep("halves", std::move(halves));
    arrays.keep("rejected", std::move(rejected));
}

void lend_shells(NamedArrays& arrays, const ShellCorrelation& fsc) {
    const auto lend = [&](const char* name, const std::vector<double>& curve) { arrays.lend(name, {static_cast<std::int64_t>(curve.size())}, curve.data()); };
    lend("fsc_frequencies", fsc.frequency_per_A);
    lend("fsc_unmasked", fsc.unmasked);
    lend("fsc_masked", fsc.masked);
    lend("fsc_corrected", fsc.corrected);
}

void gather(tumble_result& result, const Allocator& allocator) {
    const ReconstructResult& r = result.values;
    NamedArrays& arrays = result.arrays;
    lend_map(arrays, "map", r.map), lend_map(arrays, "half1", r.half1), lend_map(arrays, "half2", r.half2), lend_map(arrays, "mask", r.mask);
    keep_atoms(arrays, r.atoms);
    keep_images(arrays, r.images);
    lend_shells(arrays, r.fsc);
    const auto rejected = std::count_if(r.images.begin(), r.images.end(), [](const ImageResult& i) { return i.rejected; });
    result.numbers = {{"resolution_0143_A", r.resolution_0143.d_A},
                      {"resolution_05_A", r.resolution_05.d_A},
                      {"atoms", static_cast<double>(r.atoms.size())},
                      {"atoms_precision_pm", r.atoms_precision_pm},
                      {"atoms_half_precision_pm", r.atoms_half_precision_pm},
                      {"images_rejected", static_cast<double>(rejected)},
                      {"particle_diameter_A", r.particle_diameter_A},
                      {"largest_gap_deg", r.largest_gap_deg},
                      {"turn_deg", r.turn_deg},
                      {"contrast_inverted", r.contrast_inverted ? 1.0 : 0.0},
                      {"verdict", static_cast<double>(r.verdict.status)},
                      {"peak_memory_bytes", static_cast<double>(r.peak_memory_bytes)}};
    std::string reasons;
    for (const auto& reason : r.verdict.reasons) reasons.append(reasons.empty() ? "" : "\n").append(reason);
    result.texts = {{"verdict", name_of(r.verdict.status)},
                    {"reasons", reasons},
                    {"start", r.start},
                    {"device", r.device},
                    {"element", r.atoms.empty() ? "" : r.atoms.front().element}};
    arrays.move_to(allocator);
    if (allocator.allocate) result.values = {};  // nothing is read from it any more
}

}  // namespace

std::unique_ptr<tumble_result> gathered(ReconstructResult& values, const Allocator& allocator) {
    auto result = std::make_unique<tumble_result>();
    result->values = std::move(values);
    try {
        gather(*result, allocator);
    } catch (...) {
        values = std::move(result->values);
        throw;
    }
    return result;
}

}  // namespace tumble::c_interface

using namespace tumble::c_interface;

extern "C" {

void tumble_result_destroy(tumble_result* result) { take_back(result); }

tumble_status tumble_result_array(const tumble_result* result, const char* name, tumble_array* array) {
    return guarded(nullptr, [&] { required(result, "result").arrays.describe("the result", name, array); });
}

tumble_status tumble_result_number(const tumble_result* result, const char* name, double* value) {
    return guarded(nullptr, [&] { required(value, "value") = number_named(required(result, "result").numbers, "the result", name); });
}

tumble_status tumble_result_text(const tumble_result* result, const char* name, char* buffer, int64_t capacity, int64_t* needed) {
    return guarded(nullptr, [&] {
        const auto& texts = required(result, "result").texts;
        const auto at = texts.find(&required(name, "name"));
        if (at == texts.end()) throw BoundaryError(TUMBLE_E_KEY, std::string("the result has no text '") + name + "': " + expected_one_of(texts));
        const std::string& text = at->second;
        const auto bytes = static_cast<std::int64_t>(text.size()) + 1;
        if (needed) *needed = bytes;
        if (capacity < 0) throw BoundaryError(TUMBLE_E_ARGUMENT, "capacity is " + std::to_string(capacity) + ": expected 0 or more");
        if (capacity == 0) return;
        const auto copied = static_cast<std::size_t>(std::min(bytes, capacity)) - 1;
        std::memcpy(&required(buffer, "buffer"), text.data(), copied);
        buffer[copied] = 0;
        if (capacity < bytes)
            throw BoundaryError(TUMBLE_E_ARGUMENT, "buffer: found " + std::to_string(capacity) + " bytes, expected " + std::to_string(bytes));
    });
}

}  // extern "C"
