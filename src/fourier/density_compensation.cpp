#include "fourier/density_compensation.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "fourier/central_slice.hpp"
#include "fourier/fft.hpp"
#include "fourier/insertion.hpp"
#include "tumble/error.hpp"

namespace tumble {

namespace {

void require_same(const NormalEquations& a, const NormalEquations& b) {
    if (a.box != b.box)
        throw bad_input("Normal equations of box " + std::to_string(b.box) + " cannot be added to those of box " +
                        std::to_string(a.box) + ".");
}

double dot_product(const std::vector<float>& a, const std::vector<float>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); i++) sum += static_cast<double>(a[i]) * b[i];
    return sum;
}

// The prior at `shell` (of width 1/box, not necessarily whole), or a negative number where the map has to vanish.
double prior_at(const std::vector<double>& prior, double shell) {
    const auto nearest = static_cast<std::size_t>(std::lround(shell));
    if (nearest >= prior.size() || !std::isfinite(prior[nearest])) return -1;
    const auto low = static_cast<std::size_t>(shell);
    const double fraction = shell - static_cast<double>(low);
    if (fraction == 0 || low + 1 >= prior.size() || !std::isfinite(prior[low]) || !std::isfinite(prior[low + 1]))
        return prior[nearest];
    return (1 - fraction) * prior[low] + fraction * prior[low + 1];
}

double frequency_norm(int x, int y, int z, int n) {
    const double ky = y <= n / 2 ? y : y - n, kz = z <= n / 2 ? z : z - n;
    return std::sqrt(static_cast<double>(x) * x + ky * ky + kz * kz);
}

/// The normal operator with its prior: a convolution of the doubled box, as a real multiplier of the half spectrum.
class NormalOperator {
  public:
    NormalOperator(const NormalEquations& equations, const std::vector<double>& prior, ThreadPool& pool)
        : box_(equations.box), doubled_(2 * equations.box), fft_(doubled_), pool_(pool) {
        const auto n = static_cast<std::size_t>(doubled_), half = n / 2 + 1, b = static_cast<std::size_t>(box_);
        real_.resize(n * n * n);
        spectrum_.resize(n * n * half);
        multiplier_.resize(spectrum_.size());
        for (std::size_t z = 0; z < n; z++)
            for (std::size_t y = 0; y < n; y++)
                for (std::size_t x = 0; x < n; x++)
                    real_[(((z + b) % n) * n + (y + b) % n) * n + (x + b) % n] = equations.kernel[(z * n + y) * n + x];
        fft_.forward(real_.data(), spectrum_.data());
        // Divided by n^3 for the inverse transform. Gridding errors must not make the operator indefinite.
        const double scale = 1 / (static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n));
        const double cells = 0.5 * static_cast<double>(b) * static_cast<double>(b) * static_cast<double>(b);
        for (std::size_t z = 0; z < n; z++)
            for (std::size_t y = 0; y < n; y++)
                for (std::size_t x = 0; x < half; x++) {
                    const std::size_t i = (z * n + y) * half + x;
                    const double data = std::max(0.0, static_cast<double>(spectrum_[i].real()));
                    const double shell =
                        frequency_norm(static_cast<int>(x), static_cast<int>(y), static_cast<int>(z), doubled_) / 2;
                    const double added = prior.empty() ? 0 : prior_at(prior, shell);
                    multiplier_[i] = added < 0 ? 0.0f : static_cast<float>(scale * (data + cells * added));
                }
        std::fill(real_.begin(), real_.end(), 0.0f);
    }

    void apply(const std::vector<float>& in, std::vector<float>& out) {
        const auto n = static_cast<std::size_t>(doubled_), b = static_cast<std::size_t>(box_);
        std::fill(real_.begin(), real_.end(), 0.0f);
        for (std::size_t z = 0; z < b; z++)
            for (std::size_t y = 0; y < b; y++)
                std::copy_n(in.data() + (z * b + y) * b, b, real_.data() + (z * n + y) * n);
        fft_.forward(real_.data(), spectrum_.data());
        pool_.run(static_cast<std::int64_t>(spectrum_.size()), [&](std::int64_t begin, std::int64_t end, int) {
            for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); i++)
                spectrum_[i] *= multiplier_[i];
        });
        fft_.inverse(spectrum_.data(), real_.data());
        for (std::size_t z = 0; z < b; z++)
            for (std::size_t y = 0; y < b; y++)
                std::copy_n(real_.data() + (z * n + y) * n, b, out.data() + (z * b + y) * b);
    }

  private:
    int box_, doubled_;
    Fft3D fft_;
    ThreadPool& pool_;
    std::vector<float> real_, multiplier_;
    std::vector<Complexf> spectrum_;
};

