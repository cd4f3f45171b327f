#include "atoms/precision.hpp"

#include <cmath>

#include "atoms/cell_list.hpp"

namespace tumble {
namespace {

constexpr int none = -1;

// For each point the number of the nearest other within the tolerance, or none.
std::vector<int> nearest(std::span<const Vec3> points, std::span<const Vec3> others, double tolerance_A) {
    CellList cells(tolerance_A);
    for (std::size_t i = 0; i < others.size(); i++) cells.insert(others[i], static_cast<int>(i));
    std::vector<int> found(points.size(), none);
    for (std::size_t p = 0; p < points.size(); p++) {
        double best = tolerance_A;
        cells.for_near(points[p], [&](int i) {
            const double distance = length(others[static_cast<std::size_t>(i)] - points[p]);
            if (distance < best) best = distance, found[p] = i;
        });
    }
    return found;
}

// Partners that are each other's nearest.
std::vector<int> mutual(std::span<const Vec3> points, std::span<const Vec3> others, double tolerance_A) {
    std::vector<int> there = nearest(points, others, tolerance_A);
    const std::vector<int> back = nearest(others, points, tolerance_A);
    for (std::size_t p = 0; p < there.size(); p++)
        if (there[p] != none && back[static_cast<std::size_t>(there[p])] != static_cast<int>(p))
            there[p] = none;
    return there;
}

}  // namespace

HalfComparison compare_halves(std::span<const FittedAtom> merged, std::span<const Vec3> half1,
                              std::span<const Vec3> half2, double tolerance_A) {
    std::vector<Vec3> positions;
    for (const FittedAtom& atom : merged) positions.push_back(atom.position_A);
    const std::vector<int> first = mutual(positions, half1, tolerance_A),
                           second = mutual(positions, half2, tolerance_A);
    HalfComparison out;
    double square = 0, quoted = 0;
    for (std::size_t a = 0; a < positions.size(); a++) {
        out.distance_A.push_back(-1);
        if (first[a] == none || second[a] == none) continue;
        const Vec3 apart =
            half1[static_cast<std::size_t>(first[a])] - half2[static_cast<std::size_t>(second[a])];
        out.distance_A[a] = length(apart);
        square += dot(apart, apart);
        quoted += dot(merged[a].sigma_A, merged[a].sigma_A);
        out.matched++;
    }
    if (out.matched == 0) return out;
    out.rms_A = 0.5 * std::sqrt(square / static_cast<double>(out.matched));
    out.axis_rms_A = out.rms_A / std::sqrt(3.0);
    if (quoted > 0) out.ratio_to_quoted = out.rms_A / std::sqrt(quoted / static_cast<double>(out.matched));
    return out;
}

}  // namespace tumble
