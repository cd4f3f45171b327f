#include "fourier/filters.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "fourier/half_spectrum.hpp"
#include "tumble/error.hpp"

namespace tumble {

namespace {

void require_voxel(const Volume& map) {
    if (!(map.voxel_A > 0))
        throw bad_input("A map's voxel size is not known; it is needed to filter at a spacing in A.");
}

template <class Factor>
Volume filtered(const Volume& map, ThreadPool& pool, const Factor& factor) {
    HalfSpectrum spectrum = half_spectrum(map.view());
    for_each_coefficient(map.box, pool, [&](std::size_t i, double radius) {
        spectrum.values[i] *= static_cast<float>(factor(radius));
    });
    Volume out = map_of(std::move(spectrum));
    out.voxel_A = map.voxel_A;
    return out;
}

// 1 below `shell`, 0 above, half a cosine of `width` shells centred on it.
double falling_edge(double radius, double shell, double width) {
    if (width <= 0) return radius <= shell ? 1 : 0;
    const double t = std::clamp((radius - shell) / width + 0.5, 0.0, 1.0);
    return 0.5 + 0.5 * std::cos(std::numbers::pi * t);
}

double shell_of(const Volume& map, double d_A) {
    if (!(d_A > 0))
        throw bad_input("A filter was asked for at " + std::to_string(d_A) + " A; expected more than 0.");
    return map.box * map.voxel_A / d_A;
}

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// Row i: the weights of the old voxels in new voxel i of one axis: (1/n) sum over the kept k of cos(2 pi k
// (x_i - x) / n).
Matrix interpolation(int old_box, double old_voxel, int box, double voxel) {
    Matrix out = Matrix::Zero(box, old_box);
    const double limit = old_voxel < voxel * (1 - 1e-9) ? 0.5 * old_box * old_voxel / voxel : 0.5 * old_box;
    const bool nyquist = old_box % 2 == 0 && limit >= 0.5 * old_box;
    for (int i = 0; i < box; i++) {
        const double at = (i - box / 2) * voxel / old_voxel + old_box / 2;
        if (at < -0.5 || at > old_box - 0.5) continue;
        for (int x = 0; x < old_box; x++) {
            const double phase = 2 * std::numbers::pi * (at - x) / old_box;
            double sum = 1;
            for (int k = 1; k < limit - 1e-9; k++) sum += 2 * std::cos(k * phase);
            if (nyquist) sum += std::cos(0.5 * old_box * phase);
            out(i, x) = static_cast<float>(sum / old_box);
        }
    }
    return out;
}

}  // namespace

Volume multiplied_by_shells(const Volume& map, std::span<const double> factors, ThreadPool& pool) {
    return filtered(map, pool, [&](double radius) {
        const auto low = static_cast<std::size_t>(radius);
        if (low >= factors.size()) return 0.0;
        const double fraction = radius - static_cast<double>(low);
        if (low + 1 == factors.size()) return fraction > 0.5 ? 0.0 : factors[low];
        return (1 - fraction) * factors[low] + fraction * factors[low + 1];
    });
}

Volume low_passed(const Volume& map, double d_A, double edge_shells, ThreadPool& pool) {
    require_voxel(map);
    const double shell = shell_of(map, d_A);
    return filtered(map, pool, [&](double radius) { return falling_edge(radius, shell, edge_shells); });
}

Volume band_passed(const Volume& map, double coarse_A, double fine_A, double edge_shells, ThreadPool& pool) {
    require_voxel(map);
    const double low = shell_of(map, coarse_A), high = shell_of(map, fine_A);
    if (low >= high)
        throw bad_input("A band from " + std::to_string(coarse_A) + " A to " + std::to_string(fine_A) +
                        " A is empty; expected the coarse spacing first.");
    return filtered(map, pool, [&](double radius) {
        return falling_edge(radius, high, edge_shells) * (1 - falling_edge(radius, low, edge_shells));
    });
}

Volume b_factored(const Volume& map, double b_A2, ThreadPool& pool) {
    require_voxel(map);
    const double extent = map.box * map.voxel_A;
    return filtered(map, pool,
                    [&](double radius) { return std::exp(-b_A2 * std::pow(radius / extent, 2) / 4); });
}

Volume centred(const Volume& map, int box) {
    if (box < 1) throw bad_input("A map of box " + std::to_string(box) + " was asked for.");
    Volume out(box, map.voxel_A);
    const int shift = box / 2 - map.box / 2, first = std::max(0, shift),
              last = std::min(box, map.box + shift);
    for (int z = first; z < last; z++)
        for (int y = first; y < last; y++)
            for (int x = first; x < last; x++) out.at(x, y, z) = map.at(x - shift, y - shift, z - shift);
    return out;
}

Volume resample(const Volume& map, int box, double voxel_A) {
    require_voxel(map);
    if (box < 1 || !(voxel_A > 0))
        throw bad_input("A map was to be resampled to box " + std::to_string(box) + " and voxel " +
                        std::to_string(voxel_A) + " A.");
    const Matrix axis = interpolation(map.box, map.voxel_A, box, voxel_A);
    const auto n = static_cast<Eigen::Index>(map.box), m = static_cast<Eigen::Index>(box);
    Matrix along_x = Eigen::Map<const Matrix>(map.values.data(), n * n, n) * axis.transpose();  // (z y, x')
    Matrix along_y(n * m, m);                                                                   // (z y', x')
    for (Eigen::Index z = 0; z < n; z++) along_y.middleRows(z * m, m) = axis * along_x.middleRows(z * n, n);
    Volume out(box, voxel_A);
    const auto scale = static_cast<float>(std::pow(voxel_A / map.voxel_A, 3));
    Eigen::Map<Matrix>(out.values.data(), m, m * m) =
        scale * (axis * Eigen::Map<Matrix>(along_y.data(), n, m * m));
    return out;
}

}  // namespace tumble
