#pragma once
// Prepared images, the map of their atoms and a polar grid, for the operation tests of the search.
#include "core/random.hpp"
#include "fourier/central_slice.hpp"
#include "pose/image_preparation.hpp"
#include "pose/orientation_grid.hpp"
#include "pose/polar_images.hpp"
#include "pose/score.hpp"
#include "unit/reconstruct/simulated_stack.hpp"

namespace tumble::testing {

struct PanelScene {
    ThreadPool pool{1};
    PreparedImages images;
    Volume map;
    PolarGrid grid;
    AngularBasis basis;
    std::vector<float> weights;
    std::vector<Mat3f> directions;

    /// tolerance 0 keeps every radial function of every order.
    PanelScene(int angles, int rings, double tolerance, int direction_count, int image_count = 5) {
        const auto atoms = asymmetric_particle(30, 5, 2.0, 4);
        NoProgress quiet;
        images = prepare_images(simulated_stack(atoms, image_count, 40, 0.4, 0.8, 9).stack.view(), {0.4, 0, 1}, pool, quiet);
        map = atoms_as_gaussians(atoms, images.box, 0.4);
        for (int r = 0; r < rings; r++) grid.rings.push_back(0.06 + 0.3 * r / rings);
        grid.angles = angles;
        basis = angular_basis(grid, 14, tolerance);
        weights = ring_weights(images, grid);
        for (const auto& d : half_sphere_directions(direction_count, 3)) directions.push_back(to_float(d));
    }
    PaddedTransform transform() { return padded_transform(map.view(), default_window(), 1.5, pool); }
    /// The CPU's polar slices at all directions, [direction][ring][half angle].
    std::vector<Complexf> slices() {
        const auto points = grid.points();
        std::vector<Complexf> out(directions.size() * points.size());
        sample_slices(transform(), directions, points, out.data(), pool);
        return out;
    }
    DirectionPanel direction_panel() { return pack_directions(grid, basis, weights, slices(), pool); }
    RowPanel row_panel(std::span<const std::int64_t> of, std::span<const Vec2> shifts_px) {
        return pack_rows(grid, basis, weights, polar_samples(images, grid, pool), of, shifts_px, pool);
    }
};

/// `count` rows: images in turn, each at another shift of up to some pixels.
struct SceneRows {
    std::vector<std::int64_t> images;
    std::vector<Vec2> shifts_px;
    SceneRows(int count, std::int64_t image_count) {
        RandomStream random(5, 0, RandomPurpose::test);
        for (int r = 0; r < count; r++) {
            images.push_back(r % image_count);
            shifts_px.push_back(r == 0 ? Vec2{} : Vec2{3 * random.normal(), 3 * random.normal()});
        }
    }
};

}  // namespace tumble::testing
