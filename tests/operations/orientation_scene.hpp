#pragma once
// A search for the operation tests: noisy images of a small particle, its map, directions and a polar grid.
#include <vector>

#include "backend/backend.hpp"
#include "pose/image_preparation.hpp"
#include "pose/orientation_grid.hpp"
#include "pose/polar_images.hpp"
#include "unit/reconstruct/simulated_stack.hpp"

namespace tumble::testing {

struct OrientationScene {
    ThreadPool pool{1};
    SimulatedStack simulated;
    PreparedImages images;
    Volume map;
    PolarGrid grid;
    AngularBasis basis;
    std::vector<float> weights;
    std::vector<Mat3> bases;
    std::vector<Mat3f> directions;

    /// tolerance: of the angular basis.
    OrientationScene(int angles, int rings, int direction_count, int image_count, double tolerance,
                     double noise = 0.8) {
        const auto atoms = asymmetric_particle(30, 5, 2.0, 4);
        simulated = simulated_stack(atoms, image_count, 40, 0.4, noise, 9);
        NoProgress quiet;
        images = prepare_images(simulated.stack.view(), {0.4, 0, 1}, pool, quiet);
        map = atoms_as_gaussians(atoms, images.box, 0.4);
        for (int r = 0; r < rings; r++) grid.rings.push_back(0.06 + 0.3 * r / rings);
        grid.angles = angles;
        basis = angular_basis(grid, 14, tolerance);
        weights = ring_weights(images, grid);
        bases = half_sphere_directions(direction_count, 5);
        bases.resize(static_cast<std::size_t>(direction_count));
        for (const auto& d : bases) directions.push_back(to_float(d));
    }
    std::size_t views() const { return 2 * directions.size(); }
};

/// The scene on one backend.
struct OrientationScores {
    Backend backend;
    ResidentImages images;
    ResidentTransform transform;
    ResidentSearch search;

    OrientationScores(const OrientationScene& s, const backend::Operations& table)
        : OrientationScores(s, table, s.directions) {}
    OrientationScores(const OrientationScene& s, const backend::Operations& table,
                      std::span<const Mat3f> directions)
        : backend(table, 0, 1),
          images(backend.resident(s.images)),
          transform(backend.transform(s.map.view(), default_window(), 1.5)),
          search(backend.search(images, transform, s.grid, s.basis, s.weights, directions)) {}

    std::vector<float> maxima(const ResidentRows& rows, std::size_t row_count, std::size_t views,
                              std::span<const float> threshold = {}) const {
        std::vector<float> out(row_count * views);
        backend.score_pairs(search, rows, threshold, out);
        return out;
    }
};

}  // namespace tumble::testing
