#include "reconstruct/frame_continuity.hpp"

#include <algorithm>
#include <cmath>

namespace tumble {
namespace {

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// Smallest turn between two poses over the mates of the second.
double turn_between(const Pose& a, const Pose& b, std::span<const NearSymmetry> symmetries) {
    double least = angle_between(a.rotation, b.rotation);
    for (const auto& s : symmetries) least = std::min(least, angle_between(a.rotation, mate_of(b, s).rotation));
    return least;
}

void normalise(std::vector<double>& values) {
    double sum = 0;
    for (const double v : values) sum += v;
    for (double& v : values) v /= sum;
}

}  // namespace

double FrameSteps::sigma_rad() const {
    // The length of a vector of three normal numbers has its median at 1.538 standard deviations.
    return median_rad / 1.538;
}

FrameSteps measure_frame_steps(std::span<const PoseCandidate> best, std::span<const NearSymmetry> symmetries) {
    std::vector<double> neighbours, strangers;
    const std::size_t n = best.size(), far = n / 2 + 1;
    for (std::size_t i = 0; i + 1 < n; i++) {
        neighbours.push_back(turn_between(best[i].pose, best[i + 1].pose, symmetries));
        strangers.push_back(turn_between(best[i].pose, best[(i + far) % n].pose, symmetries));
    }
    return {median(neighbours), median(strangers)};
}

std::vector<std::vector<double>> forward_backward(const std::vector<std::vector<PoseCandidate>>& lists, double temperature,
                                                  double sigma_rad, double jump, ThreadPool& pool) {
    const std::size_t n = lists.size();
    std::vector<std::vector<double>> emission(n), forward(n), shares(n);
    for (std::size_t i = 0; i < n; i++) {
        double best = -1e30;
        for (const auto& c : lists[i]) best = std::max(best, c.score);
        // The floor keeps a path possible where every way into a candidate is hundreds of units worse than another.
        for (const auto& c : lists[i]) emission[i].push_back(std::exp((c.score - best) / temperature) + 1e-30);
    }
    const auto transition = [&](std::size_t i, std::size_t a, std::size_t b) {
        const double turn = angle_between(lists[i][a].pose.rotation, lists[i + 1][b].pose.rotation) / sigma_rad;
        return std::exp(-0.5 * turn * turn) + jump;
    };
    std::vector<std::vector<double>> moves(n);  // [a * candidates(i + 1) + b]
    pool.each(static_cast<std::int64_t>(n) - 1, [&](std::int64_t image, int) {
        const auto i = static_cast<std::size_t>(image);
        moves[i].reserve(lists[i].size() * lists[i + 1].size());
        for (std::size_t a = 0; a < lists[i].size(); a++)
            for (std::size_t b = 0; b < lists[i + 1].size(); b++) moves[i].push_back(transition(i, a, b));
    });
    for (std::size_t i = 0; i < n; i++) {
        forward[i] = emission[i];
        if (i > 0) {
            std::vector<double> sum(lists[i].size(), 0.0);
            for (std::size_t a = 0; a < lists[i - 1].size(); a++)
                for (std::size_t b = 0; b < sum.size(); b++) sum[b] += forward[i - 1][a] * moves[i - 1][a * sum.size() + b];
            for (std::size_t b = 0; b < sum.size(); b++) forward[i][b] *= sum[b];
        }
        normalise(forward[i]);
    }
    std::vector<double> backward(n > 0 ? lists[n - 1].size() : 0, 1.0);
    for (std::size_t i = n; i-- > 0;) {
        shares[i] = forward[i];
        for (std::size_t a = 0; a < backward.size(); a++) shares[i][a] *= backward[a];
        normalise(shares[i]);
        if (i == 0) break;
        std::vector<double> before(lists[i - 1].size(), 0.0);
        for (std::size_t a = 0; a < before.size(); a++)
            for (std::size_t b = 0; b < backward.size(); b++) before[a] += moves[i - 1][a * backward.size() + b] * emission[i][b] * backward[b];
        normalise(before);
        backward = std::move(before);
    }
    return shares;
}

}  // namespace tumble
