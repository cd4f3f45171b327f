#include "atoms/projected_profile.hpp"

#include <Eigen/Dense>
#include <cmath>

namespace tumble {
namespace {

double product(Complexf a, Complexf b) {
    return static_cast<double>(a.real()) * b.real() + static_cast<double>(a.imag()) * b.imag();
}

std::vector<double> at_points(const HalfPlaneGrid& grid, const std::vector<double>& shells) {
    std::vector<double> values(grid.frequency.size());
    if (shells.empty()) return values;
    for (std::size_t p = 0; p < values.size(); p++) {
        const auto s = static_cast<std::size_t>(grid.frequency[p]);
        const double part = grid.frequency[p] - static_cast<double>(s);
        values[p] = (1 - part) * shells[s] + part * shells[s + 1];
    }
    return values;
}

}  // namespace

std::vector<double> ProjectedProfile::direct_at(const HalfPlaneGrid& grid) const {
    return at_points(grid, direct);
}
std::vector<double> ProjectedProfile::depth_at(const HalfPlaneGrid& grid) const {
    return at_points(grid, depth);
}

void ProfileSums::add_image(const HalfPlaneGrid& grid, std::span<const float> weight, const Complexf* image,
                            std::span<const Complexf> g, std::span<const Complexf> d) {
    for (std::size_t p = 0; p < g.size(); p++) {
        const auto s = static_cast<std::size_t>(grid.frequency[p]);
        const double up = grid.frequency[p] - static_cast<double>(s), down = 1 - up, w = weight[p];
        Shell &low = shells[s], &high = shells[s + 1];
        const double gg = w * product(g[p], g[p]), right = w * product(image[p], g[p]);
        low.gg += down * down * gg;
        low.gg_next += down * up * gg;
        high.gg += up * up * gg;
        low.right_g += down * right;
        high.right_g += up * right;
        if (d.empty()) continue;
        const double gd = w * product(g[p], d[p]), dd = w * product(d[p], d[p]),
                     right_d = w * product(image[p], d[p]);
        low.gd += down * down * gd;
        low.gd_next += down * up * gd;
        high.gd += up * up * gd;
        low.dd += down * down * dd;
        low.dd_next += down * up * dd;
        high.dd += up * up * dd;
        low.right_d += down * right_d;
        high.right_d += up * right_d;
    }
}

void ProfileSums::add(const ProfileSums& other, double weight) {
    for (std::size_t s = 0; s < shells.size(); s++) {
        Shell& a = shells[s];
        const Shell& b = other.shells[s];
        a.gg += weight * b.gg, a.gd += weight * b.gd, a.dd += weight * b.dd;
        a.gg_next += weight * b.gg_next, a.gd_next += weight * b.gd_next, a.dd_next += weight * b.dd_next;
        a.right_g += weight * b.right_g, a.right_d += weight * b.right_d;
    }
}

ProjectedProfile solve_profile(const ProfileSums& sums, bool depth) {
    const auto shells = static_cast<Eigen::Index>(sums.shells.size());
    const Eigen::Index unknowns = depth ? 2 * shells : shells;
    Eigen::MatrixXd matrix = Eigen::MatrixXd::Zero(unknowns, unknowns);
    Eigen::VectorXd right = Eigen::VectorXd::Zero(unknowns);
    const auto put = [&](Eigen::Index i, Eigen::Index j, double value) {
        matrix(i, j) = matrix(j, i) = value;
    };
    for (Eigen::Index s = 0; s < shells; s++) {
        const ProfileSums::Shell& shell = sums.shells[static_cast<std::size_t>(s)];
        const bool next = s + 1 < shells;
        put(s, s, shell.gg);
        if (next) put(s, s + 1, shell.gg_next);
        right(s) = shell.right_g;
        if (!depth) continue;
        put(shells + s, shells + s, shell.dd);
        put(s, shells + s, shell.gd);
        if (next) {
            put(shells + s, shells + s + 1, shell.dd_next);
            put(s, shells + s + 1, shell.gd_next);
            put(s + 1, shells + s, shell.gd_next);
        }
        right(shells + s) = shell.right_d;
    }
    // A shell without points has a zero row: unit diagonal, so that its amplitude comes out as zero.
    for (Eigen::Index i = 0; i < unknowns; i++)
        if (!(matrix(i, i) > 0)) matrix(i, i) = 1;
    const Eigen::VectorXd x = matrix.ldlt().solve(right);
    ProjectedProfile profile;
    profile.direct.assign(x.data(), x.data() + shells);
    if (depth) profile.depth.assign(x.data() + shells, x.data() + 2 * shells);
    return profile;
}

}  // namespace tumble
