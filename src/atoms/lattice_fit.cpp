#include "atoms/lattice_fit.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <set>

namespace tumble {
namespace {

Eigen::Vector3d eigen(Vec3 v) { return {v.x, v.y, v.z}; }
Vec3 plain(const Eigen::Vector3d& v) { return {v[0], v[1], v[2]}; }

struct Affine {
    Eigen::Matrix3d basis;  // columns
    Eigen::Vector3d origin;
    Eigen::Vector3d index_of(Vec3 atom) const { return (basis.inverse() * (eigen(atom) - origin)).array().round(); }
};

/// Neighbour triple that spans the smallest cell with the shortest, most equal edges.
std::optional<Eigen::Matrix3d> neighbour_basis(const std::vector<Vec3>& neighbours, double d_nn) {
    std::optional<Eigen::Matrix3d> best;
    double least = 1e30;
    for (std::size_t i = 0; i < neighbours.size(); i++)
        for (std::size_t j = i + 1; j < neighbours.size(); j++)
            for (std::size_t k = j + 1; k < neighbours.size(); k++) {
                const Vec3 a = neighbours[i], b = neighbours[j], c = neighbours[k];
                const double volume = std::abs(dot(a, cross(b, c)));
                if (volume < 0.5 * d_nn * d_nn * d_nn) continue;
                const double spread = std::abs(dot(a, b)) + std::abs(dot(b, c)) + std::abs(dot(a, c));
                const double cost = volume + 0.1 * d_nn * spread;
                if (cost < least) {
                    least = cost;
                    Eigen::Matrix3d m;
                    m << eigen(a), eigen(b), eigen(c);
                    best = m;
                }
            }
    return best;
}

/// Least-squares fit of basis and origin to the atoms within `radius` of the origin, with the present indices.
void refit(Affine& lattice, std::span<const Vec3> atoms, Vec3 centre, double radius) {
    Eigen::Matrix4d normal = Eigen::Matrix4d::Zero();
    Eigen::Matrix<double, 4, 3> right = Eigen::Matrix<double, 4, 3>::Zero();
    for (const Vec3 a : atoms) {
        if (length(a - centre) > radius) continue;
        Eigen::Vector4d row;
        row << lattice.index_of(a), 1;
        normal += row * row.transpose();
        right += row * eigen(a).transpose();
    }
    const Eigen::FullPivLU<Eigen::Matrix4d> lu(normal);
    if (!lu.isInvertible()) return;
    const Eigen::Matrix<double, 4, 3> solution = lu.solve(right);
    lattice.basis = solution.topRows<3>().transpose();
    lattice.origin = solution.row(3).transpose();
}

}  // namespace

std::optional<LatticeFit> fit_lattice(std::span<const Vec3> atoms) {
    if (atoms.size() < 20) return std::nullopt;
    Vec3 mean{};
    for (const Vec3 a : atoms) mean = mean + a;
    mean = (1.0 / static_cast<double>(atoms.size())) * mean;
    const Vec3 centre = *std::min_element(atoms.begin(), atoms.end(), [&](Vec3 a, Vec3 b) { return length(a - mean) < length(b - mean); });
    double d_nn = 1e30, largest = 0;
    for (const Vec3 a : atoms) {
        const double d = length(a - centre);
        if (d > 0) d_nn = std::min(d_nn, d);
        largest = std::max(largest, d);
    }
    std::vector<Vec3> neighbours;
    for (const Vec3 a : atoms)
        if (const double d = length(a - centre); d > 0 && d < 1.22 * d_nn) neighbours.push_back(a - centre);
    const auto basis = neighbour_basis(neighbours, d_nn);
    if (!basis) return std::nullopt;
    Affine lattice{*basis, eigen(centre)};
    // Outward: an index is only trusted once the lattice has been fitted to the shells inside it.
    for (const double reach : {1.5, 2.5, 3.5, 5.0, 7.0}) refit(lattice, atoms, centre, reach * d_nn);
    for (int round = 0; round < 3; round++) refit(lattice, atoms, centre, largest + 1);

    LatticeFit fit;
    fit.origin_A = plain(lattice.origin);
    for (int c = 0; c < 3; c++) fit.basis_A[static_cast<std::size_t>(c)] = plain(lattice.basis.col(c));
    double squares = 0;
    std::set<std::array<int, 3>> taken;
    for (const Vec3 a : atoms) {
        const Eigen::Vector3d n = lattice.index_of(a);
        fit.indices.push_back({static_cast<int>(n[0]), static_cast<int>(n[1]), static_cast<int>(n[2])});
        fit.sites_A.push_back(plain(lattice.origin + lattice.basis * n));
        const double d = length(a - fit.sites_A.back());
        squares += d * d;
        if (!taken.insert(fit.indices.back()).second) return std::nullopt;
    }
    fit.residual_rms_A = std::sqrt(squares / static_cast<double>(atoms.size()));
    if (fit.residual_rms_A > 0.25 * d_nn) return std::nullopt;
    return fit;
}

}  // namespace tumble
