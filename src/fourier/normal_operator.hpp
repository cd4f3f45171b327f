#pragma once
// The normal operator of map reconstruction: convolution with a kernel of the doubled box, by FFTs (Toeplitz
// embedding; Fessler et al., IEEE Trans. Signal Process. 53, 3393, 2005). Rows, lines and planes that are
// known to be zero, or that nobody looks at, are not transformed: a step costs little more than half a plain
// transform pair of the doubled box.
#include <span>
#include <vector>

#include "core/threads.hpp"
#include "fourier/density_compensation.hpp"
#include "fourier/fft.hpp"

namespace tumble {

/// Number of shells in which a map may have power: up to the first that is not finite.
std::size_t band_end(std::span<const double> prior);

/// The prior at `shell` of width 1/box, not necessarily whole: linear between shells, that of shell end - 1 beyond it,
/// where the band limit makes it irrelevant but the operator has to stay positive; 0 without shells.
double prior_at(std::span<const double> prior, std::size_t end, double shell);

/// Not to be applied by two threads at once (it holds scratch memory).
class NormalOperator {
  public:
    /// Kernel of `equations` plus half of box^3 times `prior` (per shell; see SolveOptions), linear between
    /// shells.
    NormalOperator(const NormalEquations& equations, std::span<const double> prior, ThreadPool& pool);
    /// out = operator in; both box^3. The same bits for any number of threads.
    void apply(const std::vector<float>& in, std::vector<float>& out);

  private:
    void to_columns(const float* in, std::size_t z, int share);
    void from_columns(std::size_t z, float* out, int share);
    void convolve_columns(std::size_t y, int share);

    std::size_t box_, doubled_, half_;
    ThreadPool& pool_;
    FftRows rows_;
    FftLines lines_;
    std::vector<Complexf> planes_;   // [z < box][y < doubled][kx]
    std::vector<float> multiplier_;  // [ky][kz][kx]
    std::vector<std::vector<float>> row_scratch_;
    std::vector<std::vector<Complexf>> column_scratch_;
};

}  // namespace tumble
