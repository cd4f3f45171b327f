#pragma once
// The literal polar correlation of one image and one view at a time: harmonics of all rings multiplied and
// summed order by order, one inverse FFT over the in-plane angle. The oracle and the baseline of the batched
// search (score.hpp): the form of the suites that tumble replaces, with the references' harmonics kept
// (performance notes, form a2).
#include <cstdint>
#include <span>
#include <vector>

#include "core/aligned.hpp"
#include "core/threads.hpp"
#include "fourier/fft.hpp"
#include "pose/polar_transform.hpp"

namespace tumble {

/// Angular harmonics a_m = (1/angles) sum_j X_j exp(-i m phi_j), m = 0 .. angles/2, [item][ring][order].
struct RingHarmonics {
    int rings = 0, angles = 0;
    std::int64_t items = 0;
    AlignedVector<Complexf> values;
    int orders() const { return angles / 2 + 1; }
    const Complexf* item(std::int64_t i) const {
        return values.data() + i * static_cast<std::int64_t>(rings) * orders();
    }
};

/// `samples`: [item][ring][half angle] as PolarGrid::points; each ring is multiplied by its `factor`.
RingHarmonics ring_harmonics(const PolarGrid& grid, std::span<const float> factor,
                             std::span<const Complexf> samples, ThreadPool& pool);
/// Harmonics of the same views from behind: the mirrors are references of their own here.
RingHarmonics mirrored(const RingHarmonics& references);

/// Correlates pairs. Holds a plan and scratch memory: one a thread.
class LegacyCorrelation {
  public:
    explicit LegacyCorrelation(int angles);
    /// s(phi_j) = sum over the half plane of w Re(X conj(A(phi_j))) for all angles; `image` must carry the
    /// weights w. The span is valid until the next call.
    std::span<const float> curve(const RingHarmonics& images, std::int64_t image,
                                 const RingHarmonics& references, std::int64_t reference);

  private:
    Fft2D plan_;
    std::vector<Complexf> sums_;
    std::vector<float> curve_;
};

}  // namespace tumble
