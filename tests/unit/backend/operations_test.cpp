// The table gives what the functions behind it give; its structs have the layout that a module counts on.
#include <algorithm>
#include <cstddef>

#include "backend/backend.hpp"
#include "backend/cpu_operations.hpp"
#include "catch.hpp"
#include "fourier/central_slice.hpp"
#include "pose/image_preparation.hpp"
#include "pose/orientation_grid.hpp"
#include "pose/polar_images.hpp"
#include "tumble/error.hpp"
#include "unit/reconstruct/simulated_stack.hpp"

using namespace tumble;
using namespace tumble::testing;

namespace {

/// A few prepared images, their poses and the map of the true atoms.
struct Scene {
    ThreadPool pool{2};
    SimulatedStack simulated;
    PreparedImages images;
    Volume map;
    std::vector<PoseCandidate> candidates;
    std::vector<WeightedPose> weighted;

    Scene() {
        const auto atoms = asymmetric_particle(30, 5, 2.0, 4);
        simulated = simulated_stack(atoms, 12, 40, 0.4, 0.8, 9);
        NoProgress quiet;
        images = prepare_images(simulated.stack.view(), {0.4, 0, 1}, pool, quiet);
        map = atoms_as_gaussians(atoms, images.box, 0.4);
        for (std::size_t i = 0; i < simulated.poses.size(); i++) {
            candidates.push_back({static_cast<std::int64_t>(i), simulated.poses[i], 0});
            weighted.push_back({static_cast<std::int64_t>(i), simulated.poses[i], 0.5f + 0.1f * static_cast<float>(i)});
        }
    }
};

bool same(const std::vector<PoseCandidate>& a, const std::vector<PoseCandidate>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const PoseCandidate& p, const PoseCandidate& q) {
        return p.image == q.image && p.pose == q.pose && p.score == q.score;
    });
}

}  // namespace

TEST_CASE("structs of the table have the layout of abi 4", "[backend]") {
    using namespace backend;
    CHECK(abi_version == 4);
    CHECK(sizeof(Candidate) == 104);
    CHECK(sizeof(PoseWeight) == 104);
    CHECK(sizeof(Pair) == 24);
    CHECK(sizeof(WeighedPair) == 32);
    CHECK(sizeof(ClimbStep) == 40);
    CHECK(sizeof(ContextArguments) == 32);
    CHECK(sizeof(ImageArrays) == 72);
    CHECK(sizeof(TransformArguments) == 40);
    CHECK(sizeof(SliceArguments) == 48);
    CHECK(sizeof(CandidateArguments) == 56);
    CHECK(sizeof(AccumulateArguments) == 56);
    CHECK(sizeof(SolveArguments) == 48);
    CHECK(sizeof(SearchArguments) == 72);
    CHECK(offsetof(Operations, struct_size) == 0);
    CHECK(offsetof(Operations, abi_version) == 8);
    CHECK(offsetof(Operations, device_count) == 32);
    CHECK(sizeof(DeviceDescription) == 128);
    CHECK(sizeof(RunSizes) == 160);
    CHECK(sizeof(RunPlan) == 384);
    CHECK(sizeof(AtomArguments) == 128);
    CHECK(sizeof(OverlapArguments) == 80);
    CHECK(sizeof(Operations) == 32 + 38 * sizeof(void*));
    CHECK(sizeof(CopyArguments) == 48);
    CHECK(sizeof(MeansArguments) == 56);
    CHECK(sizeof(PreparationArguments) == 120);
}

