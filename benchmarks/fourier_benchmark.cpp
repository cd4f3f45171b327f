#include "benchmarks/fourier_benchmark.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <sstream>

#include "benchmarks/insertion_baseline_kernel.hpp"
#include "benchmarks/peer_program.hpp"
#include "benchmarks/timing.hpp"
#include "benchmarks/views.hpp"
#include "core/cpu_features.hpp"
#include "core/random.hpp"
#include "fourier/central_slice.hpp"
#include "fourier/fft.hpp"
#include "fourier/insertion.hpp"
#include "pose/polar_transform.hpp"

namespace tumble::benchmark {
namespace {

// White noise in a ball, 0.47 of the box in radius: detail at every frequency, as far out as a mask reaches.
Volume noise_map(int box) {
    Volume map(box, 1);
    RandomStream random(2, 0, RandomPurpose::structure);
    for (int z = 0; z < box; z++)
        for (int y = 0; y < box; y++)
            for (int x = 0; x < box; x++) {
                const auto value = static_cast<float>(random.normal());
                if (std::hypot(x - box / 2, y - box / 2, z - box / 2) < 0.47 * box) map.at(x, y, z) = value;
            }
    return map;
}

// Polar slices in box 160: `rings` of 128 half-circle angles between 19 and 77 px. With a support of radius 32 px the
// samples of 36 rings determine those of 62 to 9e-5 (docs/performance.md).
constexpr int dense_rings = 62, enough_rings = 36;
Views polar_views(int slices, int rings) {
    Views views = random_views(160, slices);
    PolarGrid grid;
    for (int r = 0; r < rings; r++) grid.rings.push_back(0.11875 + (0.48 - 0.11875) * r / (rings - 1));
    grid.angles = 256;
    views.points = grid.points();
    views.values.resize(views.points.size() * views.rotations.size());
    return views;
}

double relative_error(const std::vector<Complexf>& found, const std::vector<Complexf>& exact) {
    double wrong = 0, right = 0;
    for (std::size_t i = 0; i < exact.size(); i++) {
        wrong += std::norm(std::complex<double>(found[i]) - std::complex<double>(exact[i]));
        right += std::norm(std::complex<double>(exact[i]));
    }
    return std::sqrt(wrong / right);
}

/// Milliseconds a slice and error of ducc0; zeros where it is not there.
std::pair<double, double> ducc_slices() {
    double milliseconds = 0, error = 0;
    if (const char* python = std::getenv("TUMBLE_PEER_PYTHON"))
        std::istringstream(
            command_output(fmt::format("'{}' '{}/ducc_slices.py'", python, TUMBLE_BENCHMARK_PEERS))) >>
            milliseconds >> error;
    return {milliseconds, error};
}

std::vector<BenchmarkRatio> slice_cost(int repeats) {
    ThreadPool one(1);
    constexpr int slices = 64;
    Views dense = polar_views(slices, dense_rings), enough = polar_views(slices, enough_rings);
    const Volume map = noise_map(72);
    const PaddedTransform transform = padded_transform(map.view(), default_window(), 1.333, one);
    const auto sample = [&](Views& views) {
        return [&] { sample_slices(transform, views.rotations, views.points, views.values.data(), one); };
    };
    const std::vector<Body> bodies{sample(dense), sample(enough)};
    const auto before = median_times(repeats, bodies);
    const auto [theirs, their_error] = ducc_slices();
    const auto after = median_times(repeats, bodies);
    const auto milliseconds = [&](std::size_t body) { return 1e3 * (before[body] + after[body]) / 2 / slices; };
    std::vector<Complexf> exact(dense.values.size());
    sample_slices(padded_transform(map.view(), {8, 2}, 2, one), dense.rotations, dense.points, exact.data(), one);
    const double error = relative_error(dense.values, exact), absent = std::numeric_limits<double>::quiet_NaN();
    const std::string peer = theirs > 0 ? fmt::format("; ducc0 type 2, 62 x 128 samples: {:.2f} ms, error {:.1e}", theirs, their_error)
                                        : "; skipped: TUMBLE_PEER_PYTHON names no Python with ducc0";
    return {{"slice_cost", theirs > 0 ? milliseconds(1) / theirs : absent, "<= 0.5",
             fmt::format("{:.2f} ms a slice of 36 x 128 samples from 96^3, width 5, which hold the 62 x 128", milliseconds(1)) + peer},
            {"slice_cost_same_points", theirs > 0 ? milliseconds(0) / theirs : absent, "",
             fmt::format("{:.2f} ms a slice of 62 x 128 samples", milliseconds(0)) + peer},
            {"slice_error", error, "<= 5e-4", "white noise in a ball of radius 0.47, against width 8 on twice the map"}};
}

ScatterKernel scatter_kernel() {
#if defined(__x86_64__)
    if (detected_instruction_set() == InstructionSet::avx512) return tumble::avx512::scatter_in_order;
    if (detected_instruction_set() == InstructionSet::avx2) return tumble::avx2::scatter_in_order;
#endif
    return tumble::portable::scatter_in_order;
}

/// The baseline's grid with its memory, and the table of its window.
class Scatter {
  public:
    explicit Scatter(int side) {
        grid_ = {side, side / 2 + 9, nullptr, nullptr};
        const auto cells =
            static_cast<std::size_t>(side) * static_cast<std::size_t>(side * grid_.stride) + 64;
        data_.resize(2 * cells);
        weight_.resize(cells);
        grid_.data = data_.data();
        grid_.weight = weight_.data();
        const GriddingWindow window{4, 2};
        for (int i = 0; i <= scatter_table_steps; i++)
            for (int k = 0; k < 4; k++)
                table_.push_back(
                    static_cast<float>(window.value(k - 1 - static_cast<double>(i) / scatter_table_steps)));
    }
    void insert(const Views& views) {
        const auto count = static_cast<std::int64_t>(views.points.size());
        for (std::size_t i = 0; i < views.rotations.size(); i++)
            scatter_kernel()(grid_, table_.data(), views.rotations[i].m, &views.points[0].x, count,
                             reinterpret_cast<const float*>(views.values.data() + i * views.points.size()));
    }

