#include "benchmarks/device_benchmark.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <nlohmann/json.hpp>
#include <numbers>

#include "backend/backend.hpp"
#include "backend/loader.hpp"
#include "benchmarks/peer_program.hpp"
#include "benchmarks/search_scene.hpp"
#include "benchmarks/timing.hpp"
#include "benchmarks/views.hpp"
#include "core/random.hpp"
#include "pose/orientation_grid.hpp"
#include "pose/polar_images.hpp"

namespace tumble::benchmark {
namespace {

constexpr int box = 96, rings = 36, angles = 256;

/// Images of noise alone: no operation is faster or slower for it, but for the bound of the search, which prunes nothing.
PreparedImages noise_images(std::int64_t count) {
    PreparedImages p;
    p.images = count;
    p.box = box;
    p.pixel_size_A = 0.358;
    p.particle_radius_A = scene_radius_px * p.pixel_size_A;
    p.mask_radius_A = p.particle_radius_A + 2;
    p.points = random_views(box, 0).points;
    p.weight.assign(p.points.size(), 1.0f);
    p.noise_power.assign(box / 2 + 1, 1.0);
    RandomStream random(1, 0, RandomPurpose::noise);
    p.values.resize(static_cast<std::size_t>(count) * p.points.size());
    for (Complexf& v : p.values) v = {static_cast<float>(random.uniform() - 0.5), static_cast<float>(random.uniform() - 0.5)};
    p.real_space.resize(static_cast<std::size_t>(count) * box * box);
    for (float& v : p.real_space) v = static_cast<float>(random.uniform() - 0.5);
    return p;
}

Volume atoms_in_box() {
    Volume map(box, 1);
    for (const Vec3 atom : scene_atoms(1))
        map.at(static_cast<int>(std::lround(atom.x)) + box / 2, static_cast<int>(std::lround(atom.y)) + box / 2,
               static_cast<int>(std::lround(atom.z)) + box / 2) += 1;
    return map;
}

PolarGrid polar_grid() {
    PolarGrid grid;
    for (int r = 0; r < rings; r++) grid.rings.push_back(19.0 / 160 + (0.48 - 19.0 / 160) * r / (rings - 1));
    grid.angles = angles;
    return grid;
}

/// The inputs of all operations.
struct Case {
    PreparedImages images;
    Volume map = atoms_in_box();
    PolarGrid grid = polar_grid();
    AngularBasis basis = angular_basis(grid, scene_radius_px, 1e-4);
    std::vector<float> weights;
    std::vector<Mat3f> directions;
    std::vector<std::int64_t> row_image, first_row;
    std::vector<Vec2> no_shift;
    std::vector<float> previous;
    std::vector<PoseCandidate> candidates;
    std::vector<WeightedPose> poses;

    Case(std::int64_t count, std::int64_t direction_count) : images(noise_images(count)) {
        for (const double k : grid.rings) weights.push_back(static_cast<float>(k));
        for (const Mat3& d : half_sphere_directions(direction_count)) directions.push_back(to_float(d));
        const auto orientations = half_sphere_directions(count, 7);
        for (std::int64_t i = 0; i < count; i++) {
            row_image.push_back(i);
            first_row.push_back(i);
            candidates.push_back({i, {orientations[static_cast<std::size_t>(i)], {0.1, -0.1}}, 0});
            poses.push_back({i, {orientations[static_cast<std::size_t>(i)], {0.1, -0.1}}, 1.0f});
        }
        first_row.push_back(count);
        no_shift.resize(static_cast<std::size_t>(count));
        previous.assign(static_cast<std::size_t>(count), 1e30f);  // nothing improves: every candidate is scored
    }
    Band band() const { return {0, images.points.size()}; }
};

/// A backend with the case resident, one body an operation.
class Runner {
  public:
    Runner(const Case& c, Backend backend)
        : case_(c), backend_(std::move(backend)), images_(backend_.resident(c.images)),
          transform_(backend_.transform(c.map.view(), default_window(), 1.333)),
          search_(backend_.search(images_, transform_, c.grid, c.basis, c.weights, c.directions)),
          rows_(backend_.rows(search_, c.row_image, c.no_shift)),
          equations_(backend_.accumulate(images_, c.poses, c.band(), default_window(), 1.333)) {}

    const std::string& device() const { return backend_.device(); }
    void resident() { backend_.resident(case_.images); }
    void transform() { backend_.transform(case_.map.view(), default_window(), 1.333); }
    void panels() { backend_.search(images_, transform_, case_.grid, case_.basis, case_.weights, case_.directions); }
    void rows() { backend_.rows(search_, case_.row_image, case_.no_shift); }
    void best() { backend_.best_pairs(search_, rows_, {case_.first_row, 0, {}}, ExhaustiveOptions{}, {}); }
    void climb() { backend_.hill_climb(search_, rows_, {case_.first_row, 0, {}}, case_.previous, {}, HillClimbOptions{}); }
    void polish() {
        PolishOptions options;
        options.band = case_.band();
        options.smallest_step = 0;
        auto candidates = case_.candidates;
        backend_.polish_poses(images_, transform_, options, candidates);
    }
    void insert() { backend_.accumulate(images_, case_.poses, case_.band(), default_window(), 1.333); }
    void solve() {
        SolveOptions options;
        options.tolerance = 0;
        backend_.solve(equations_, options);
    }