// Sets the transform to zero where the prior ends.
void limit_band(std::vector<float>& map, int box, const std::vector<double>& prior) {
    const auto n = static_cast<std::size_t>(box), half = n / 2 + 1;
    const Fft3D fft(box);
    std::vector<Complexf> spectrum(n * n * half);
    fft.forward(map.data(), spectrum.data());
    const float scale = 1 / (static_cast<float>(n) * static_cast<float>(n) * static_cast<float>(n));
    for (std::size_t z = 0; z < n; z++)
        for (std::size_t y = 0; y < n; y++)
            for (std::size_t x = 0; x < half; x++) {
                const double shell = frequency_norm(static_cast<int>(x), static_cast<int>(y), static_cast<int>(z), box);
                spectrum[(z * n + y) * half + x] *= prior_at(prior, shell) < 0 ? 0.0f : scale;
            }
    fft.inverse(spectrum.data(), map.data());
}

void apply_mask(std::vector<float>& values, const std::vector<float>& mask) {
    if (mask.empty()) return;
    for (std::size_t i = 0; i < values.size(); i++) values[i] *= mask[i];
}

}  // namespace

NormalEquations& NormalEquations::operator+=(const NormalEquations& other) {
    require_same(*this, other);
    for (std::size_t i = 0; i < right_side.size(); i++) right_side[i] += other.right_side[i];
    for (std::size_t i = 0; i < kernel.size(); i++) kernel[i] += other.kernel[i];
    images += other.images;
    return *this;
}

NormalEquations& NormalEquations::operator-=(const NormalEquations& other) {
    require_same(*this, other);
    for (std::size_t i = 0; i < right_side.size(); i++) right_side[i] -= other.right_side[i];
    for (std::size_t i = 0; i < kernel.size(); i++) kernel[i] -= other.kernel[i];
    images -= other.images;
    return *this;
}

NormalEquations accumulate(const SliceSamples& samples, int box, const GriddingWindow& window, double padding_factor,
                           ThreadPool& pool) {
    if (box < 8) throw bad_input("A map of box " + std::to_string(box) + " was asked for; expected at least 8 voxels.");
    NormalEquations out;
    out.box = box;
    InsertionGrid data = insertion_grid(padded_side(box, padding_factor), 2, window);
    insert_samples(data, samples, pool);
    out.right_side = gridded_to_map(data, box, pool);
    InsertionGrid weights = insertion_grid(padded_side(2 * box, padding_factor), 1, window);
    insert_samples(weights, samples, pool);
    out.kernel = gridded_to_map(weights, 2 * box, pool);
    for (const float weight : samples.image_weights) out.images += weight;
    return out;
}

Volume solve(const NormalEquations& equations, const SolveOptions& options, ThreadPool& pool) {
    const auto voxels = equations.right_side.size();
    if (!options.mask.empty() && options.mask.size() != voxels)
        throw bad_input("The mask has " + std::to_string(options.mask.size()) + " voxels; expected " + std::to_string(voxels) + ".");
    Volume map(equations.box, 0);
    NormalOperator normal(equations, options.prior, pool);
    std::vector<float> residual = equations.right_side, product(voxels), masked(voxels);
    if (!options.prior.empty()) limit_band(residual, equations.box, options.prior);
    apply_mask(residual, options.mask);
    std::vector<float> direction = residual;
    double power = dot_product(residual, residual);
    const double goal = options.tolerance * options.tolerance * power;
    for (int step = 0; step < options.steps && power > goal && power > 0; step++) {
        masked = direction;
        apply_mask(masked, options.mask);
        normal.apply(masked, product);
        apply_mask(product, options.mask);
        const double curvature = dot_product(direction, product);
        if (!(curvature > 0)) break;
        const auto length = static_cast<float>(power / curvature);
        for (std::size_t i = 0; i < voxels; i++) map.values[i] += length * direction[i];
        for (std::size_t i = 0; i < voxels; i++) residual[i] -= length * product[i];
        const double next = dot_product(residual, residual);
        const auto turn = static_cast<float>(next / power);
        for (std::size_t i = 0; i < voxels; i++) direction[i] = residual[i] + turn * direction[i];
        power = next;
    }
    apply_mask(map.values, options.mask);
    if (!options.prior.empty()) limit_band(map.values, equations.box, options.prior);
    return map;
}

}  // namespace tumble
