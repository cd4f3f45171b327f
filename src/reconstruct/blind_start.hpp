#pragma once
// Poses of all images from nothing but the images.
#include <vector>

#include "backend/backend.hpp"
#include "reconstruct/first_model.hpp"
#include "reconstruct/motif_ranking.hpp"
#include "reconstruct/posterior_poses.hpp"
#include "tumble/reconstruct.hpp"

namespace tumble {

/// Motifs that the options allow, ranked by the ring profile; all of them where a motif is forbidden or named only in part:
/// the neighbour distance is told by whatever fits best.
std::vector<MotifFit> ranked_motifs(const PreparedImages& images, const ReconstructOptions& options, ThreadPool& pool);

/// True for attempt 0 unless motifs are forbidden: the best of the likeliest motifs. All other attempts are lattice-free, each
/// from another random ball.
bool starts_from_motif(const ReconstructOptions& options, int attempt);
/// How many attempts the options allow: one where motifs are named.
int blind_attempts(const ReconstructOptions& options);

/// One search of all images against the model, by the rule of the options; by the automatic one the candidates of each with
/// their shares at a temperature at which symmetry mates still share an image.
std::vector<PosteriorPoses> poses_from_model(const ResidentImages& images, const FirstModel& model, const ReconstructOptions& options,
                                             const FirstModelOptions& model_options, Backend& backend, Progress& progress);

}  // namespace tumble
