#include <fmt/format.h>

#include "operators/states.hpp"
#include "reconstruct/map_estimate.hpp"
#include "tumble/error.hpp"

namespace tumble {

MapEquations::MapEquations(const ParticleImages& images) : images_(images) {
    Backend& backend = backend_of(images.device());
    state_ = std::make_shared<State>(State{equations_of(images.state()->resident, {}, {}, backend)});
}

void MapEquations::insert(std::span<const WeightedPose> poses, double low_per_A, double high_per_A) {
    for (const auto& p : poses) require_image(images_, p.image, "poses");
    if (!(low_per_A >= 0 && low_per_A < high_per_A))
        throw bad_input(fmt::format("the band reaches from {} to {} 1/A: expected it to begin at 0 or above and to end higher", low_per_A, high_per_A));
    Backend& backend = backend_of(images_.device());
    const auto added = equations_of(images_.state()->resident, poses, band_of(images_.state()->host, low_per_A, high_per_A), backend);
    backend.add(state_->resident, added);
}

void MapEquations::add(const MapEquations& other, int sign) {
    if (other.images_.state() != images_.state()) throw bad_input("the equations come from different images: expected the same");
    Backend& backend = backend_of(images_.device());
    if (sign < 0)
        backend.subtract(state_->resident, other.state_->resident);
    else
        backend.add(state_->resident, other.state_->resident);
}

Volume MapEquations::solve(double high_per_A, int steps) const {
    if (!(high_per_A > 0)) throw bad_input(fmt::format("the map is to end at {} 1/A: expected a positive number", high_per_A));
    if (steps < 1) throw bad_input(fmt::format("found {} steps, expected 1 or more", steps));
    const double nyquist = 0.5 / images_.pixel_size_A();
    return solve_map(state_->resident, images_.state()->host, std::min(high_per_A, nyquist), steps, backend_of(images_.device()));
}

}  // namespace tumble