TEST_CASE("poses, slices and equations come out of the table as from the functions", "[backend]") {
    Scene s;
    const Backend backend = cpu_backend(2);
    CHECK(backend.device() == "cpu");
    const auto images = backend.resident(s.images);
    const auto transform = backend.transform(s.map.view(), default_window(), 1.5);
    const PaddedTransform direct = padded_transform(s.map.view(), default_window(), 1.5, s.pool);

    const std::vector<Mat3f> rotations{to_float(s.simulated.poses[0].rotation), to_float(s.simulated.poses[1].rotation)};
    std::vector<Complexf> a(2 * s.images.points.size()), b = a;
    backend.sample_slices(transform, rotations, s.images.points, a.data());
    sample_slices(direct, rotations, s.images.points, b.data(), s.pool);
    CHECK(a == b);

    PolishOptions options;
    options.band = band_of(s.images, 0.15, 0.6);
    options.shift_sigma_A = 0.3;
    auto through = s.candidates, plain = s.candidates;
    backend.score_candidates(images, transform, options, through);
    score_candidates(s.images, direct, options, plain, s.pool);
    CHECK(same(through, plain));
    backend.polish_shifts(images, transform, options, through);
    polish_shifts(s.images, direct, options, plain, s.pool);
    CHECK(same(through, plain));
    backend.polish_poses(images, transform, options, through);
    polish_poses(s.images, direct, options, plain, s.pool);
    CHECK(same(through, plain));
    CHECK_FALSE(same(through, s.candidates));

    const std::span weighted(s.weighted);
    const Band band = band_of(s.images, 0, 0.9);
    auto total = backend.accumulate(images, weighted.first(7), band, default_window(), 1.333);
    const auto second = backend.accumulate(images, weighted.subspan(7), band, default_window(), 1.333);
    backend.add(total, second);
    auto first = backend.copy(total);
    backend.subtract(first, second);
    NormalEquations plain_total = accumulate_images(s.images, weighted.first(7), band, default_window(), 1.333, s.pool);
    const NormalEquations plain_second = accumulate_images(s.images, weighted.subspan(7), band, default_window(), 1.333, s.pool);
    plain_total += plain_second;
    NormalEquations plain_first = plain_total;
    plain_first -= plain_second;
    SolveOptions solve_options;
    solve_options.steps = 4;
    solve_options.mask.assign(s.map.values.size(), 1.0f);
    solve_options.prior.assign(static_cast<std::size_t>(s.images.box) / 2, 1e-3);
    CHECK(backend.solve(total, solve_options).values == solve(plain_total, solve_options, s.pool).values);
    CHECK(backend.solve(first, solve_options).values == solve(plain_first, solve_options, s.pool).values);
    solve_options.mask.pop_back();
    CHECK_THROWS_AS(backend.solve(total, solve_options), Error);
}

