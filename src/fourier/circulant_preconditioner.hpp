#pragma once
// Circulant approximation of the masked normal operator, to precondition the conjugate gradients: the
// circulant matrix nearest to M A M in the Frobenius norm (T. Chan, SIAM J. Sci. Stat. Comput. 9, 766, 1988),
// whose eigenvalues are the transform of the kernel times the mask's self-overlap.
#include <span>
#include <vector>

#include "core/threads.hpp"
#include "fourier/density_compensation.hpp"
#include "fourier/fft.hpp"

namespace tumble {

/// Not to be applied by two threads at once (it holds scratch memory).
class CirculantPreconditioner {
  public:
    /// mask: box^3, or empty for the whole box; prior: see SolveOptions.
    CirculantPreconditioner(const NormalEquations& equations, std::span<const float> mask,
                            std::span<const double> prior, ThreadPool& pool);
    /// out = inverse of the circulant operator applied to `in`; both box^3. The same bits for any number of
    /// threads.
    void apply(const std::vector<float>& in, std::vector<float>& out);

  private:
    ThreadPool& pool_;
    Fft3D fft_;
    std::vector<float> factor_;  // half spectrum of the box
    std::vector<Complexf> spectrum_;
};

}  // namespace tumble
