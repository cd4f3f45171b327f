#include "benchmarks/device_benchmark.hpp"

#include <fmt/format.h>

#include <cmath>
#include <complex>
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

constexpr int rings = 36, angles = 256;

/// quick: as small as the particle allows, so that the emulated device takes seconds.
struct Sizes {
    std::int64_t images = 1000, directions = 10000;
    int box = 96, solver_steps = 20, repeats = 5;
};
constexpr Sizes all_of_it, small{4, 16, 72, 2, 1};

/// Images of noise alone: no operation is faster or slower for it, but for the bound of the search, which
/// prunes nothing.
PreparedImages noise_images(std::int64_t count, int box) {
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
    for (Complexf& v : p.values)
        v = {static_cast<float>(random.uniform() - 0.5), static_cast<float>(random.uniform() - 0.5)};
    p.real_space.resize(static_cast<std::size_t>(count) * box * box);
    for (float& v : p.real_space) v = static_cast<float>(random.uniform() - 0.5);
    return p;
}

Volume atoms_in_box(int box) {
    Volume map(box, 1);
    for (const Vec3 atom : scene_atoms(1))
        map.at(static_cast<int>(std::lround(atom.x)) + box / 2,
               static_cast<int>(std::lround(atom.y)) + box / 2,
               static_cast<int>(std::lround(atom.z)) + box / 2) += 1;
    return map;
}

PolarGrid polar_grid() {
    PolarGrid grid;
    for (int r = 0; r < rings; r++) grid.rings.push_back(19.0 / 160 + (0.48 - 19.0 / 160) * r / (rings - 1));
    grid.angles = angles;
    return grid;
}

/// Frequency of a slice's point in the frame of the map, as slices are defined (fourier/central_slice.hpp).
Vec3 in_space(const Mat3& rotation, FrequencyPoint p) {
    return transpose(rotation) * Vec3{static_cast<double>(p.x), static_cast<double>(p.y), 0};
}

/// The inputs of all operations.
struct Case {
    Sizes sizes;
    PreparedImages images;
    Volume map;
    PolarGrid grid = polar_grid();
    AngularBasis basis = angular_basis(grid, scene_radius_px, 1e-4);
    std::vector<float> weights;
    std::vector<Mat3f> directions;
    std::vector<std::int64_t> row_image, first_row;
    std::vector<Vec2> no_shift;
    std::vector<float> previous;
    std::vector<PoseCandidate> candidates;
    std::vector<WeightedPose> poses;

    explicit Case(const Sizes& chosen)
        : sizes(chosen), images(noise_images(sizes.images, sizes.box)), map(atoms_in_box(sizes.box)) {
        const std::int64_t count = sizes.images;
        for (const double k : grid.rings) weights.push_back(static_cast<float>(k));
        for (const Mat3& d : half_sphere_directions(sizes.directions)) directions.push_back(to_float(d));
        const auto orientations = half_sphere_directions(count, 7);
        for (std::int64_t i = 0; i < count; i++) {
            row_image.push_back(i);
            first_row.push_back(i);
            candidates.push_back({i, {orientations[static_cast<std::size_t>(i)], {0.1, -0.1}}, 0});
            poses.push_back({i, {orientations[static_cast<std::size_t>(i)], {0.1, -0.1}}, 1.0f});
        }
        first_row.push_back(count);
        no_shift.resize(static_cast<std::size_t>(count));
        previous.assign(static_cast<std::size_t>(count),
                        1e30f);  // nothing improves: every candidate is scored
    }
    Band band() const { return {0, images.points.size()}; }
    double pairs() const { return 2.0 * static_cast<double>(sizes.images * sizes.directions); }
};

/// A backend with the case resident, one body an operation.
class Runner {
  public:
    Runner(const Case& c, Backend backend)
        : case_(c),
          backend_(std::move(backend)),
          images_(backend_.resident(c.images)),
          transform_(backend_.transform(c.map.view(), default_window(), 1.333)),
          search_(backend_.search(images_, transform_, c.grid, c.basis, c.weights, c.directions)),
          rows_(backend_.rows(search_, c.row_image, c.no_shift)),
          equations_(backend_.accumulate(images_, c.poses, c.band(), default_window(), 1.333)) {}

