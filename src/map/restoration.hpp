#pragma once
// Restoration of the final map: the Wiener filter that the half maps' correlation implies (Rosenthal &
// Henderson, J. Mol. Biol. 333, 721, 2003, section on figure of merit: the average of two halves has signal
// share 2 FSC / (1 + FSC)).
#include <span>
#include <vector>

#include "core/threads.hpp"
#include "tumble/arrays.hpp"

namespace tumble {

struct Restoration {
    Volume map;
    std::vector<double> filter;  ///< factor per shell of width 1 / (box voxel), in [0, 1]
};

/// Factor per shell, 2 FSC / (1 + FSC), 0 where the correlation is not positive; 1 for shell 0. Outward from the strongest
/// shells it stays 0 from the first such shell on (what comes back up beyond it is chance); inward it does not, because
/// phase-contrast images hold no signal at the lowest frequencies.
std::vector<double> wiener_filter(std::span<const double> fsc);

/// Multiplies the transform of `map` (all the data, or the average of the halves) by wiener_filter(fsc). fsc:
/// one value a shell, 0 .. box/2, as in ShellCorrelation; shells that it lacks count as 0. Any thread.
Restoration restore(const Volume& map, std::span<const double> fsc, ThreadPool& pool);

/// Mean of two half maps; throws if they differ in box.
Volume average_of_halves(const Volume& half1, const Volume& half2);

}  // namespace tumble
