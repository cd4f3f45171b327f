#include "pose_arrays.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "array_access.hpp"
#include "boundary.hpp"

namespace tumble::c_interface {

std::vector<Mat3> copied_rotations(const tumble_array* rotations) {
    require_array(rotations, "rotations", std::array<std::int64_t, 3>{-1, 3, 3}, TUMBLE_FLOAT64);
    const auto values = copied_doubles(*rotations, "rotations");
    std::vector<Mat3> out(static_cast<std::size_t>(rotations->shape[0]));
    for (std::size_t i = 0; i < out.size(); i++) {
        std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(9 * i), 9, out[i].m.begin());
        if (const double d = determinant(out[i]); !(std::abs(d - 1) < 1e-3))
            throw BoundaryError(TUMBLE_E_ARRAY, "rotations: matrix " + std::to_string(i) + " is no rotation, its determinant is " + std::to_string(d));
    }
    return out;
}

std::vector<Pose> copied_poses(const tumble_array* rotations, const tumble_array* shifts_A) {
    const auto turns = copied_rotations(rotations);
    require_array(shifts_A, "shifts_A", std::array<std::int64_t, 2>{rotations->shape[0], 2}, TUMBLE_FLOAT64);
    const auto t = copied_doubles(*shifts_A, "shifts_A");
    std::vector<Pose> poses;
    for (std::size_t i = 0; i < turns.size(); i++) poses.push_back({turns[i], {t[2 * i], t[2 * i + 1]}});
    return poses;
}

std::vector<std::int64_t> copied_numbers(const tumble_array* images, std::int64_t poses) {
    std::vector<std::int64_t> numbers;
    if (!images) {
        for (std::int64_t i = 0; i < poses; i++) numbers.push_back(i);
        return numbers;
    }
    require_array(images, "images", std::array{poses}, TUMBLE_INT32);
    for (const auto i : copied_int32(*images, "images")) numbers.push_back(i);
    return numbers;
}

PoseArrays PoseArrays::on_host(ReachableArrays& reachable, bool poses) const {
    const auto changed = [&](const tumble_array* array, const char* argument) { return poses ? reachable.in_out(array, argument) : reachable.in(array, argument); };
    return {reachable.in(images, "images"), changed(rotations, "rotations"), changed(shifts_A, "shifts_A"), reachable.in_out(scores, "scores")};
}

std::vector<PoseCandidate> PoseArrays::candidates(bool with_scores) const {
    const auto poses = copied_poses(rotations, shifts_A);
    const auto count = static_cast<std::int64_t>(poses.size());
    const auto numbers = copied_numbers(images, count);
    require_room(count);
    const auto present = with_scores ? copied_doubles(*scores, "scores") : std::vector<double>(poses.size());
    std::vector<PoseCandidate> out;
    for (std::size_t i = 0; i < poses.size(); i++) {
        if (std::isnan(present[i])) throw BoundaryError(TUMBLE_E_ARRAY, "scores: entry " + std::to_string(i) + " is no number, expected one or minus infinity");
        out.push_back({numbers[i], poses[i], present[i]});
    }
    return out;
}

void PoseArrays::require_room(std::int64_t count) const {
    require_output(rotations, "rotations", std::array<std::int64_t, 3>{count, 3, 3}, TUMBLE_FLOAT64);
    require_output(shifts_A, "shifts_A", std::array<std::int64_t, 2>{count, 2}, TUMBLE_FLOAT64);
    require_output(scores, "scores", std::array{count}, TUMBLE_FLOAT64);
}

void PoseArrays::write_scores(const std::vector<PoseCandidate>& candidates) const {
    std::vector<double> values;
    for (const auto& c : candidates) values.push_back(c.score);
    write(*scores, values);
}

void PoseArrays::write_all(const std::vector<PoseCandidate>& candidates) const {
    std::vector<double> r, t;
    for (const auto& c : candidates) {
        r.insert(r.end(), c.pose.rotation.m.begin(), c.pose.rotation.m.end());
        t.insert(t.end(), {c.pose.shift_A.x, c.pose.shift_A.y});
    }
    write(*rotations, r);
    write(*shifts_A, t);
    write_scores(candidates);
}

std::vector<WeightedPose> copied_weighted_poses(ReachableArrays& reachable, const tumble_array* images, const tumble_array* rotations,
                                                const tumble_array* shifts_A, const tumble_array* weights) {
    images = reachable.in(images, "images"), weights = reachable.in(weights, "weights");
    rotations = reachable.in(rotations, "rotations"), shifts_A = reachable.in(shifts_A, "shifts_A");
    const auto poses = copied_poses(rotations, shifts_A);
    const auto count = static_cast<std::int64_t>(poses.size());
    const auto numbers = copied_numbers(images, count);
    std::vector<double> values(poses.size(), 1.0);
    if (weights) {
        require_array(weights, "weights", std::array{count}, TUMBLE_FLOAT64);
        values = copied_doubles(*weights, "weights");
    }
    std::vector<WeightedPose> out;
    for (std::size_t i = 0; i < poses.size(); i++) {
        if (!(values[i] >= 0 && std::isfinite(values[i])))
            throw BoundaryError(TUMBLE_E_ARRAY, "weights: entry " + std::to_string(i) + " is " + std::to_string(values[i]) + ", expected 0 or more");
        out.push_back({numbers[i], poses[i], static_cast<float>(values[i])});
    }
    return out;
}

}  // namespace tumble::c_interface
