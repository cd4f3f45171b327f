#include "atoms/image_waves.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace tumble {
namespace {

constexpr std::size_t lanes = phase_lanes;

std::size_t index(int i) {
    return static_cast<std::size_t>(i);
}

}  // namespace

std::vector<ProjectedAtom> project_atoms(const Pose& pose, std::span<const Vec3> positions_A,
                                         std::span<const double> heights) {
    std::vector<ProjectedAtom> atoms(positions_A.size());
    for (std::size_t a = 0; a < atoms.size(); a++) {
        const Vec3 lab = pose.rotation * positions_A[a];
        atoms[a] = {lab.x + pose.shift_A.x, lab.y + pose.shift_A.y, lab.z, heights[a]};
    }
    return atoms;
}

ImageWaves::ImageWaves(const HalfPlaneGrid& grid, std::size_t atoms) : grid_(grid), atoms_(atoms) {
    const std::size_t groups = (atoms + lanes - 1) / lanes;
    x_re_.resize(atoms * index(grid.padded_columns));
    x_im_.resize(x_re_.size());
    x_lane_re_.resize(groups * index(grid.columns) * lanes);
    x_lane_im_.resize(x_lane_re_.size());
    y_re_.resize(atoms * index(grid.rows));
    y_im_.resize(y_re_.size());
    y_lane_re_.resize(groups * index(grid.rows) * lanes);
    y_lane_im_.resize(y_lane_re_.size());
    c_re_.resize(atoms * phase_rows);
    c_im_.resize(c_re_.size());
    rows_re_.resize(index(grid.rows) * index(grid.padded_columns));
    rows_im_.resize(rows_re_.size());
    w_re_.resize(index(grid.rows) * index(grid.columns));
    w_im_.resize(w_re_.size());
}

void ImageWaves::set(std::span<const ProjectedAtom> atoms) {
    std::copy(atoms.begin(), atoms.end(), atoms_.begin());
    const double turn = -2 * std::numbers::pi * grid_.spacing_per_A;
    const auto columns = index(grid_.columns), rows = index(grid_.rows), reach = index(grid_.reach);
    for (std::size_t a = 0; a < atoms_.size(); a++) {
        const std::size_t group = a / lanes, lane = a % lanes;
        float* x_re = x_re_.data() + a * index(grid_.padded_columns);
        float* x_im = x_im_.data() + a * index(grid_.padded_columns);
        // Factors of the axis by recurrence in double precision: after a hundred steps still good to 1e-14.
        double re = 1, im = 0, step_re = std::cos(turn * atoms_[a].x), step_im = std::sin(turn * atoms_[a].x);
        for (std::size_t k = 0; k <= reach; k++) {
            x_re[reach + k] = x_re[reach - k] = static_cast<float>(re);
            x_im[reach + k] = static_cast<float>(im);
            x_im[reach - k] = static_cast<float>(-im);
            const double next = re * step_re - im * step_im;
            im = re * step_im + im * step_re;
            re = next;
        }
        for (std::size_t c = 0; c < columns; c++) {
            x_lane_re_[(group * columns + c) * lanes + lane] = x_re[c];
            x_lane_im_[(group * columns + c) * lanes + lane] = -x_im[c];
        }
        re = 1, im = 0, step_re = std::cos(turn * atoms_[a].y), step_im = std::sin(turn * atoms_[a].y);
        for (std::size_t r = 0; r < rows; r++) {
            y_re_[a * rows + r] = y_lane_re_[(group * rows + r) * lanes + lane] = static_cast<float>(re);
            y_im_[a * rows + r] = static_cast<float>(im);
            y_lane_im_[(group * rows + r) * lanes + lane] = static_cast<float>(-im);
            const double next = re * step_re - im * step_im;
            im = re * step_im + im * step_re;
            re = next;
        }
    }
}

void ImageWaves::structure_factors(bool depth, std::span<Complexf> out) {
    const auto rows = index(grid_.rows), stride = index(grid_.padded_columns);
    for (std::size_t first = 0; first < rows; first += phase_rows) {
        for (std::size_t a = 0; a < atoms_.size(); a++) {
            const auto weight = static_cast<float>(atoms_[a].height * (depth ? atoms_[a].z : 1));
            for (std::size_t r = 0; r < phase_rows; r++) {
                c_re_[a * phase_rows + r] = weight * y_re_[a * rows + first + r];
                c_im_[a * phase_rows + r] = weight * y_im_[a * rows + first + r];
            }
        }
        sum_waves(c_re_.data(), c_im_.data(), x_re_.data(), x_im_.data(),
                  static_cast<std::int64_t>(atoms_.size()), grid_.padded_columns,
                  rows_re_.data() + first * stride, rows_im_.data() + first * stride);
    }
    for (std::size_t p = 0; p < out.size(); p++) {
        const std::size_t cell = index(grid_.row[p]) * stride + index(grid_.column[p]);
        out[p] = {rows_re_[cell], rows_im_[cell]};
    }
}

void ImageWaves::fill(std::span<const Complexf> values) {
    const auto columns = index(grid_.columns);
    for (std::size_t p = 0; p < values.size(); p++) {
        const std::size_t row = index(grid_.row[p]);
        const std::size_t cell =
            (row / phase_rows * columns + index(grid_.column[p])) * phase_rows + row % phase_rows;
        w_re_[cell] = values[p].real();
        w_im_[cell] = values[p].imag();
    }
}

WaveMoments ImageWaves::moments(std::size_t group) const {
    const WaveGrid grid{grid_.rows,
                        grid_.columns,
                        w_re_.data(),
                        w_im_.data(),
                        grid_.column_value.data(),
                        grid_.row_value.data()};
    const std::size_t x = group * index(grid_.columns) * lanes, y = group * index(grid_.rows) * lanes;
    WaveMoments out;
    moment_waves(grid, x_lane_re_.data() + x, x_lane_im_.data() + x, y_lane_re_.data() + y,
                 y_lane_im_.data() + y, out);
    return out;
}

void ImageWaves::gradient(std::span<const Complexf> direct, std::span<const Complexf> depth,
                          std::span<ProjectedGradient> out) {
    constexpr double turn = -4 * std::numbers::pi;  // 2 Re(conj(-2 pi i k e) r) = -4 pi k Im(conj(e) r)
    const std::size_t groups = (atoms_.size() + lanes - 1) / lanes;
    fill(direct);
    for (std::size_t group = 0; group < groups; group++) {
        const WaveMoments sums = moments(group);
        for (std::size_t a = group * lanes; a < std::min((group + 1) * lanes, atoms_.size()); a++) {
            const std::size_t l = a % lanes;
            const double h = atoms_[a].height;
            out[a] = {turn * h * sums.x[l], turn * h * sums.y[l], 0, 2.0 * sums.value[l]};
        }
    }
    if (depth.empty()) return;
    fill(depth);
    for (std::size_t group = 0; group < groups; group++) {
        const WaveMoments sums = moments(group);
        for (std::size_t a = group * lanes; a < std::min((group + 1) * lanes, atoms_.size()); a++) {
            const std::size_t l = a % lanes;
            const double h = atoms_[a].height, z = atoms_[a].z;
            out[a].x += turn * h * z * sums.x[l];
            out[a].y += turn * h * z * sums.y[l];
            out[a].z += 2 * h * sums.value[l];
            out[a].height += 2 * z * sums.value[l];
        }
    }
}

}  // namespace tumble