  private:
    ScatterGrid grid_;
    AlignedVector<float> data_, weight_;
    std::vector<float> table_;
};

std::vector<BenchmarkRatio> insert_cost(int repeats) {
    ThreadPool one(1);
    const Views whole = random_views(160, 128), cropped = random_views(96, 128);
    Scatter direct(160);
    const GriddingWindow window{4, 2};
    const auto insert = [&](InsertionGrid& grid, const Views& views) {
        return [&] { insert_samples(grid, views.view(), one); };
    };
    InsertionGrid data96 = insertion_grid(96, 2, window), weight96 = insertion_grid(96, 1, window);
    InsertionGrid data160 = insertion_grid(160, 2, window), weight160 = insertion_grid(160, 1, window);
    const auto t =
        median_times(repeats, {[&] { direct.insert(whole); }, insert(data96, cropped),
                               insert(weight96, cropped), insert(data160, whole), insert(weight160, whole)});
    const double scatter = 1e9 * t[0] / whole.samples();
    const auto per = [&](std::size_t i, const Views& views) { return 1e9 * t[i] / views.samples(); };
    const double crop = per(1, cropped) + per(2, cropped), same = per(3, whole) + per(4, whole);
    const std::string direct_text = fmt::format("direct scatter of data and weights {:.0f} ns", scatter);
    return {{"insert_cost", crop / scatter, "<= 0.5",
             fmt::format("data {:.0f} + weights {:.0f} ns a sample, images cropped to 96 px into 96^3; {}",
                         per(1, cropped), per(2, cropped), direct_text)},
            {"insert_cost_data", per(1, cropped) / scatter, "-",
             "our data alone, half of the work, against data and weights"},
            {"insert_cost_uncropped", same / scatter, "<= 0.5",
             fmt::format("data {:.0f} + weights {:.0f} ns a sample, 160 px into 160^3", per(3, whole),
                         per(4, whole))}};
}

BenchmarkRatio cg_step(int repeats) {
    ThreadPool one(1);
    const NormalEquations equations =
        accumulate(random_views(96, 50).view(), 72, default_window(), 1.333, one);
    SolveOptions few, many;
    few.steps = 2;
    many.steps = 12;
    few.tolerance = many.tolerance = 0;
    const Fft3D fft(144);
    std::vector<float> volume(144 * 144 * 144, 1.0f);
    std::vector<Complexf> transform(144 * 144 * 73);
    const auto t =
        median_times(repeats, {[&] { solve(equations, few, one); }, [&] { solve(equations, many, one); },
                               [&] {
                                   fft.forward(volume.data(), transform.data());
                                   fft.inverse(transform.data(), volume.data());
                               }});
    const double step = (t[1] - t[0]) / 10;
    return {"cg_step", step / t[2], "<= 1.5",
            fmt::format(
                "one step for a box of 72, preconditioned: {:.1f} ms; a transform pair of 144^3: {:.1f} ms",
                1e3 * step, 1e3 * t[2])};
}

std::vector<BenchmarkRatio> two_cores(int repeats) {
    ThreadPool one(1), two(2);
    Views views = random_views(96, 300);
    const PaddedTransform transform = padded_transform(noise_map(96).view(), default_window(), 1.333, one);
    std::vector<Complexf> out(views.values.size());
    InsertionGrid grid = insertion_grid(96, 2, default_window());
    const auto insert = [&](ThreadPool& pool) { return [&] { insert_samples(grid, views.view(), pool); }; };
    const auto equations = [&](ThreadPool& pool) {
        return [&] { accumulate(views.view(), 72, default_window(), 1.333, pool); };
    };
    const auto slice = [&](ThreadPool& pool) {
        return [&] { sample_slices(transform, views.rotations, views.points, out.data(), pool); };
    };
    const std::vector<Body> bodies{insert(one), insert(two), equations(one), equations(two), slice(one), slice(two)};
    const auto wall = median_times(repeats, bodies, wall_seconds),
               cpu = median_times(repeats, bodies, process_seconds);
    const auto row = [&](const char* name, std::size_t i) {
        return BenchmarkRatio{
            name, wall[i] / wall[i + 1], ">= 1.85 on a quiet machine",
            fmt::format("wall time {:.0f} and {:.0f} ms; processor time with two threads / with one: {:.2f}",
                        1e3 * wall[i], 1e3 * wall[i + 1], cpu[i + 1] / cpu[i])};
    };
    return {row("two_core_speedup_insertion", 0), row("two_core_speedup_equations", 2), row("two_core_speedup_slices", 4)};
}

std::vector<BenchmarkRatio> growth(int repeats) {
    ThreadPool one(1);
    struct Case {
        Views views;
        InsertionGrid grid;
        PaddedTransform transform;
        void insert(ThreadPool& pool) { insert_samples(grid, views.view(), pool); }
        void slice(ThreadPool& pool) {
            sample_slices(transform, views.rotations, views.points, views.values.data(), pool);
        }
    };
    const auto make = [&](int box, int images) {
        return Case{random_views(box, images), insertion_grid(padded_side(box, 1.333), 2, default_window()),
                    padded_transform(noise_map(box).view(), default_window(), 1.333, one)};
    };
    Case base = make(64, 100), more = make(64, 200), large = make(128, 100);
    const auto t = median_times(
        repeats, {[&] { base.insert(one); }, [&] { more.insert(one); }, [&] { large.insert(one); },
                  [&] { base.slice(one); }, [&] { more.slice(one); }, [&] { large.slice(one); }});
    return {{"growth_insertion_images", t[1] / t[0], "2 (linear)", "200 against 100 images of 64 px"},
            {"growth_insertion_box", t[2] / t[0], "4 (pixels)", "128 px against 64 px"},
            {"growth_slices_count", t[4] / t[3], "2 (linear)", "200 against 100 slices of 64 px"},
            {"growth_slices_box", t[5] / t[3], "4 (pixels)", "128 px against 64 px"}};
}

}  // namespace

std::vector<BenchmarkRatio> fourier_benchmark(bool quick) {
    const int repeats = quick ? 3 : 7;
    std::vector<BenchmarkRatio> out;
    for (const auto& group :
         {slice_cost(repeats), insert_cost(repeats), {cg_step(repeats)}, two_cores(repeats), growth(repeats)})
        out.insert(out.end(), group.begin(), group.end());
    return out;
}

}  // namespace tumble::benchmark