TEST_CASE("scores and choices come out of the table as from the functions", "[backend]") {
    Scene s;
    const Backend backend = cpu_backend(2);
    PolarGrid grid;
    for (int r = 0; r < 6; r++) grid.rings.push_back(0.06 + 0.03 * r);
    grid.angles = 64;
    const AngularBasis basis = angular_basis(grid, 14, 1e-3);
    const auto weights = ring_weights(s.images, grid);
    std::vector<Mat3f> directions;
    for (const auto& d : half_sphere_directions(50)) directions.push_back(to_float(d));
    const auto images = backend.resident(s.images);
    const auto transform = backend.transform(s.map.view(), default_window(), 1.5);
    const auto search = backend.search(images, transform, grid, basis, weights, directions);
    const std::vector<std::int64_t> row_images{3, 3, 5, 5, 7, 7}, first_row{0, 2, 4, 6}, numbers{3, 5, 7};
    const std::vector<Vec2> shifts{{0, 0}, {0.5, -0.5}, {0, 0}, {0.5, -0.5}, {0, 0}, {0.5, -0.5}};
    const auto rows = backend.rows(search, row_images, shifts);

    const PaddedTransform direct = padded_transform(s.map.view(), default_window(), 1.5, s.pool);
    const auto points = grid.points();
    std::vector<Complexf> slices(directions.size() * points.size());
    sample_slices(direct, directions, points, slices.data(), s.pool);
    const auto panel = pack_directions(grid, basis, weights, slices, s.pool);
    const auto row_panel = pack_rows(grid, basis, weights, polar_samples(s.images, grid, s.pool), row_images, shifts, s.pool);

    std::vector<float> a(6 * 2 * 50), b = a;
    backend.score_pairs(search, rows, {}, a);
    score_pairs(basis, panel, row_panel, {}, b.data(), s.pool);
    CHECK(a == b);
    const auto curves = backend.score_curves(search, rows, std::vector<SearchPair>{{4, 17, true, 0}, {0, 49, false, 0}});
    std::vector<float> curve(64);
    score_angles(basis, panel, row_panel, 4, 17, true, curve);
    CHECK(std::equal(curve.begin(), curve.end(), curves.begin()));
    score_angles(basis, panel, row_panel, 0, 49, false, curve);
    CHECK(std::equal(curve.begin(), curve.end(), curves.begin() + 64));

    const SearchRows plain_rows{row_panel, first_row, 0, numbers};
    const RowOwners owners{first_row, 0, numbers};
    ExhaustiveOptions best;
    best.count = 5;
    CHECK(backend.best_pairs(search, rows, owners, best, {}) == exhaustive_search(basis, panel, plain_rows, best, {}, s.pool));
    const auto soft = backend.soft_pairs(search, rows, owners, {});
    const auto plain_soft = soft_assignment(basis, panel, plain_rows, {}, s.pool);
    REQUIRE(soft.size() == plain_soft.size());
    for (std::size_t i = 0; i < soft.size(); i++)
        CHECK(std::equal(soft[i].begin(), soft[i].end(), plain_soft[i].begin(), plain_soft[i].end(),
                         [](const WeightedPair& p, const WeightedPair& q) { return p.pair == q.pair && p.weight == q.weight; }));
    const std::vector<float> previous{b[0], b[200], b[400]};
    const std::vector<ViewList> views{{1, 2, 3}, {9, 4}, {0, 50, 99}};
    HillClimbOptions climb;
    climb.seed = 5;
    CHECK(backend.hill_climb(search, rows, owners, previous, {}, climb) ==
          hill_climb(basis, panel, plain_rows, previous, {}, climb, s.pool));
    CHECK(backend.hill_climb(search, rows, owners, previous, views, climb) ==
          hill_climb(basis, panel, plain_rows, previous, views, climb, s.pool));
}

TEST_CASE("arrays in a memory that the CPU cannot reach are refused, and so is a missing operation", "[backend]") {
    backend::Operations table = backend::cpu_operations();
    backend::Context* context = nullptr;
    const backend::ContextArguments start{0, 1, nullptr, nullptr, 0};
    REQUIRE(table.context_create(&start, &context) == backend::status_good);
    const float map[1] = {};
    const backend::TransformArguments arguments{map, 1, backend::memory_cuda, 5, 0, 1.333, 1.5};
    backend::Transform* transform = nullptr;
    CHECK(table.transform_create(context, &arguments, &transform) == backend::status_device);
    CHECK(transform == nullptr);
    CHECK(std::string(table.error_text(context)).find("memory space 2") != std::string::npos);
    table.transform_destroy(context, nullptr);
    const float from[3] = {1, 2, 3};
    float to[3] = {};
    backend::CopyArguments copy{to, from, sizeof to, backend::memory_host, backend::memory_host, nullptr, 1, 0};
    CHECK(table.copy_bytes(context, &copy) == backend::status_good);
    CHECK(std::equal(from, from + 3, to));
    to[0] = 7;
    for (std::int32_t backend::CopyArguments::* side : {&backend::CopyArguments::memory_to, &backend::CopyArguments::memory_from}) {
        copy.memory_to = copy.memory_from = backend::memory_host;
        copy.*side = backend::memory_cuda;
        CHECK(table.copy_bytes(context, &copy) == backend::status_device);
        CHECK(std::string(table.error_text(context)).find("memory space 2") != std::string::npos);
    }
    CHECK(to[0] == 7);
    table.context_destroy(context);

    table.transform_create = nullptr;
    const Backend lacking(table, 0, 1);
    const Volume volume(16, 1);
    CHECK_THROWS_AS(lacking.transform(volume.view(), default_window(), 1.5), Error);
}
