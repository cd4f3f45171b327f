#include "fourier/density_compensation.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "fourier/central_slice.hpp"
#include "fourier/circulant_preconditioner.hpp"
#include "fourier/fft.hpp"
#include "fourier/half_spectrum.hpp"
#include "fourier/insertion.hpp"
#include "fourier/normal_operator.hpp"
#include "tumble/error.hpp"

namespace tumble {

namespace {

void require_same(const NormalEquations& a, const NormalEquations& b) {
    if (a.box != b.box)
        throw bad_input("Normal equations of box " + std::to_string(b.box) +
                        " cannot be added to those of box " + std::to_string(a.box) + ".");
}

// Sums over fixed slices of the arrays, so that they do not depend on the number of threads.
double dot_product(const std::vector<float>& a, const std::vector<float>& b, ThreadPool& pool) {
    constexpr std::size_t slice = 1 << 14;
    std::vector<double> sums((a.size() + slice - 1) / slice);
    pool.run(static_cast<std::int64_t>(sums.size()), [&](std::int64_t begin, std::int64_t end, int) {
        for (auto s = static_cast<std::size_t>(begin); s < static_cast<std::size_t>(end); s++) {
            double sum[4] = {};
            std::size_t i = s * slice;
            const std::size_t last = std::min(a.size(), i + slice);
            for (; i + 4 <= last; i += 4)
                for (std::size_t k = 0; k < 4; k++) sum[k] += static_cast<double>(a[i + k]) * b[i + k];
            for (; i < last; i++) sum[0] += static_cast<double>(a[i]) * b[i];
            sums[s] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
        }
    });
    double total = 0;
    for (const double sum : sums) total += sum;
    return total;
}

// y += factor x.
void add_scaled(std::span<float> y, float factor, const std::vector<float>& x, ThreadPool& pool) {
    pool.run(static_cast<std::int64_t>(y.size()), [&](std::int64_t begin, std::int64_t end, int) {
        for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); i++)
            y[i] += factor * x[i];
    });
}
// y = x + factor y.
void scale_and_add(std::vector<float>& y, float factor, const std::vector<float>& x, ThreadPool& pool) {
    pool.run(static_cast<std::int64_t>(y.size()), [&](std::int64_t begin, std::int64_t end, int) {
        for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); i++)
            y[i] = x[i] + factor * y[i];
    });
}

/// Projection onto maps whose transform vanishes beyond the last shell of the prior; nothing where there is
/// no prior.
class BandLimit {
  public:
    BandLimit(int box, std::span<const double> prior, ThreadPool& pool) : fft_(box), pool_(pool) {
        if (prior.empty()) return;
        const auto n = static_cast<std::size_t>(box);
        spectrum_.resize(n * n * (n / 2 + 1));
        factor_.resize(spectrum_.size());
        const double limit = static_cast<double>(band_end(prior)) - 0.5,
                     cubed = std::pow(static_cast<double>(box), 3);
        for_each_coefficient(box, pool, [&](std::size_t i, double radius) {
            factor_[i] = radius < limit ? static_cast<float>(1 / cubed) : 0.0f;
        });
    }
    void apply(std::span<float> map) {
        if (spectrum_.empty()) return;
        fft_.forward(map.data(), spectrum_.data(), pool_);
        pool_.run(static_cast<std::int64_t>(spectrum_.size()),
                  [&](std::int64_t begin, std::int64_t end, int) {
                      for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); i++)
                          spectrum_[i] *= factor_[i];
                  });
        fft_.inverse(spectrum_.data(), map.data(), pool_);
    }

  private:
    Fft3D fft_;
    ThreadPool& pool_;
    std::vector<Complexf> spectrum_;
    std::vector<float> factor_;
};

void apply_mask(std::span<float> values, std::span<const float> mask) {
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
void solve_into(const NormalEquations& equations, const SolveProblem& options, std::span<float> map, ThreadPool& pool) {
    const auto voxels = equations.right_side.size();
    if (!options.mask.empty() && options.mask.size() != voxels)
        throw bad_input("The mask has " + std::to_string(options.mask.size()) + " voxels; expected " +
                        std::to_string(voxels) + ".");
    if (map.size() != voxels)
        throw bad_input("The map has " + std::to_string(map.size()) + " voxels; expected " + std::to_string(voxels) + ".");
    NormalOperator normal(equations, options.prior, pool);
    BandLimit band(equations.box, options.prior, pool);
    CirculantPreconditioner circulant(equations, options.mask, options.prior, pool);
    std::fill(map.begin(), map.end(), 0.0f);
    std::vector<float> residual = equations.right_side, limited, product(voxels), improved(voxels);
    band.apply(residual);
    apply_mask(residual, options.mask);
    const auto precondition = [&] {
        circulant.apply(residual, improved);
        apply_mask(improved, options.mask);
    };
    precondition();
    std::vector<float> direction = improved;
    double power = dot_product(residual, residual, pool), slope = dot_product(residual, improved, pool);
    const double goal = options.tolerance * options.tolerance * power;
    for (int step = 0; step < options.steps && power > goal && slope > 0; step++) {
        limited = direction;
        apply_mask(limited, options.mask);
        if (!options.mask.empty())
            band.apply(limited);  // without a mask every direction is within the band already
        normal.apply(limited, product);
        band.apply(product);
        apply_mask(product, options.mask);
        const double curvature = dot_product(direction, product, pool);
        if (!(curvature > 0)) break;
        add_scaled(map, static_cast<float>(slope / curvature), direction, pool);
        add_scaled(residual, static_cast<float>(-slope / curvature), product, pool);
        precondition();
        const double next = dot_product(residual, improved, pool);
        scale_and_add(direction, static_cast<float>(next / slope), improved, pool);
        power = dot_product(residual, residual, pool);
        slope = next;
    }
    apply_mask(map, options.mask);
    band.apply(map);
}

Volume solve(const NormalEquations& equations, const SolveOptions& options, ThreadPool& pool) {
    Volume map(equations.box, 0);
    solve_into(equations, {options.steps, options.tolerance, options.prior, options.mask}, map.values, pool);
    return map;
}

}  // namespace tumble
