// Scores, polish and shift search of poses that the caller proposes.
#include <fmt/format.h>

#include "operators/states.hpp"
#include "tumble/error.hpp"

namespace tumble {
namespace {

PolishOptions polish_options(const ParticleImages& images, const MapTransform& map, const ScoringOptions& scoring, int steps,
                             std::span<const PoseCandidate> candidates) {
    require_same_pixels(images, map);
    if (!(scoring.low_per_A >= 0 && scoring.low_per_A < scoring.high_per_A))
        throw bad_input(fmt::format("the band reaches from {} to {} 1/A: expected it to begin at 0 or above and to end higher", scoring.low_per_A, scoring.high_per_A));
    if (steps < 0) throw bad_input(fmt::format("found {} steps, expected 0 or more", steps));
    for (const auto& c : candidates) require_image(images, c.image, "candidates");
    PolishOptions options;
    options.band = band_of(images.state()->host, scoring.low_per_A, scoring.high_per_A);
    options.steps = steps;
    options.shift_sigma_A = scoring.shift_sigma_A;
    return options;
}

}  // namespace

void score_poses(const ParticleImages& images, const MapTransform& map, const ScoringOptions& options, std::span<PoseCandidate> candidates) {
    backend_of(images.device()).score_candidates(images.state()->resident, map.state()->resident, polish_options(images, map, options, 0, candidates), candidates);
}

void polish_poses(const ParticleImages& images, const MapTransform& map, const ScoringOptions& options, int steps, std::span<PoseCandidate> candidates) {
    backend_of(images.device()).polish_poses(images.state()->resident, map.state()->resident, polish_options(images, map, options, steps, candidates), candidates);
}

void search_shifts(const ParticleImages& images, const MapTransform& map, const ScoringOptions& options, int steps, std::span<PoseCandidate> candidates) {
    backend_of(images.device()).polish_shifts(images.state()->resident, map.state()->resident, polish_options(images, map, options, steps, candidates), candidates);
}

}  // namespace tumble
