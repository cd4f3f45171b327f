#pragma once
// Fourier shell correlation curves and the resolution read off them.
#include <vector>

namespace tumble {

/// Curves over Fourier shells; shell s covers frequencies within half a shell of s / (box * voxel).
struct ShellCorrelation {
    std::vector<double> frequency_per_A;
    std::vector<double> unmasked;
    std::vector<double> masked;
    std::vector<double> randomised;  ///< masked correlation after the phases of both halves were randomised
    std::vector<double> corrected;   ///< (masked - randomised) / (1 - randomised) beyond the randomisation frequency
    std::vector<double> samples;     ///< independent Fourier samples a shell
    double randomised_from_per_A = 0;
};

struct Resolution {
    double d_A = 0;                   ///< 1 / frequency where the curve falls below the threshold (interpolated)
    bool limited_by_nyquist = false;  ///< the curve never falls: d_A is then the Nyquist limit
};

}  // namespace tumble
