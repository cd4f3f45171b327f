#include "reconstruct/view_balance.hpp"

#include <algorithm>
#include <cmath>

#include "pose/orientation_grid.hpp"

namespace tumble {
namespace {

constexpr std::int64_t view_bins = 60;
constexpr int iterations = 15;
constexpr double power = 0.7, largest_factor = 30;

/// Row 3 of a rotation: the beam in the particle's frame.
Vec3 view_of(const Mat3& r) { return {r(2, 0), r(2, 1), r(2, 2)}; }

std::size_t nearest_bin(const Pose& pose, const std::vector<Vec3>& bins) {
    std::size_t best = 0;
    double closest = -1;
    for (std::size_t b = 0; b < bins.size(); b++)
        if (const double c = std::abs(dot(bins[b], view_of(pose.rotation))); c > closest) closest = c, best = b;
    return best;
}

}  // namespace

void balance_views(std::vector<PosteriorPoses>& posteriors) {
    std::vector<Vec3> bins;
    for (const Mat3& r : half_sphere_directions(view_bins, 1, 0)) bins.push_back(view_of(r));
    std::vector<std::vector<std::size_t>> bin_of(posteriors.size());
    for (std::size_t i = 0; i < posteriors.size(); i++)
        for (const auto& c : posteriors[i].candidates) bin_of[i].push_back(nearest_bin(c.pose, bins));

    std::vector<double> factor(bins.size(), 1.0);
    const double wanted = static_cast<double>(posteriors.size()) / static_cast<double>(bins.size());
    std::vector<std::vector<double>> balanced(posteriors.size());
    for (int iteration = 0; iteration < iterations; iteration++) {
        std::vector<double> population(bins.size(), 0.0);
        for (std::size_t i = 0; i < posteriors.size(); i++) {
            balanced[i] = posteriors[i].shares;
            double sum = 0;
            for (std::size_t k = 0; k < balanced[i].size(); k++) sum += balanced[i][k] *= factor[bin_of[i][k]];
            for (std::size_t k = 0; k < balanced[i].size(); k++) population[bin_of[i][k]] += balanced[i][k] /= sum;
        }
        for (std::size_t b = 0; b < bins.size(); b++) {
            const double correction = std::pow(wanted / std::max(population[b], 1e-3 * wanted), power);
            factor[b] = std::clamp(factor[b] * correction, 1 / largest_factor, largest_factor);
        }
    }
    for (std::size_t i = 0; i < posteriors.size(); i++) posteriors[i].shares = balanced[i];
}

}  // namespace tumble
