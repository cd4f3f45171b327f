#pragma once
// Is there a particle in the images at all? Asked before any search, because a search finds its reference in pure noise.
#include "pose/prepared_images.hpp"

namespace tumble {

struct ParticleSignal {
    double ratio = 0;         ///< signal power over noise power inside the particle's mask, in the band
    double significance = 0;  ///< ratio in units of its standard error under noise alone
    bool present() const { return ratio > 0.01 && significance > 6; }
};
/// Compares the power inside the mask with what the noise outside predicts, for low_per_A <= |k| < high_per_A.
ParticleSignal particle_signal(const PreparedImages& images, double low_per_A, double high_per_A);

/// Mean log-likelihood ratio of an image against a perfect model in a band: the measured power of the signal over that of
/// the noise, summed over the samples.
double expected_score(const PreparedImages& images, double low_per_A, double high_per_A);

/// Share of that score which the model of a settled structure reaches at least, held out: those of nine particles reached 0.86
/// to 1.02, a ball of several grains 0.75 (docs/dev/blind.md).
inline constexpr double enough_explained = 0.8;

}  // namespace tumble
