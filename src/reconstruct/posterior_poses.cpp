#include "reconstruct/posterior_poses.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

namespace tumble {
PosteriorPoses posterior_of(std::vector<PoseCandidate> candidates, double temperature, double margin, double least_share) {
    std::stable_sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    PosteriorPoses out;
    out.margin = margin;
    double sum = 0;
    for (const auto& c : candidates) {
        const double share = std::exp((c.score - candidates.front().score) / temperature);
        const bool repeated = std::any_of(out.candidates.begin(), out.candidates.end(), [&](const PoseCandidate& kept) {
            return angle_between(kept.pose.rotation, c.pose.rotation) < 0.02;
        });
        if (share < least_share || repeated) continue;
        out.candidates.push_back(c);
        out.shares.push_back(share);
        sum += share;
    }
    for (auto& s : out.shares) s /= sum;
    return out;
}

std::vector<PosteriorPoses> certain_poses(std::span<const Pose> poses) {
    std::vector<PosteriorPoses> out;
    for (std::size_t i = 0; i < poses.size(); i++) out.push_back({{{static_cast<std::int64_t>(i), poses[i], 0}}, {1.0}, 0});
    return out;
}

std::vector<WeightedPose> weighted_poses(const std::vector<PosteriorPoses>& posteriors) {
    std::vector<WeightedPose> out;
    for (const auto& p : posteriors)
        for (std::size_t k = 0; k < p.candidates.size(); k++)
            out.push_back({p.candidates[k].image, p.candidates[k].pose, static_cast<float>(p.shares[k])});
    return out;
}

std::vector<PoseCandidate> best_poses(const std::vector<PosteriorPoses>& posteriors) {
    std::vector<PoseCandidate> best;
    for (const auto& p : posteriors) best.push_back(p.candidates.front());
    return best;
}

Vec3 recentre(std::vector<PosteriorPoses>& posteriors) {
    Eigen::Matrix3d normal = 1e-9 * Eigen::Matrix3d::Identity();
    Eigen::Vector3d right = Eigen::Vector3d::Zero();
    for (const auto& p : posteriors) {
        const Pose& pose = p.candidates.front().pose;
        for (int row = 0; row < 2; row++) {
            const Eigen::Vector3d r(pose.rotation(row, 0), pose.rotation(row, 1), pose.rotation(row, 2));
            normal += r * r.transpose();
            right -= r * (row == 0 ? pose.shift_A.x : pose.shift_A.y);
        }
    }
    const Eigen::Vector3d c = normal.ldlt().solve(right);
    const Vec3 centre{c[0], c[1], c[2]};
    for (auto& p : posteriors)
        for (auto& candidate : p.candidates) {
            const Vec3 moved = candidate.pose.rotation * centre;
            candidate.pose.shift_A.x += moved.x, candidate.pose.shift_A.y += moved.y;
        }
    return centre;
}

}  // namespace tumble
