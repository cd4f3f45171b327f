#include "fourier/circulant_preconditioner.hpp"

#include <algorithm>
#include <cmath>

#include "fourier/half_spectrum.hpp"
#include "fourier/normal_operator.hpp"

namespace tumble {

namespace {

// Eigenvalues below this multiple of their mean are raised to it: only the well measured low frequencies are
// damped; raising the ill measured ones would lead the first steps astray (docs/performance.md).
constexpr double least_share = 3;

/// Self-overlap of the mask by lag, on the doubled box with lag 0 at element 0; 1 at lag 0.
std::vector<float> self_overlap(std::span<const float> mask, std::size_t box, const Fft3D& fft,
                                ThreadPool& pool) {
    const std::size_t n = 2 * box;
    std::vector<float> padded(n * n * n);
    for (std::size_t z = 0; z < box; z++)
        for (std::size_t y = 0; y < box; y++)
            for (std::size_t x = 0; x < box; x++)
                padded[(z * n + y) * n + x] = mask.empty() ? 1.0f : mask[(z * box + y) * box + x];
    std::vector<Complexf> spectrum(n * n * (box + 1));
    fft.forward(padded.data(), spectrum.data(), pool);
    for (Complexf& v : spectrum) v = std::norm(v);
    fft.inverse(spectrum.data(), padded.data(), pool);
    const float whole = padded[0];
    if (whole > 0)
        for (float& v : padded) v /= whole;
    return padded;
}

}  // namespace

CirculantPreconditioner::CirculantPreconditioner(const NormalEquations& equations,
                                                 std::span<const float> mask,
                                                 std::span<const double> prior, ThreadPool& pool)
    : pool_(pool), fft_(equations.box) {
    const auto box = static_cast<std::size_t>(equations.box), n = 2 * box, half = box / 2 + 1;
    const Fft3D doubled(static_cast<int>(n));
    std::vector<float> kernel = self_overlap(mask, box, doubled, pool);
    for (std::size_t z = 0; z < n; z++)
        for (std::size_t y = 0; y < n; y++)
            for (std::size_t x = 0; x < n; x++)
                kernel[(z * n + y) * n + x] *=
                    equations.kernel[(((z + box) % n) * n + (y + box) % n) * n + (x + box) % n];
    std::vector<Complexf> spectrum(n * n * (box + 1));
    doubled.forward(kernel.data(), spectrum.data(), pool);

    factor_.resize(box * box * half);
    spectrum_.resize(factor_.size());
    const std::size_t end = band_end(prior);
    const double cubed = std::pow(static_cast<double>(box), 3);
    for_each_coefficient(equations.box, pool, [&](std::size_t i, double radius) {
        const std::size_t x = i % half, y = i / half % box, z = i / half / box;
        const double own = spectrum[((2 * z) * n + 2 * y) * (box + 1) + 2 * x].real();
        factor_[i] = static_cast<float>(own + 0.5 * cubed * prior_at(prior, end, radius));
    });
    double mean = 0;
    for (const float v : factor_) mean += static_cast<double>(v) / static_cast<double>(factor_.size());
    for (float& v : factor_)
        v = static_cast<float>(mean / cubed / std::max(static_cast<double>(v), least_share * mean));
}

void CirculantPreconditioner::apply(const std::vector<float>& in, std::vector<float>& out) {
    fft_.forward(in.data(), spectrum_.data(), pool_);
    pool_.run(static_cast<std::int64_t>(spectrum_.size()), [&](std::int64_t begin, std::int64_t end, int) {
        for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); i++)
            spectrum_[i] *= factor_[i];
    });
    fft_.inverse(spectrum_.data(), out.data(), pool_);
}

}  // namespace tumble
