#include "fourier/normal_operator.hpp"

#include <algorithm>
#include <cmath>

#include "fourier/half_spectrum.hpp"

namespace tumble {

double prior_at(std::span<const double> prior, std::size_t end, double shell) {
    if (end == 0) return 0;
    const auto low = std::min(static_cast<std::size_t>(shell), end - 1), high = std::min(low + 1, end - 1);
    const double fraction = std::min(1.0, shell - static_cast<double>(low));
    return (1 - fraction) * prior[low] + fraction * prior[high];
}

std::size_t band_end(std::span<const double> prior) {
    return static_cast<std::size_t>(
        std::find_if(prior.begin(), prior.end(), [](double p) { return !std::isfinite(p); }) - prior.begin());
}

NormalOperator::NormalOperator(const NormalEquations& equations, std::span<const double> prior,
                               ThreadPool& pool)
    : box_(static_cast<std::size_t>(equations.box)),
      doubled_(2 * box_),
      half_(box_ + 1),
      pool_(pool),
      rows_(equations.box, 2 * equations.box),
      lines_(2 * equations.box, equations.box + 1, equations.box + 1),
      planes_(box_ * doubled_ * half_),
      multiplier_(doubled_ * doubled_ * half_),
      row_scratch_(static_cast<std::size_t>(pool.size()), std::vector<float>(box_ * doubled_)),
      column_scratch_(static_cast<std::size_t>(pool.size()), std::vector<Complexf>(doubled_ * half_)) {
    const std::size_t n = doubled_;
    std::vector<float> kernel(n * n * n);
    for (std::size_t z = 0; z < n; z++)
        for (std::size_t y = 0; y < n; y++) {
            const float* from = equations.kernel.data() + (z * n + y) * n;
            float* to = kernel.data() + (((z + box_) % n) * n + (y + box_) % n) * n;
            std::copy_n(from + box_, box_, to);
            std::copy_n(from, box_, to + box_);
        }
    std::vector<Complexf> spectrum(n * n * half_);
    Fft3D(static_cast<int>(n)).forward(kernel.data(), spectrum.data(), pool);
    // Divided by n^3 for the inverse transform. The kernel is cut off at the doubled box, so its transform
    // has negative lobes; only the operator as a whole, restricted to the box, is positive.
    const double cubed = static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n);
    const std::size_t end = band_end(prior);
    for_each_coefficient(static_cast<int>(n), pool, [&](std::size_t i, double radius) {
        const std::size_t x = i % half_, y = i / half_ % n, z = i / half_ / n;
        const double added = cubed / 16 * prior_at(prior, end, radius / 2);
        multiplier_[(y * n + z) * half_ + x] = static_cast<float>((spectrum[i].real() + added) / cubed);
    });
}

// One plane of the input: rows of the box, padded with zeros, along x; then along y.
void NormalOperator::to_columns(const float* in, std::size_t z, int share) {
    float* rows = row_scratch_[static_cast<std::size_t>(share)].data();
    for (std::size_t y = 0; y < box_; y++) {
        std::copy_n(in + (z * box_ + y) * box_, box_, rows + y * doubled_);
        std::fill_n(rows + y * doubled_ + box_, box_, 0.0f);
    }
    Complexf* plane = planes_.data() + z * doubled_ * half_;
    rows_.forward(rows, plane);
    std::fill_n(plane + box_ * half_, box_ * half_, Complexf{});
    lines_.forward(plane);
}

void NormalOperator::convolve_columns(std::size_t y, int share) {
    Complexf* columns = column_scratch_[static_cast<std::size_t>(share)].data();
    for (std::size_t z = 0; z < box_; z++)
        std::copy_n(planes_.data() + (z * doubled_ + y) * half_, half_, columns + z * half_);
    std::fill_n(columns + box_ * half_, box_ * half_, Complexf{});
    lines_.forward(columns);
    const float* factor = multiplier_.data() + y * doubled_ * half_;
    for (std::size_t i = 0; i < doubled_ * half_; i++) columns[i] *= factor[i];
    lines_.inverse(columns);
    for (std::size_t z = 0; z < box_; z++)
        std::copy_n(columns + z * half_, half_, planes_.data() + (z * doubled_ + y) * half_);
}

void NormalOperator::from_columns(std::size_t z, float* out, int share) {
    Complexf* plane = planes_.data() + z * doubled_ * half_;
    float* rows = row_scratch_[static_cast<std::size_t>(share)].data();
    lines_.inverse(plane);
    rows_.inverse(plane, rows);
    for (std::size_t y = 0; y < box_; y++)
        std::copy_n(rows + y * doubled_, box_, out + (z * box_ + y) * box_);
}

void NormalOperator::apply(const std::vector<float>& in, std::vector<float>& out) {
    const auto each = [&](std::size_t items, const auto& body) {
        pool_.run(static_cast<std::int64_t>(items), [&](std::int64_t begin, std::int64_t end, int share) {
            for (auto i = begin; i < end; i++) body(static_cast<std::size_t>(i), share);
        });
    };
    each(box_, [&](std::size_t z, int share) { to_columns(in.data(), z, share); });
    each(doubled_, [&](std::size_t y, int share) { convolve_columns(y, share); });
    each(box_, [&](std::size_t z, int share) { from_columns(z, out.data(), share); });
}

}  // namespace tumble
