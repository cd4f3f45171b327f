#pragma once
// Fourier shell correlation of two half maps (Harauz & van Heel, Optik 73, 146, 1986), and its correction for
// the mask by phase randomisation (Chen et al., Ultramicroscopy 135, 24, 2013).
#include <cstdint>
#include <span>
#include <vector>

#include "core/threads.hpp"
#include "tumble/arrays.hpp"
#include "tumble/shell_correlation.hpp"

namespace tumble {

/// half1, half2: maps of the same box and voxel; mask: box^3 in [0, 1], or data null for none (then masked
/// and corrected equal unmasked and randomised is 0). Phases are randomised from the shell where the unmasked
/// curve first falls below 0.8; the correction starts two shells later. Voxel size 0 counts as 1. Any thread;
/// throws for unequal boxes.
ShellCorrelation shell_correlation(const Volume& half1, const Volume& half2, VolumeView mask,
                                   std::uint64_t seed, ThreadPool& pool);
/// Shell about which the mean of three neighbours is highest, shell 0 left out; 1 for curves of fewer than four shells.
std::size_t strongest_shell(std::span<const double> curve);

/// Resolution where `curve`, followed outward from its strongest shells, first stays below `threshold` for two shells.
/// Phase-contrast images hold no signal at the lowest frequencies, so that the curve may begin low: the walk starts where
/// the mean of three neighbouring shells is highest. Where even that mean is below the threshold nothing is resolved: the
/// spacing of shell 1 is returned. Shell 0 is ignored.
Resolution resolution_at(const std::vector<double>& frequency_per_A, const std::vector<double>& curve,
                         double threshold);

/// Radially averaged power of a map's transform, |F|^2, per shell of width 1/box (shell 0 .. box/2).
std::vector<double> shell_power(VolumeView map, ThreadPool& pool);

}  // namespace tumble
