#pragma once
// The ideal structure that the images fit best, and the place of the particle's centre in it.
#include <span>
#include <vector>

#include "reconstruct/first_model.hpp"
#include "reconstruct/motif_ranking.hpp"
#include "tumble/progress.hpp"

namespace tumble {

struct MotifPlace {
    MotifFit fit;
    Vec3 centre_A;     ///< of the particle in the motif's own frame
    double score = 0;  ///< mean of 40 images, log-likelihood units
};

struct MotifScan {
    std::vector<MotifPlace> places;  ///< best first
    bool inverted = false;           ///< scores are those of the images times -1
};

/// Every motif of `fits` (likeliest first) at several places of the particle's centre, each scored by one search of 40 images:
/// the motif never saw them, so the score is held out by itself. With `either_sign` the places of the first motif are also
/// tried with the images times -1 and the better sign is kept for all. Every place is asked, not the best of them: with the
/// wrong sign a motif that is centred on a hole fits best. Throws Error(unsupported) where no motif has room for four atoms.
MotifScan scan_motifs(const ResidentImages& images, std::span<const MotifFit> fits, bool either_sign, const FirstModelOptions& options,
                      Backend& backend, Progress& progress);

/// The best of the first three places, by 100 images; these have the sign of the scan.
FirstModel best_motif_model(const ResidentImages& images, const MotifScan& scan, const FirstModelOptions& options, Backend& backend,
                            Progress& progress);

}  // namespace tumble
