// Entries that score and polish poses which the caller proposes.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "context.hpp"
#include "entries.hpp"
#include "kernels/pose_polish.hpp"
#include "resident.hpp"
#include "tumble/geometry.hpp"

namespace tumble::cuda {
namespace {

static_assert(sizeof(DeviceCandidate) == candidate_bytes);

Mat3 rotation_of(const Candidate& c) {
    Mat3 r;
    std::copy(c.rotation, c.rotation + 9, r.m.begin());
    return r;
}

/// Of the elements of R^T R - 1; not finite where an element of R is not.
double deviation(const Mat3& r) {
    const Mat3 square = transpose(r) * r;
    double sum = 0;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) sum += std::abs(square(i, j) - (i == j ? 1 : 0));
    return sum;
}

/// What would make the kernels read beyond an array. The grid's margin has room for rotations that are rounded, not for others.
void require_valid(const DeviceImages& images, const CandidateArguments& a) {
    if (a.first_point < 0 || a.last_point < a.first_point || a.last_point > images.points ||
        a.last_point > std::numeric_limits<int>::max())
        refuse("the band holds the points " + std::to_string(a.first_point) + " to " + std::to_string(a.last_point) +
               ", expected a range within the images' 0 to " + std::to_string(images.points));
    for (std::int64_t i = 0; i < a.count; i++) {
        const Candidate& c = a.candidates[i];
        if (c.image < 0 || c.image >= images.images)
            refuse("candidate " + std::to_string(i) + " names image " + std::to_string(c.image) + ", expected 0 to " +
                   std::to_string(images.images - 1));
        if (!(deviation(rotation_of(c)) < 1e-3))
            refuse("the matrix of candidate " + std::to_string(i) + " is no rotation: R^T R differs from 1 by " +
                   std::to_string(deviation(rotation_of(c))) + ", expected less than 0.001");
    }
}

DeviceCandidate to_device(const Candidate& c) {
    DeviceCandidate out{};
    out.image = c.image;
    for (int i = 0; i < 9; i++) out.rotation[i] = static_cast<float>(c.rotation[i]);
    for (int i = 0; i < 2; i++) out.shift_A[i] = static_cast<float>(c.shift_A[i]);
    return out;
}

/// The score, and the pose where it has been changed: what has not moved keeps the digits of its doubles.
void take_over(const DeviceCandidate& from, bool rotations, Candidate& to) {
    to.score = static_cast<double>(from.score) + static_cast<double>(from.score_rest);
    if (!from.moved) return;
    std::copy(from.shift_A, from.shift_A + 2, to.shift_A);
    if (!rotations) return;
    Mat3 r;
    std::copy(from.rotation, from.rotation + 9, r.m.begin());
    const Mat3 exact = orthonormalised(r);
    std::copy(exact.m.begin(), exact.m.end(), to.rotation);
}

using CandidateFunction = void (*)(Device&, const DeviceImages&, const DeviceTransform&, const DeviceScoring&, DeviceCandidate*,
                                   std::int64_t);
std::int32_t for_candidates(Context* context, const Images* images, const Transform* transform, const CandidateArguments* a,
                            CandidateFunction function, bool rotations) {
    return on_device_from_host(context, a, [&](Device& device) {
        require_valid(behind(images), *a);
        if (a->count <= 0) return;
        const DeviceMemory memory = device.memory();
        const Cut cut = candidates_cut(memory, a->count, a->last_point - a->first_point);
        require(memory, cut.take.least, "poses in a band of " + std::to_string(a->last_point - a->first_point) + " points");
        DeviceScoring scoring;
        scoring.first_point = a->first_point;
        scoring.last_point = a->last_point;
        scoring.order = order_of_band(device, behind(images), a->first_point, a->last_point);
        scoring.shift_sigma_A = a->shift_sigma_A;
        scoring.smallest_step = a->smallest_step;
        scoring.steps = a->steps;
        std::vector<DeviceCandidate> batch;
        DeviceBuffer<DeviceCandidate> resident(device, static_cast<std::size_t>(cut.at_once), "candidates");
        for (std::int64_t first = 0; first < a->count; first += cut.at_once) {
            const std::int64_t count = std::min(cut.at_once, a->count - first);
            batch.clear();
            std::transform(a->candidates + first, a->candidates + first + count, std::back_inserter(batch),
                           [](const Candidate& c) { return to_device(c); });
            copy_to_device(device, batch.data(), batch.size(), resident.data());
            function(device, behind(images), behind(transform), scoring, resident.data(), count);
            copy_to_host(device, resident.data(), batch.size(), batch.data());
            device.synchronize("scores of the candidates");
            for (std::int64_t i = 0; i < count; i++)
                take_over(batch[static_cast<std::size_t>(i)], rotations, a->candidates[first + i]);
        }
    });
}

}  // namespace

std::int32_t score_poses(Context* context, const Images* images, const Transform* transform, const CandidateArguments* a) {
    return for_candidates(context, images, transform, a, score_candidates, false);
}

std::int32_t polish_poses(Context* context, const Images* images, const Transform* transform, const CandidateArguments* a) {
    // Without steps there is not even a score.
    if (a->steps <= 0) return on_device_from_host(context, a, [&](Device&) { require_valid(behind(images), *a); });
    return for_candidates(context, images, transform, a, polish_poses, true);
}

std::int32_t polish_shifts(Context* context, const Images* images, const Transform* transform, const CandidateArguments* a) {
    return for_candidates(context, images, transform, a, polish_shifts, false);
}

}  // namespace tumble::cuda
