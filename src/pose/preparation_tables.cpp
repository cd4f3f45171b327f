#include "pose/preparation_tables.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>

namespace tumble {
namespace {

double cosine_edge(double excess, double width) {
    const double u = std::clamp(excess / width, 0.0, 1.0);
    return 0.5 * (1 + std::cos(std::numbers::pi * u));
}

}  // namespace

double distance_from_origin(std::int64_t x, std::int64_t y, std::int64_t width, std::int64_t height) {
    return std::hypot(static_cast<double>(x - width / 2), static_cast<double>(y - height / 2));
}

PixelWeights particle_mask(int box, double mask_radius_A, double pixel_size_A) {
    PixelWeights mask;
    const int half = box / 2;
    for (int y = 0; y < box; y++)
        for (int x = 0; x < box; x++) {
            const double r = std::hypot(x - half, y - half) * pixel_size_A;
            const double m = cosine_edge(r - mask_radius_A, mask_edge_A);
            mask.values.push_back(static_cast<float>(m));
            mask.power += m * m;
        }
    return mask;
}

PixelWeights noise_window(std::int64_t height, std::int64_t width, double mask_radius_A, double pixel_size_A) {
    PixelWeights window;
    const double mask_radius_px = mask_radius_A / pixel_size_A;
    for (std::int64_t y = 0; y < height; y++)
        for (std::int64_t x = 0; x < width; x++) {
            const double r = distance_from_origin(x, y, width, height);
            const double w = 1 - cosine_edge(r - mask_radius_px - 1.0 / pixel_size_A, mask_edge_A / pixel_size_A);
            window.values.push_back(static_cast<float>(w));
            window.power += w * w;
        }
    return window;
}

bool measures_noise(const PixelWeights& window) {
    return window.power >= 0.05 * static_cast<double>(window.values.size());
}

std::vector<int> noise_shells(std::int64_t height, std::int64_t width) {
    std::vector<int> shell_of;
    const std::int64_t n = std::min(height, width);
    for (std::int64_t ky = 0; ky < height; ky++)
        for (std::int64_t kx = 0; kx < width / 2 + 1; kx++) {
            const double fy = static_cast<double>(ky < (height + 1) / 2 ? ky : ky - height) / static_cast<double>(height),
                         fx = static_cast<double>(kx) / static_cast<double>(width);
            const auto s = std::lround(std::hypot(fx, fy) * static_cast<double>(n));
            shell_of.push_back(s < n / 2 + 1 && (kx || ky) ? static_cast<int>(s) : -1);
        }
    return shell_of;
}

HalfPlane half_plane(int box) {
    struct Entry {
        int k2, kx, ky;
    };
    std::vector<Entry> entries;
    const int limit = box / 2;
    for (int ky = 0; ky < limit; ky++)
        for (int kx = -limit + 1; kx < limit; kx++) {
            const int k2 = kx * kx + ky * ky;
            if ((ky > 0 || kx > 0) && 4 * k2 < box * box) entries.push_back({k2, kx, ky});
        }
    std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.k2 < b.k2; });
    HalfPlane plane;
    for (const auto& e : entries) {
        plane.points.push_back({static_cast<float>(e.kx) / static_cast<float>(box), static_cast<float>(e.ky) / static_cast<float>(box)});
        plane.shell.push_back(static_cast<int>(std::lround(std::sqrt(static_cast<double>(e.k2)))));
        const bool other_half = e.kx < 0;
        const int row = other_half ? (box - e.ky) % box : e.ky, column = std::abs(e.kx);
        plane.index.push_back(static_cast<std::size_t>(row) * static_cast<std::size_t>(box / 2 + 1) + static_cast<std::size_t>(column));
        plane.re_sign.push_back((e.kx + e.ky) % 2 ? -1.0f : 1.0f);
        plane.im_sign.push_back(other_half ? -plane.re_sign.back() : plane.re_sign.back());
    }
    return plane;
}

}  // namespace tumble
