#include <fmt/format.h>

#include "operators/states.hpp"
#include "reconstruct/map_estimate.hpp"
#include "tumble/error.hpp"

namespace tumble {

MapTransform::MapTransform(const Device& device, const Volume& map) : device_(device), voxel_A_(map.voxel_A) {
    if (map.box < 8 || map.values.size() != map.view().size()) throw bad_input(fmt::format("the map has a box of {} voxels: expected at least 8", map.box));
    state_ = std::make_shared<State>(State{scoring_transform(map, backend_of(device))});
}

void central_slices(const MapTransform& map, std::span<const Mat3> rotations, std::span<const Vec2> frequencies, float* out) {
    std::vector<Mat3f> turns;
    for (const auto& r : rotations) turns.push_back(to_float(r));
    std::vector<FrequencyPoint> points;
    for (const auto& f : frequencies) points.push_back({static_cast<float>(f.x), static_cast<float>(f.y)});
    // std::complex<float> is an array of two floats by its definition ([complex.numbers]/4).
    backend_of(map.device()).sample_slices(map.state()->resident, turns, points, reinterpret_cast<Complexf*>(out));
}

}  // namespace tumble
