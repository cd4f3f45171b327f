#include "reconstruct/half_refinement.hpp"

#include "reconstruct/atomic_map.hpp"
#include "reconstruct/map_estimate.hpp"

namespace tumble {
namespace {

constexpr int map_steps = 10;

/// Atoms of the half's map, refined against its images, rendered as a map.
Volume half_reference(const ResidentImages& images, const std::vector<PoseCandidate>& poses, const HalfRefinementOptions& options,
                      Backend& backend, Progress& progress) {
    std::vector<WeightedPose> weighted;
    for (const auto& p : poses) weighted.push_back({p.image, p.pose, 1.0f});
    const auto equations = equations_of(images, weighted, band_of(images, 0.1, options.high_per_A), backend);
    Volume map = solve_map(equations, images, options.high_per_A, map_steps, backend);
    const auto model = atomic_model_of(map, images->mask_radius_A, options.min_distance_A, backend);
    if (!model) return map;
    std::vector<Pose> all(static_cast<std::size_t>(images->images));
    std::vector<float> weights(all.size(), 0.0f);
    for (const auto& p : poses) {
        all[static_cast<std::size_t>(p.image)] = p.pose;
        weights[static_cast<std::size_t>(p.image)] = 1;
    }
    return rendered(refined(*model, images, all, weights, backend, progress), images->box, images->pixel_size_A, backend);
}

}  // namespace

void refine_half(const ResidentImages& images, std::vector<PoseCandidate>& poses, const HalfRefinementOptions& options,
                 Backend& backend, Progress& progress) {
    const auto reference = scoring_transform(half_reference(images, poses, options, backend, progress), backend);
    PolishOptions polish;
    polish.band = band_of(images, options.low_per_A, options.high_per_A);
    polish.shift_sigma_A = options.shift_sigma_A;
    polish.steps = options.steps;
    backend.polish_poses(images, reference, polish, poses);
}

RigidMotion align_atoms(std::span<const Vec3> from, std::span<const Vec3> onto) {
    std::vector<std::pair<Vec3, Vec3>> pairs;
    for (const Vec3 a : from) {
        double nearest = 0.6;
        const Vec3* partner = nullptr;
        for (const Vec3& b : onto)
            if (const double d = length(a - b); d < nearest) nearest = d, partner = &b;
        if (partner) pairs.emplace_back(a, *partner);
    }
    if (pairs.size() < 4) return {};
    Vec3 centre_from{}, centre_onto{};
    for (const auto& [a, b] : pairs) centre_from = centre_from + a, centre_onto = centre_onto + b;
    const double share = 1.0 / static_cast<double>(pairs.size());
    centre_from = share * centre_from, centre_onto = share * centre_onto;
    Mat3 covariance{{0, 0, 0, 0, 0, 0, 0, 0, 0}};
    for (const auto& [a, b] : pairs) {
        const Vec3 u = a - centre_from, v = b - centre_onto;
        const double x[3] = {u.x, u.y, u.z}, y[3] = {v.x, v.y, v.z};
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++) covariance(i, j) += y[i] * x[j];
    }
    RigidMotion motion;
    motion.rotation = orthonormalised(covariance);
    motion.shift_A = centre_onto - motion.rotation * centre_from;
    return motion;
}

Pose follow(const Pose& pose, const RigidMotion& motion) {
    Pose out;
    out.rotation = orthonormalised(pose.rotation * transpose(motion.rotation));
    const Vec3 moved = out.rotation * motion.shift_A;
    out.shift_A = {pose.shift_A.x - moved.x, pose.shift_A.y - moved.y};
    return out;
}

}  // namespace tumble
