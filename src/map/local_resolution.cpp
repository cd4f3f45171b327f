#include "map/local_resolution.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "fourier/fft.hpp"
#include "fourier/fsc.hpp"
#include "fourier/half_spectrum.hpp"
#include "tumble/error.hpp"

namespace tumble {

namespace {

/// One window, its transform, and the scratch that a thread needs.
class Window {
  public:
    Window(int side, const Fft3D& fft)
        : side_(side), fft_(fft), taper_(Volume(side, 0)), cut_(Volume(side, 0)) {
        const double radius = side / 2.0;
        for (int z = 0; z < side; z++)
            for (int y = 0; y < side; y++)
                for (int x = 0; x < side; x++) {
                    const double r = std::hypot(x - side / 2, y - side / 2, z - side / 2) / radius;
                    taper_.at(x, y, z) =
                        r < 1 ? static_cast<float>(0.5 + 0.5 * std::cos(std::numbers::pi * r)) : 0.0f;
                }
        const auto n = static_cast<std::size_t>(side);
        for (HalfSpectrum* spectrum : {&first_, &second_}) {
            spectrum->box = side;
            spectrum->values.resize(n * n * spectrum->columns());
        }
    }

    /// Resolution in A of the halves around (x, y, z).
    double resolution_at_point(const Volume& half1, const Volume& half2, int x, int y, int z,
                               double threshold) {
        transform(half1, x, y, z, first_);
        transform(half2, x, y, z, second_);
        const ShellSums sums = shell_sums(first_, second_);
        std::vector<double> frequency, curve;
        for (std::size_t s = 0; s < sums.cross.size(); s++) {
            const double norm = std::sqrt(sums.power_a[s] * sums.power_b[s]);
            frequency.push_back(static_cast<double>(s) / (side_ * half1.voxel_A));
            curve.push_back(norm > 0 ? sums.cross[s] / norm : 0);
        }
        return resolution_at(frequency, curve, threshold).d_A;
    }

  private:
    void transform(const Volume& half, int cx, int cy, int cz, HalfSpectrum& out) {
        const int n = half.box;
        const auto inside = [n](int i) { return i >= 0 && i < n; };
        for (int z = 0; z < side_; z++)
            for (int y = 0; y < side_; y++)
                for (int x = 0; x < side_; x++) {
                    const int sx = cx + x - side_ / 2, sy = cy + y - side_ / 2, sz = cz + z - side_ / 2;
                    cut_.at(x, y, z) = inside(sx) && inside(sy) && inside(sz)
                                           ? half.at(sx, sy, sz) * taper_.at(x, y, z)
                                           : 0.0f;
                }
        fft_.forward(cut_.values.data(), out.values.data());
    }

    int side_;
    const Fft3D& fft_;
    Volume taper_, cut_;
    HalfSpectrum first_, second_;
};

// Places needed for linear interpolation at any voxel of the mask.
std::vector<std::int64_t> places(VolumeView mask, int box, int step, int nodes) {
    std::vector<bool> needed(
        static_cast<std::size_t>(nodes) * static_cast<std::size_t>(nodes) * static_cast<std::size_t>(nodes),
        mask.data == nullptr);
    const auto node = [&](int x, int y, int z) {
        return static_cast<std::size_t>((z * nodes + y) * nodes + x);
    };
    if (mask.data != nullptr)
        for (int z = 0; z < box; z++)
            for (int y = 0; y < box; y++)
                for (int x = 0; x < box; x++)
                    if (mask.at(x, y, z) > 0)
                        for (int c = 0; c < 8; c++)
                            needed[node(x / step + (c & 1), y / step + (c >> 1 & 1), z / step + (c >> 2))] =
                                true;
    std::vector<std::int64_t> out;
    for (std::size_t i = 0; i < needed.size(); i++)
        if (needed[i]) out.push_back(static_cast<std::int64_t>(i));
    return out;
}

double interpolated(const std::vector<double>& at, int nodes, int step, int x, int y, int z) {
    double sum = 0;
    const double fx = static_cast<double>(x % step) / step, fy = static_cast<double>(y % step) / step,
                 fz = static_cast<double>(z % step) / step;
    for (int c = 0; c < 8; c++) {
        const int dx = c & 1, dy = c >> 1 & 1, dz = c >> 2;
        sum +=
            (dx ? fx : 1 - fx) * (dy ? fy : 1 - fy) * (dz ? fz : 1 - fz) *
            at[static_cast<std::size_t>(((z / step + dz) * nodes + y / step + dy) * nodes + x / step + dx)];
    }
    return sum;
}

}  // namespace

Volume local_resolution(const Volume& half1, const Volume& half2, VolumeView mask,
                        const LocalResolutionOptions& options, ThreadPool& pool) {
    if (half1.box != half2.box || (mask.data != nullptr && mask.box != half1.box))
        throw bad_input("Half maps and mask of local resolution differ in box; expected " +
                        std::to_string(half1.box) + ".");
    if (!(half1.voxel_A > 0))
        throw bad_input("The half maps' voxel size is not known; local resolution needs it.");
    if (options.step < 1)
        throw bad_input("The step of local resolution is " + std::to_string(options.step) +
                        "; expected at least 1.");
    const int side =
        next_fast_size(std::max(8, static_cast<int>(std::lround(options.window_A / half1.voxel_A))));
    const int nodes = (half1.box - 1) / options.step + 2;
    const Fft3D fft(side);
    std::vector<Window> windows(static_cast<std::size_t>(pool.size()), Window(side, fft));
    std::vector<double> at(static_cast<std::size_t>(nodes) * static_cast<std::size_t>(nodes) *
                           static_cast<std::size_t>(nodes));
    const std::vector<std::int64_t> list = places(mask, half1.box, options.step, nodes);
    pool.each(static_cast<std::int64_t>(list.size()), [&](std::int64_t i, int thread) {
        const auto place = list[static_cast<std::size_t>(i)];
        const int x = static_cast<int>(place % nodes), y = static_cast<int>(place / nodes % nodes),
                  z = static_cast<int>(place / nodes / nodes);
        at[static_cast<std::size_t>(place)] = windows[static_cast<std::size_t>(thread)].resolution_at_point(
            half1, half2, std::min(x * options.step, half1.box - 1),
            std::min(y * options.step, half1.box - 1), std::min(z * options.step, half1.box - 1),
            options.threshold);
    });
    Volume out(half1.box, half1.voxel_A);
    for (int z = 0; z < out.box; z++)
        for (int y = 0; y < out.box; y++)
            for (int x = 0; x < out.box; x++)
                if (mask.data == nullptr || mask.at(x, y, z) > 0)
                    out.at(x, y, z) = static_cast<float>(interpolated(at, nodes, options.step, x, y, z));
    return out;
}

}  // namespace tumble