    const std::string& device() const { return backend_.device(); }
    void resident() { backend_.resident(case_.images); }
    void transform() { backend_.transform(case_.map.view(), default_window(), 1.333); }
    void panels() { panels_of(case_.directions.size()); }
    void panels_without_directions() { panels_of(1); }
    void rows() { backend_.rows(search_, case_.row_image, case_.no_shift); }
    void best() { backend_.best_pairs(search_, rows_, {case_.first_row, 0, {}}, ExhaustiveOptions{}, {}); }
    /// Rows made and searched, `shifts` of them an image.
    void best_of_shifts(int shifts) {
        std::vector<std::int64_t> row_image, first_row{0};
        std::vector<Vec2> shift;
        for (std::int64_t i = 0; i < case_.sizes.images; i++) {
            for (int s = 0; s < shifts; s++)
                row_image.push_back(i), shift.push_back({0.5 * (s % 5 - 2), 0.5 * (s / 5 - 2)});
            first_row.push_back(static_cast<std::int64_t>(row_image.size()));
        }
        backend_.best_pairs(search_, backend_.rows(search_, row_image, shift), {first_row, 0, {}},
                            ExhaustiveOptions{}, {});
    }
    void climb() {
        backend_.hill_climb(search_, rows_, {case_.first_row, 0, {}}, case_.previous, {}, HillClimbOptions{});
    }
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
        options.steps = case_.sizes.solver_steps;
        backend_.solve(equations_, options);
    }
    /// All steps for images that are resident, from a map to the next; equations of one half.
    void iteration() {
        transform_ = backend_.transform(case_.map.view(), default_window(), 1.333);
        search_ =
            backend_.search(images_, transform_, case_.grid, case_.basis, case_.weights, case_.directions);
        rows_ = backend_.rows(search_, case_.row_image, case_.no_shift);
        best();
        polish();
        equations_ = backend_.accumulate(images_, case_.poses, case_.band(), default_window(), 1.333);
        solve();
    }
    /// Root-mean-square error of a few slices against sums over the voxels, over the rms of these.
    double slice_error() {
        const auto few = std::span(case_.directions).first(std::min<std::size_t>(4, case_.directions.size()));
        const auto points = case_.grid.points();
        std::vector<Complexf> found(few.size() * points.size());
        backend_.sample_slices(transform_, few, points, found.data());
        const auto exact = half_sphere_directions(case_.sizes.directions);
        double wrong = 0, all = 0;
        for (std::size_t d = 0; d < few.size(); d++)
            for (std::size_t p = 0; p < points.size(); p += 97) {
                const std::complex<double> want = sum_over_voxels(in_space(exact[d], points[p]));
                wrong += std::norm(want - std::complex<double>(found[d * points.size() + p]));
                all += std::norm(want);
            }
        return std::sqrt(wrong / all);
    }

  private:
    void panels_of(std::size_t directions) {
        backend_.search(images_, transform_, case_.grid, case_.basis, case_.weights,
                        std::span(case_.directions).first(directions));
    }
    std::complex<double> sum_over_voxels(Vec3 k) const {
        std::complex<double> sum = 0;
        const int n = case_.sizes.box;
        for (int z = 0; z < n; z++)
            for (int y = 0; y < n; y++)
                for (int x = 0; x < n; x++)
                    if (const float v = case_.map.at(x, y, z); v != 0)
                        sum +=
                            static_cast<double>(v) *
                            std::polar(1.0, -2 * std::numbers::pi *
                                                (k.x * (x - n / 2) + k.y * (y - n / 2) + k.z * (z - n / 2)));
        return sum;
    }

    const Case& case_;
    Backend backend_;
    ResidentImages images_;
    ResidentTransform transform_;
    ResidentSearch search_;
    ResidentRows rows_;
    ResidentEquations equations_;
};

/// What a program of peers/ prints in JSON on the device of this number; null where TUMBLE_PEER_PYTHON names
/// no Python that runs it.
nlohmann::json peer(const std::string& program, int device, const std::string& arguments = "") {
    const char* python = std::getenv("TUMBLE_PEER_PYTHON");
    if (!python) return nullptr;
    const std::string text =
        command_output(fmt::format("'{}' '{}/{}' --device cuda:{} {} 2> /dev/null", python,
                                   TUMBLE_BENCHMARK_PEERS, program, device, arguments));
    const auto found = nlohmann::json::parse(text, nullptr, false);
    return found.is_object() ? found : nullptr;
}

