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
        throw bad_input("Normal equations of box " + std::to_string(b.box) +
                        " cannot be added to those of box " + std::to_string(a.box) + ".");
}

double dot_product(const std::vector<float>& a, const std::vector<float>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); i++) sum += static_cast<double>(a[i]) * b[i];
    return sum;
}

// First shell at which the map has to vanish.
std::size_t band_end(const std::vector<double>& prior) {
    return static_cast<std::size_t>(
        std::find_if(prior.begin(), prior.end(), [](double p) { return !std::isfinite(p); }) - prior.begin());
}

// The prior at `shell` (of width 1/box, not necessarily whole); that of the last shell continues beyond it,
// where the band limit makes it irrelevant but the operator has to stay positive.
double prior_at(const std::vector<double>& prior, double shell) {
    const std::size_t end = band_end(prior);
    if (end == 0) return 0;
    const auto low = std::min(static_cast<std::size_t>(shell), end - 1), high = std::min(low + 1, end - 1);
    const double fraction = std::min(1.0, shell - static_cast<double>(low));
    return (1 - fraction) * prior[low] + fraction * prior[high];
}

double frequency_norm(int x, int y, int z, int n) {
    const double ky = y <= n / 2 ? y : y - n, kz = z <= n / 2 ? z : z - n;
    return std::sqrt(static_cast<double>(x) * x + ky * ky + kz * kz);
}

/// The normal operator with its prior: a convolution of the doubled box, as a real multiplier of the half
/// spectrum.
class NormalOperator {
  public:
    NormalOperator(const NormalEquations& equations, const std::vector<double>& prior, ThreadPool& pool)
        : box_(equations.box), doubled_(2 * equations.box), fft_(doubled_), pool_(pool) {
        const auto n = static_cast<std::size_t>(doubled_), half = n / 2 + 1,
                   b = static_cast<std::size_t>(box_);
        real_.resize(n * n * n);
        spectrum_.resize(n * n * half);
        multiplier_.resize(spectrum_.size());
        for (std::size_t z = 0; z < n; z++)
            for (std::size_t y = 0; y < n; y++)
                for (std::size_t x = 0; x < n; x++)
                    real_[(((z + b) % n) * n + (y + b) % n) * n + (x + b) % n] =
                        equations.kernel[(z * n + y) * n + x];
        fft_.forward(real_.data(), spectrum_.data());
        // Divided by n^3 for the inverse transform. The kernel is cut off at the doubled box, so its
        // transform has negative lobes; only the operator as a whole, restricted to the box, is positive.
        const double scale = 1 / (static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n));
        const double cells = 0.5 * static_cast<double>(b) * static_cast<double>(b) * static_cast<double>(b);
        for (std::size_t z = 0; z < n; z++)
            for (std::size_t y = 0; y < n; y++)
                for (std::size_t x = 0; x < half; x++) {
                    const std::size_t i = (z * n + y) * half + x;
                    const double data = spectrum_[i].real();
                    const double shell = frequency_norm(static_cast<int>(x), static_cast<int>(y),
                                                        static_cast<int>(z), doubled_) /
                                         2;
                    multiplier_[i] = static_cast<float>(scale * (data + cells * prior_at(prior, shell)));
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
        pool_.run(static_cast<std::int64_t>(spectrum_.size()),
                  [&](std::int64_t begin, std::int64_t end, int) {
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

/// Projection onto maps whose transform vanishes beyond the last shell of the prior; nothing where there is
/// no prior.
class BandLimit {
  public:
    BandLimit(int box, const std::vector<double>& prior) : box_(box), end_(band_end(prior)), fft_(box) {
        const auto n = static_cast<std::size_t>(box);
        if (!prior.empty()) spectrum_.resize(n * n * (n / 2 + 1));
    }
    void apply(std::vector<float>& map) {
        if (spectrum_.empty()) return;
        const auto n = static_cast<std::size_t>(box_), half = n / 2 + 1;
        fft_.forward(map.data(), spectrum_.data());
        const float scale = 1 / (static_cast<float>(n) * static_cast<float>(n) * static_cast<float>(n));
        for (std::size_t z = 0; z < n; z++)
            for (std::size_t y = 0; y < n; y++)
                for (std::size_t x = 0; x < half; x++) {
                    const double shell =
                        frequency_norm(static_cast<int>(x), static_cast<int>(y), static_cast<int>(z), box_);
                    spectrum_[(z * n + y) * half + x] *=
                        shell < static_cast<double>(end_) - 0.5 ? scale : 0.0f;
                }
        fft_.inverse(spectrum_.data(), map.data());
    }

  private:
    int box_;
    std::size_t end_;
    Fft3D fft_;
    std::vector<Complexf> spectrum_;
};

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

NormalEquations accumulate(const SliceSamples& samples, int box, const GriddingWindow& window,
                           double padding_factor, ThreadPool& pool) {
    if (box < 8)
        throw bad_input("A map of box " + std::to_string(box) +
                        " was asked for; expected at least 8 voxels.");
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

// The map is sought as B M u, mask M first, band limit B second: the normal operator for u is M B A B M.
Volume solve(const NormalEquations& equations, const SolveOptions& options, ThreadPool& pool) {
    const auto voxels = equations.right_side.size();
    if (!options.mask.empty() && options.mask.size() != voxels)
        throw bad_input("The mask has " + std::to_string(options.mask.size()) + " voxels; expected " +
                        std::to_string(voxels) + ".");
    NormalOperator normal(equations, options.prior, pool);
    BandLimit band(equations.box, options.prior);
    Volume map(equations.box, 0);
    std::vector<float> residual = equations.right_side, limited, product(voxels);
    band.apply(residual);
    apply_mask(residual, options.mask);
    std::vector<float> direction = residual;
    double power = dot_product(residual, residual);
    const double goal = options.tolerance * options.tolerance * power;
    for (int step = 0; step < options.steps && power > goal && power > 0; step++) {
        limited = direction;
        apply_mask(limited, options.mask);
        if (!options.mask.empty())
            band.apply(limited);  // without a mask every direction is within the band already
        normal.apply(limited, product);
        band.apply(product);
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
    band.apply(map.values);
    return map;
}

}  // namespace tumble
