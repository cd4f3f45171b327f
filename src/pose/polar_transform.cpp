#include "pose/polar_transform.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "tumble/error.hpp"

namespace tumble {
namespace {

/// J_0(x) .. J_{count-1}(x), x >= 0, by Miller's downward recurrence normalised with J_0 + 2 (J_2 + J_4 +
/// ...) = 1 (Abramowitz & Stegun 9.12, example 1).
void bessel_orders(double x, std::span<double> out) {
    std::fill(out.begin(), out.end(), 0.0);
    if (x < 1e-12) {
        out[0] = 1;
        return;
    }
    const int count = static_cast<int>(out.size());
    const int start =
        2 * ((std::max(count, static_cast<int>(x)) + 40 + static_cast<int>(2 * std::cbrt(x))) / 2);
    double above = 0, here = 1e-250, sum = 0;
    for (int m = start; m >= 0; m--) {
        if (m < count) out[static_cast<std::size_t>(m)] = here;
        if (m % 2 == 0) sum += m == 0 ? here : 2 * here;
        const double below = 2 * m / x * here - above;
        above = here;
        here = below;
        if (std::abs(here) > 1e200) {
            here *= 1e-250, above *= 1e-250, sum *= 1e-250;
            for (int n = m; n < count; n++) out[static_cast<std::size_t>(n)] *= 1e-250;
        }
    }
    for (double& value : out) value /= sum;
}

/// Eigenvalues (ascending) and eigenvectors of the radial Gram matrix of one order.
struct OrderSpectrum {
    Eigen::VectorXd energy;
    Eigen::MatrixXd vectors;
};

std::vector<OrderSpectrum> geometry_spectra(const PolarGrid& grid, double radius_px) {
    const auto rings = static_cast<Eigen::Index>(grid.rings.size());
    const int orders = grid.half() + 1;
    // Four nodes a pixel resolve J_m(2 pi k rho) up to the image's Nyquist frequency sixteen times over.
    const int nodes = std::max(32, static_cast<int>(std::ceil(4 * radius_px)));
    std::vector<Eigen::MatrixXd> kernel(static_cast<std::size_t>(orders), Eigen::MatrixXd(rings, nodes));
    std::vector<double> values(static_cast<std::size_t>(orders));
    for (Eigen::Index r = 0; r < rings; r++)
        for (int n = 0; n < nodes; n++) {
            const double k = grid.rings[static_cast<std::size_t>(r)], rho = (n + 0.5) / nodes * radius_px;
            bessel_orders(2 * std::numbers::pi * k * rho, values);
            // sqrt(rho): the disc is covered evenly.
            for (int m = 0; m < orders; m++)
                kernel[static_cast<std::size_t>(m)](r, n) =
                    std::sqrt(k * rho) * values[static_cast<std::size_t>(m)];
        }
    std::vector<OrderSpectrum> out;
    for (const auto& g : kernel) {
        const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(g * g.transpose());
        out.push_back({solver.eigenvalues().cwiseMax(0.0), solver.eigenvectors()});
    }
    return out;
}

/// Smallest energy that is kept, so that the energies below it sum to at most `left_out` of the whole.
double energy_cut(const std::vector<OrderSpectrum>& spectra, double left_out) {
    std::vector<double> all;
    for (const auto& s : spectra) all.insert(all.end(), s.energy.data(), s.energy.data() + s.energy.size());
    std::sort(all.begin(), all.end());
    const double allowed = left_out * std::accumulate(all.begin(), all.end(), 0.0);
    double sum = 0;
    for (double energy : all) {
        sum += energy;
        if (sum > allowed) return energy;
    }
    return all.back();
}

AngularBasis identity_basis(const PolarGrid& grid) {
    const std::size_t rings = grid.rings.size();
    std::vector<double> identity(rings * rings, 0.0);
    for (std::size_t r = 0; r < rings; r++) identity[r * rings + r] = 1;
    const auto orders = static_cast<std::size_t>(grid.half() + 1);
    return {static_cast<int>(rings), grid.angles, std::vector<int>(orders, static_cast<int>(rings)),
            std::vector<std::vector<double>>(orders, identity)};
}

}  // namespace

std::vector<FrequencyPoint> PolarGrid::points() const {
    std::vector<FrequencyPoint> out;
    out.reserve(rings.size() * static_cast<std::size_t>(half()));
    for (double k : rings)
        for (int j = 0; j < half(); j++) {
            const double phi = 2 * std::numbers::pi * j / angles;
            out.push_back({static_cast<float>(k * std::cos(phi)), static_cast<float>(k * std::sin(phi))});
        }
    return out;
}

int AngularBasis::total_rank() const {
    return std::accumulate(rank.begin(), rank.end(), 0);
}

AngularBasis angular_basis(const PolarGrid& grid, double support_radius_px, double tolerance) {
    if (grid.rings.empty()) throw bad_input("polar grid: found no rings, expected at least one");
    if (grid.angles != 64 && grid.angles != 128 && grid.angles != 256 && grid.angles != 512)
        throw bad_input("polar grid: found " + std::to_string(grid.angles) +
                        " angles, expected 64, 128, 256 or 512");
    if (tolerance <= 0) return identity_basis(grid);
    const auto spectra = geometry_spectra(grid, support_radius_px);
    const double cut = energy_cut(spectra, tolerance * tolerance);
    AngularBasis out{static_cast<int>(grid.rings.size()), grid.angles, {}, {}};
    for (const auto& s : spectra) {
        out.rank.push_back(static_cast<int>((s.energy.array() >= cut).count()));
        auto& vectors = out.vectors.emplace_back();
        for (int k = 0; k < out.rank.back(); k++) {
            const Eigen::VectorXd v = s.vectors.col(s.vectors.cols() - 1 - k);
            vectors.insert(vectors.end(), v.data(), v.data() + v.size());
        }
    }
    while (out.orders() > 1 && out.rank.back() == 0) {
        out.rank.pop_back();
        out.vectors.pop_back();
    }
    return out;
}

}  // namespace tumble