/// The search beside PyTorch's, ours before and after theirs.
BenchmarkRatio search_against_torch(const Case& c, int device, Runner& ours, int repeats) {
    const std::vector<Body> search{[&] { ours.best(); }};
    const double before = median_times(repeats, search, wall_seconds)[0];
    const nlohmann::json theirs =
        peer("torch_scoring.py", device,
             fmt::format("--images {} --directions {} --rings {} --angles {} --orders {}", c.images.images,
                         c.directions.size(), c.grid.rings.size(), c.grid.angles, c.basis.orders()));
    const double after = median_times(repeats, search, wall_seconds)[0];
    if (theirs.is_null())
        return {"search_vs_torch", std::numeric_limits<double>::quiet_NaN(), ">= 10",
                "skipped: TUMBLE_PEER_PYTHON names no Python with PyTorch"};
    const double pairs = c.pairs(), seconds = (before + after) / 2;
    return {
        "search_vs_torch", theirs["seconds"].get<double>() / seconds, ">= 10",
        fmt::format("{:.3g} pairs/s on {}; PyTorch {} in {}: {:.3g} pairs/s on {}", pairs / seconds,
                    ours.device(), theirs["torch"].get<std::string>(), theirs["precision"].get<std::string>(),
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
    {"device_solve", &Runner::solve, "conjugate gradients, 20 steps (--quick: 2)"},
};

/// Milliseconds of what docs/performance.md wants of a card, and shares of what the card was found to do in
/// this run.
class Figures {
  public:
    Figures(const Case& c, Runner& runner, int device)
        : case_(c),
          runner_(runner),
          ceilings_(peer("card_ceilings.py", device, c.sizes.images == all_of_it.images ? "" : "--quick")) {}

    std::vector<BenchmarkRatio> all() {
        const auto& [images, directions, box, steps, repeats] = case_.sizes;
        const double search = seconds([&] { runner_.best(); });
        time("search_gpu", "<= 15", search, "2e7 pairs: 1,000 images, 10,000 directions and their mirrors");
        time("search_gpu_large", "<= 150", seconds([&] { runner_.best_of_shifts(10); }),
             "2e8 pairs: the same at 10 shifts, rows included");
        time("search_gpu_26_shifts", "<= 400", seconds([&] { runner_.best_of_shifts(26); }),
             "5.2e8 pairs: the same at 26");
        const double slices =
            seconds([&] { runner_.panels(); }) - seconds([&] { runner_.panels_without_directions(); });
        time("slices_gpu", "<= 8", slices,
             fmt::format("10,000 polar slices and their packing; error {:.1e}", runner_.slice_error()));
        time("insert_gpu", "<= 2", seconds([&] { runner_.insert(); }), "1,000 images");
        const double solve = seconds([&] { runner_.solve(); }),
                     iteration = seconds([&] { runner_.iteration(); });
        time("iteration_gpu", "<= 40", iteration, "1,000 images resident, all steps");
        // Useful products: each real one is three of tf32, four make a complex one; a mirror shares its
        // direction's.
        share("search_gpu_matrix_share", "tf32_flops", 24 * case_.basis.total_rank() * case_.pairs() / 2,
              search);
        // Slices written, read and packed. The solver's bytes are those that docs/performance.md counts for a
        // box of 96.
        const double written =
            8.0 * static_cast<double>(directions) * (2.0 * rings * angles / 2 + case_.basis.total_rank());
        share("slices_gpu_copy_share", "copy_bytes", written, slices);
        share("solve_gpu_copy_share", "copy_bytes", 0.7e9 * steps * std::pow(box / 96.0, 3), solve);
        // The map down and up, directions, poses of the polish both ways and of the insertion, pairs of the
        // search.
        const double moved = 8.0 * std::pow(box, 3) + 36.0 * static_cast<double>(directions) +
                             350.0 * static_cast<double>(images);
        share("iteration_gpu_transfer_share", "host_copy_bytes", moved, iteration, "<= 0.01");
        return std::move(rows_);
    }

  private:
    double seconds(const Body& body) {
        body();  // plans and modules are loaded at the first use
        return median_times(case_.sizes.repeats, {body}, wall_seconds)[0];
    }
    void time(const char* name, const char* wanted, double seconds, const std::string& detail) {
        rows_.push_back(
            {name, 1e3 * seconds, wanted,
             fmt::format("ms; {}{}", detail,
                         case_.sizes.images == all_of_it.images ? "" : " (here far fewer: --quick)")});
    }
    void share(const char* name, const char* ceiling, double amount, double seconds,
               const char* wanted = "-") {
        if (ceilings_.is_null()) {
            rows_.push_back({name, std::numeric_limits<double>::quiet_NaN(), wanted,
                             "skipped: TUMBLE_PEER_PYTHON names no Python with PyTorch, which finds what the "
                             "card can do"});
            return;
        }
        const double most = ceilings_[ceiling].get<double>();
        rows_.push_back({name, amount / most / seconds, wanted,
                         fmt::format("counted {:.3g} at {:.3g} a second ({}, measured on {})", amount, most,
                                     ceiling, ceilings_["device"].get<std::string>())});
    }

    const Case& case_;
    Runner& runner_;
    nlohmann::json ceilings_;
    std::vector<BenchmarkRatio> rows_;
};

}  // namespace

std::vector<BenchmarkRatio> device_benchmark(const std::string& device, bool quick) {
    const backend::Choice choice = backend::choose_backend(device);
    const Case c(quick ? small : all_of_it);
    Runner processor(c, cpu_backend(0)), other(c, Backend(*choice.table, choice.device, 0));
    std::vector<BenchmarkRatio> out;
    for (const Operation& operation : operations) {
        const auto body = [&](Runner& runner) { return [&] { (runner.*operation.run)(); }; };
        const auto once = median_times(1, {body(processor)}, wall_seconds);
        body(other)();  // plans and modules are loaded at the first use
        const auto times = median_times(c.sizes.repeats, {body(other)}, wall_seconds);
        out.push_back(
            {operation.name, once[0] / times[0], "-",
             fmt::format("{}: {:.3f} ms on {}, {:.1f} ms on {} threads; {} images, {} directions, {}^3 box",
                         operation.detail, 1e3 * times[0], other.device(), 1e3 * once[0],
                         ThreadPool(0).size(), c.sizes.images, c.sizes.directions, c.sizes.box)});
    }
    for (auto& figure : Figures(c, other, choice.device).all()) out.push_back(std::move(figure));
    out.push_back(search_against_torch(c, choice.device, other, c.sizes.repeats));
    return out;
}

}  // namespace tumble::benchmark
