#include <cmath>

#include "array_access.hpp"
#include "handles.hpp"
#include "pose_arrays.hpp"
#include "scoring.hpp"

namespace tumble::c_interface {

ScoringOptions scoring_options(const tumble_scoring* scoring) {
    const auto& s = required(scoring, "scoring");
    require_struct_size(s.struct_size, sizeof(tumble_scoring), "scoring");
    ScoringOptions options;
    options.low_per_A = s.low_per_A;
    if (s.high_per_A != 0) options.high_per_A = s.high_per_A;
    options.shift_sigma_A = s.shift_sigma_A;
    if (!(options.low_per_A >= 0 && options.low_per_A < options.high_per_A))
        throw BoundaryError(TUMBLE_E_ARGUMENT, "scoring: the band reaches from " + std::to_string(options.low_per_A) + " to " + std::to_string(options.high_per_A) +
                                                   " 1/A, expected it to begin at 0 or above and to end higher");
    if (!(options.shift_sigma_A >= 0)) throw BoundaryError(TUMBLE_E_ARGUMENT, "scoring: shift_sigma_A is " + std::to_string(options.shift_sigma_A) + ", expected 0 or more");
    return options;
}

}  // namespace tumble::c_interface

using namespace tumble::c_interface;

namespace {

enum class Change { none, shifts, poses };

tumble_status change(const tumble_images* prepared, const tumble_transform* transform, const tumble_scoring* scoring, std::int32_t steps, Change what,
                     const PoseArrays& given) {
    return guarded(nullptr, [&] {
        const auto& images = required(prepared, "prepared").value;
        const auto& map = required(transform, "transform").value;
        const auto options = scoring_options(scoring);
        ReachableArrays reachable(images.device());
        const PoseArrays arrays = given.on_host(reachable, what != Change::none);
        auto candidates = arrays.candidates(false);
        switch (what) {
            case Change::none:
                score_poses(images, map, options, candidates);
                arrays.write_scores(candidates);
                return reachable.deliver();
            case Change::shifts:
                search_shifts(images, map, options, steps, candidates);
                break;
            case Change::poses:
                polish_poses(images, map, options, steps, candidates);
                break;
        }
        arrays.write_all(candidates);
        reachable.deliver();
    });
}

}  // namespace

extern "C" {

tumble_status tumble_poses_score(const tumble_images* prepared, const tumble_transform* transform, const tumble_scoring* scoring,
                                 const tumble_array* images, const tumble_array* rotations, const tumble_array* shifts_A, const tumble_array* scores) {
    return change(prepared, transform, scoring, 0, Change::none, {images, rotations, shifts_A, scores});
}

tumble_status tumble_poses_polish(const tumble_images* prepared, const tumble_transform* transform, const tumble_scoring* scoring, int32_t steps,
                                  const tumble_array* images, const tumble_array* rotations, const tumble_array* shifts_A, const tumble_array* scores) {
    return change(prepared, transform, scoring, steps, Change::poses, {images, rotations, shifts_A, scores});
}

tumble_status tumble_poses_search_shifts(const tumble_images* prepared, const tumble_transform* transform, const tumble_scoring* scoring, int32_t steps,
                                         const tumble_array* images, const tumble_array* rotations, const tumble_array* shifts_A, const tumble_array* scores) {
    return change(prepared, transform, scoring, steps, Change::shifts, {images, rotations, shifts_A, scores});
}

}  // extern "C"
