#pragma once
// Fourier shell correlation of two half maps (Harauz & van Heel, Optik 73, 146, 1986), and its correction for
// the mask by phase randomisation (Chen et al., Ultramicroscopy 135, 24, 2013).
#include <cstdint>
#include <vector>

#include "core/threads.hpp"
#include "tumble/arrays.hpp"

namespace tumble {

/// Curves over Fourier shells; shell s covers frequencies within half a shell of s / (box * voxel).
struct ShellCorrelation {
    std::vector<double> frequency_per_A;
    std::vector<double> unmasked;
    std::vector<double> masked;
    std::vector<double> randomised;  ///< masked correlation after the phases of both halves were randomised
    std::vector<double>
        corrected;  ///< (masked - randomised) / (1 - randomised) beyond the randomisation frequency
    std::vector<double> samples;  ///< independent Fourier samples a shell
    double randomised_from_per_A = 0;
};

struct Resolution {
    double d_A = 0;  ///< 1 / frequency where the curve falls below the threshold (interpolated)
    bool limited_by_nyquist = false;  ///< the curve never falls: d_A is then the Nyquist limit
};

/// half1, half2: maps of the same box and voxel; mask: box^3 in [0, 1], or data null for none (then masked
/// and corrected equal unmasked and randomised is 0). Phases are randomised from the shell where the unmasked
/// curve first falls below 0.8; the correction starts two shells later. Voxel size 0 counts as 1. Any thread;
/// throws for unequal boxes.
ShellCorrelation shell_correlation(const Volume& half1, const Volume& half2, VolumeView mask,
                                   std::uint64_t seed, ThreadPool& pool);
/// Resolution where `curve` first falls below `threshold` for good measure of one shell; shells of index 0
/// are ignored.
Resolution resolution_at(const std::vector<double>& frequency_per_A, const std::vector<double>& curve,
                         double threshold);

/// Radially averaged power of a map's transform, |F|^2, per shell of width 1/box (shell 0 .. box/2).
std::vector<double> shell_power(VolumeView map, ThreadPool& pool);

}  // namespace tumble
