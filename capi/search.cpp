#include "array_access.hpp"
#include "handles.hpp"
#include "pose_arrays.hpp"
#include "scoring.hpp"

using namespace tumble::c_interface;

namespace {

std::uint64_t seed_of(std::int64_t seed) {
    if (seed < 0) throw BoundaryError(TUMBLE_E_ARGUMENT, "seed is " + std::to_string(seed) + ": expected 0 or more");
    return static_cast<std::uint64_t>(seed);
}

}  // namespace

extern "C" {

tumble_status tumble_search_create(const tumble_images* prepared, const tumble_transform* transform, const tumble_scoring* scoring, double shift_radius_A,
                                   double shift_step_A, int64_t seed, tumble_search** search) {
    return handed_out(search, "search", nullptr, [&] {
        const auto& images = required(prepared, "prepared").value;
        const auto& map = required(transform, "transform").value;
        const auto band = scoring_options(scoring);
        const tumble::OrientationSearchOptions options{band.low_per_A, band.high_per_A, shift_radius_A, shift_step_A, seed_of(seed)};
        return std::make_unique<tumble_search>(tumble_search{tumble::OrientationSearch(images, map, options)});
    });
}

void tumble_search_destroy(tumble_search* search) { take_back(search); }

tumble_status tumble_search_number(const tumble_search* search, const char* name, double* value) {
    return guarded(nullptr, [&] {
        const tumble::OrientationSearch& s = required(search, "search").value;
        const std::map<std::string, double> numbers{
            {"views", static_cast<double>(s.views())}, {"shifts", static_cast<double>(s.shifts())}, {"angles", s.angles()}};
        required(value, "value") = number_named(numbers, "a search", name);
    });
}

tumble_status tumble_search_climb(const tumble_search* search, double neighbourhood, int64_t seed, int32_t pass, const tumble_array* images,
                                  const tumble_array* rotations, const tumble_array* shifts_A, const tumble_array* scores, const tumble_array* improved) {
    return guarded(nullptr, [&] {
        const tumble::OrientationSearch& s = required(search, "search").value;
        if (pass < 0) throw BoundaryError(TUMBLE_E_ARGUMENT, "pass is " + std::to_string(pass) + ": expected 0 or more");
        ReachableArrays reachable(s.device());
        const PoseArrays arrays = PoseArrays{images, rotations, shifts_A, scores}.on_host(reachable, true);
        auto candidates = arrays.candidates(true);
        improved = reachable.out(improved, "improved");
        if (improved) require_output(improved, "improved", std::array{static_cast<std::int64_t>(candidates.size())}, TUMBLE_INT32);
        std::vector<std::int32_t> flags;
        const auto climbed = s.climb(candidates, {neighbourhood, seed_of(seed), static_cast<std::uint32_t>(pass)});
        for (std::size_t i = 0; i < climbed.size(); i++) candidates[i] = climbed[i].candidate, flags.push_back(climbed[i].improved);
        if (improved) write(*improved, flags);
        arrays.write_all(candidates);
        reachable.deliver();
    });
}

tumble_status tumble_search_best(const tumble_search* search, const tumble_array* images, const tumble_array* rotations, const tumble_array* shifts_A,
                                 const tumble_array* scores) {
    return guarded(nullptr, [&] {
        const tumble::OrientationSearch& s = required(search, "search").value;
        ReachableArrays reachable(s.device());
        const PoseArrays arrays = PoseArrays{images, rotations, shifts_A, scores}.on_host(reachable, true);
        require_array(arrays.scores, "scores", std::array<std::int64_t, 1>{-1}, TUMBLE_FLOAT64);
        const std::int64_t count = arrays.scores->shape[0];
        arrays.require_room(count);
        arrays.write_all(s.best(copied_numbers(arrays.images, count)));
        reachable.deliver();
    });
}

}  // extern "C"