  private:
    const Case& case_;
    Backend backend_;
    ResidentImages images_;
    ResidentTransform transform_;
    ResidentSearch search_;
    ResidentRows rows_;
    ResidentEquations equations_;
};

/// What PyTorch takes for the scores of the case on the device of this number, in JSON (peers/torch_scoring.py); null where it
/// is not there.
nlohmann::json torch_scoring(const Case& c, int device) {
    const char* python = std::getenv("TUMBLE_PEER_PYTHON");
    if (!python) return nullptr;
    const std::string text = command_output(fmt::format(
        "'{}' '{}/torch_scoring.py' --device cuda:{} --images {} --directions {} --rings {} --angles {} --orders {} 2> /dev/null", python,
        TUMBLE_BENCHMARK_PEERS, device, c.images.images, c.directions.size(), c.grid.rings.size(), c.grid.angles, c.basis.orders()));
    const auto found = nlohmann::json::parse(text, nullptr, false);
    return found.is_object() ? found : nullptr;
}

/// The search beside PyTorch's, ours before and after theirs.
BenchmarkRatio search_against_torch(const Case& c, int device, Runner& ours, int repeats) {
    const std::vector<Body> search{[&] { ours.best(); }};
    const double before = median_times(repeats, search, wall_seconds)[0];
    const nlohmann::json theirs = torch_scoring(c, device);
    const double after = median_times(repeats, search, wall_seconds)[0];
    if (theirs.is_null())
        return {"search_vs_torch", std::numeric_limits<double>::quiet_NaN(), "",
                "skipped: TUMBLE_PEER_PYTHON names no Python with PyTorch"};
    const double pairs = 2.0 * static_cast<double>(c.images.images) * static_cast<double>(c.directions.size()), seconds = (before + after) / 2;
    return {"search_vs_torch", theirs["seconds"].get<double>() / seconds, "-",
            fmt::format("{:.3g} pairs/s on {}; PyTorch {} in {}: {:.3g} pairs/s on {}", pairs / seconds, ours.device(),
                        theirs["torch"].get<std::string>(), theirs["precision"].get<std::string>(),
                        theirs["pairs_per_second"].get<double>(), theirs["device"].get<std::string>())};
}

struct Operation {
    const char* name;
    void (Runner::*run)();
    const char* detail;
};
constexpr Operation operations[] = {
    {"device_images", &Runner::resident, "copy of the prepared images"},
    {"device_transform", &Runner::transform, "transform of the padded map"},
    {"device_panels", &Runner::panels, "slices at all directions and polar samples of all images, packed"},
    {"device_rows", &Runner::rows, "rows of all images at one shift"},
    {"device_search", &Runner::best, "best pair of every image"},
    {"device_hill_climbing", &Runner::climb, "stochastic hill climbing, no candidate improves"},
    {"device_polish", &Runner::polish, "four steps of the polish of every image"},
    {"device_insertion", &Runner::insert, "normal equations of all images"},
    {"device_solve", &Runner::solve, "20 steps of conjugate gradients"},
};

}  // namespace

std::vector<BenchmarkRatio> device_benchmark(const std::string& device, bool quick) {
    const backend::Choice choice = backend::choose_backend(device);
    const Case sizes(quick ? 60 : 1000, quick ? 300 : 10000);
    Runner processor(sizes, cpu_backend(0)), other(sizes, Backend(*choice.table, choice.device, 0));
    std::vector<BenchmarkRatio> out;
    for (const Operation& operation : operations) {
        const auto body = [&](Runner& runner) { return [&] { (runner.*operation.run)(); }; };
        const auto once = median_times(1, {body(processor)}, wall_seconds);
        body(other)();  // plans and modules are loaded at the first use
        const auto times = median_times(quick ? 3 : 5, {body(other)}, wall_seconds);
        out.push_back({operation.name, once[0] / times[0], "-",
                       fmt::format("{}: {:.3f} ms on {}, {:.1f} ms on {} threads; {} images, {} directions, {}^3 box", operation.detail,
                                   1e3 * times[0], other.device(), 1e3 * once[0], ThreadPool(0).size(), sizes.images.images,
                                   sizes.directions.size(), box)});
    }
    out.push_back(search_against_torch(sizes, choice.device, other, quick ? 3 : 5));
    return out;
}

}  // namespace tumble::benchmark
