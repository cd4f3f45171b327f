#include "result.hpp"

#include <algorithm>
#include <cstring>

#include "array_access.hpp"

namespace tumble::c_interface {
namespace {

using Shape = std::vector<std::int64_t>;

void add_map(tumble_result& result, const char* name, const Volume& map) {
    const std::int64_t n = map.box;
    result.arrays[name] = {TUMBLE_FLOAT32, Shape{n, n, n}, map.values.data()};
}

void add_columns(tumble_result& result, const char* name, Shape shape, std::vector<double> values) {
    const auto& kept = result.columns[name] = std::move(values);
    result.arrays[name] = {TUMBLE_FLOAT64, std::move(shape), kept.data()};
}

void add_flags(tumble_result& result, const char* name, std::vector<std::int32_t> values) {
    const auto& kept = result.flags[name] = std::move(values);
    result.arrays[name] = {TUMBLE_INT32, Shape{static_cast<std::int64_t>(kept.size())}, kept.data()};
}

void add_atoms(tumble_result& result) {
    const auto& atoms = result.values.atoms;
    const auto count = static_cast<std::int64_t>(atoms.size());
    std::vector<double> positions, sigmas, heights, widths, distances;
    for (const Atom& a : atoms) {
        positions.insert(positions.end(), {a.position_A.x, a.position_A.y, a.position_A.z});
        sigmas.insert(sigmas.end(), {a.sigma_A.x, a.sigma_A.y, a.sigma_A.z});
        heights.push_back(a.height);
        widths.push_back(a.width_A);
        distances.push_back(a.half_distance_A);
    }
    add_columns(result, "atom_positions", {count, 3}, std::move(positions));
    add_columns(result, "atom_sigmas", {count, 3}, std::move(sigmas));
    add_columns(result, "atom_heights", {count}, std::move(heights));
    add_columns(result, "atom_widths", {count}, std::move(widths));
    add_columns(result, "atom_half_distances", {count}, std::move(distances));
}

void add_images(tumble_result& result) {
    const auto& images = result.values.images;
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
    add_columns(result, "rotations", {count, 3, 3}, std::move(rotations));
    add_columns(result, "shifts", {count, 2}, std::move(shifts));
    add_columns(result, "scores", {count}, std::move(scores));
    add_columns(result, "margins", {count}, std::move(margins));
    add_flags(result, "halves", std::move(halves));
    add_flags(result, "rejected", std::move(rejected));
}

void add_shells(tumble_result& result) {
    const auto& fsc = result.values.fsc;
    const auto add = [&](const char* name, const std::vector<double>& curve) {
        result.arrays[name] = {TUMBLE_FLOAT64, Shape{static_cast<std::int64_t>(curve.size())}, curve.data()};
    };
    add("fsc_frequencies", fsc.frequency_per_A);
    add("fsc_unmasked", fsc.unmasked);
    add("fsc_masked", fsc.masked);
    add("fsc_corrected", fsc.corrected);
}

template <class Map>
const auto& found(const Map& map, const char* name, const char* kind) {
    const auto at = map.find(&required(name, "name"));
    if (at != map.end()) return at->second;
    std::string known;
    for (const auto& [key, value] : map) known.append(known.empty() ? "" : ", ").append(key);
    throw BoundaryError(TUMBLE_E_KEY, std::string("the result has no ") + kind + " '" + name + "': expected one of " + known);
}

}  // namespace

std::unique_ptr<tumble_result> gathered(ReconstructResult values) {
    auto result = std::make_unique<tumble_result>();
    result->values = std::move(values);
    const ReconstructResult& r = result->values;
    add_map(*result, "map", r.map), add_map(*result, "half1", r.half1), add_map(*result, "half2", r.half2), add_map(*result, "mask", r.mask);
    add_atoms(*result);
    add_images(*result);
    add_shells(*result);
    const auto rejected = std::count_if(r.images.begin(), r.images.end(), [](const ImageResult& i) { return i.rejected; });
    result->numbers = {{"resolution_0143_A", r.resolution_0143.d_A},
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
    result->texts = {{"verdict", name_of(r.verdict.status)},
                     {"reasons", reasons},
                     {"start", r.start},
                     {"device", r.device},
                     {"element", r.atoms.empty() ? "" : r.atoms.front().element}};
    return result;
}

}  // namespace tumble::c_interface

using namespace tumble::c_interface;

extern "C" {

void tumble_result_destroy(tumble_result* result) { take_back(result); }

tumble_status tumble_result_array(const tumble_result* result, const char* name, tumble_array* array) {
    return guarded(nullptr, [&] {
        const auto& a = found(required(result, "result").arrays, name, "array");
        describe(array, "array", a.dtype, a.shape, a.data);
    });
}

tumble_status tumble_result_number(const tumble_result* result, const char* name, double* value) {
    return guarded(nullptr, [&] { required(value, "value") = found(required(result, "result").numbers, name, "number"); });
}

tumble_status tumble_result_text(const tumble_result* result, const char* name, char* buffer, int64_t capacity, int64_t* needed) {
    return guarded(nullptr, [&] {
        const std::string& text = found(required(result, "result").texts, name, "text");
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
