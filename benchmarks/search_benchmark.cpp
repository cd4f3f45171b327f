#include "benchmarks/search_benchmark.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "benchmarks/search_baseline_kernel.hpp"
#include "benchmarks/search_scene.hpp"
#include "benchmarks/timing.hpp"
#include "pose/kernel_dispatch.hpp"
#include "pose/legacy_correlation.hpp"
#include "pose/score.hpp"
#include "pose/stochastic_hill_climbing.hpp"
#include "tests/oracle/polar_correlation.hpp"

namespace tumble::benchmark {
namespace {

/// A scene packed for a basis, and one thread.
struct Packed {
    const SearchScene* scene;
    AngularBasis basis;
    DirectionPanel directions;
    RowPanel rows;

    Packed(const SearchScene& s, double tolerance, std::int64_t images, ThreadPool& pool)
        : scene(&s),
          basis(angular_basis(s.grid, scene_radius_px, tolerance)),
          directions(pack_directions(s.grid, basis, s.weights, s.slices, pool)),
          rows(pack_rows(s.grid, basis, s.weights, s.images,
                         std::span(s.image_index).first(static_cast<std::size_t>(images)),
                         std::vector<Vec2>(static_cast<std::size_t>(images)), pool)) {}
    double pairs() const { return 2.0 * static_cast<double>(rows.rows * directions.directions); }
    std::vector<float> table() const { return std::vector<float>(static_cast<std::size_t>(pairs())); }
};

class Bench {
  public:
    explicit Bench(bool quick)
        : quick_(quick),
          repeats_(quick ? 3 : 7),
          scene_(make_search_scene(19, quick ? 252 : 1020, quick ? 64 : 256, 1.0, 1, both_)),
          packed_(scene_, 1e-4, 64, both_) {}

    std::vector<BenchmarkRatio> run() {
        against_legacy();
        parts();
        bound();
        accuracy();
        shift_row();
        two_cores();
        same_bits();
        choices();
        growth();
        return std::move(out_);
    }

  private:
    void add(const std::string& name, double value, const std::string& wanted, const std::string& detail) {
        out_.push_back({name, value, wanted, detail});
    }
    void score(const Packed& p, std::vector<float>& table) {
        score_pairs(p.basis, p.directions, p.rows, {}, table.data(), one_);
    }

    void against_legacy();
    void parts();
    void bound();
    void bound_of(const std::string& name, const SearchScene& scene, const std::string& wanted);
    void accuracy();
    void shift_row();
    void two_cores();
    void same_bits();
    void choices();
    void growth();

    bool quick_;
    int repeats_;
    ThreadPool one_{1}, both_{2};
    SearchScene scene_;
    Packed packed_;
    std::vector<BenchmarkRatio> out_;
};

/// References of the literal form; its time does not depend on the values.
RingHarmonics stand_in_harmonics(const SearchScene& scene, std::int64_t items) {
    RingHarmonics out{static_cast<int>(scene.grid.rings.size()), scene.grid.angles, items, {}};
    out.values.resize(static_cast<std::size_t>(items) * static_cast<std::size_t>(out.rings * out.orders()));
    for (std::size_t i = 0; i < out.values.size(); i++) out.values[i] = scene.slices[i % scene.slices.size()];
    return out;
}

double tuned_pair(const float* image, const float* reference, int rings, const Fft2D& plan,
                  std::vector<Complexf>& sums, std::vector<float>& curve) {
    auto* s = reinterpret_cast<float*>(sums.data());
#if defined(__x86_64__)
    if (detected_instruction_set() == InstructionSet::avx512)
        avx512::multiply_split_rings(image, reference, rings, s);
    else if (detected_instruction_set() == InstructionSet::avx2)
        avx2::multiply_split_rings(image, reference, rings, s);
    else
#endif
        portable::multiply_split_rings(image, reference, rings, s);
    plan.inverse(sums.data(), curve.data());
    return *std::max_element(curve.begin(), curve.end());
}

void Bench::against_legacy() {
    const std::int64_t directions = packed_.directions.directions, images = 2;
    const int rings = static_cast<int>(scene_.grid.rings.size());
    const auto references = stand_in_harmonics(scene_, directions), rows = stand_in_harmonics(scene_, images);
    LegacyCorrelation legacy(scene_.grid.angles);
    AlignedVector<float> split(static_cast<std::size_t>(directions * rings * split_ring + 4096), 0.5f);
    std::vector<Complexf> sums(129);
    std::vector<float> curve(256);
    const Fft2D plan(1, 256);
    double sink = 0;
    auto table = packed_.table();
    const auto t = median_times(
        repeats_, {[&] {
                       for (std::int64_t i = 0; i < images; i++)
                           for (std::int64_t d = 0; d < directions; d++) {
                               const auto s = legacy.curve(rows, i, references, d);
                               sink += static_cast<double>(*std::max_element(s.begin(), s.end()));
                           }
                   },
                   [&] {
                       for (std::int64_t i = 0; i < images; i++)
                           for (std::int64_t d = 0; d < directions; d++)
                               sink += tuned_pair(split.data() + i * rings * split_ring,
                                                  split.data() + d * rings * split_ring, rings, plan, sums,
                                                  curve);
                   },
                   [&] { score(packed_, table); }});
    const double literal = t[0] / static_cast<double>(images * directions),
                 tuned = t[1] / static_cast<double>(images * directions);
    const double fused = t[2] / packed_.pairs();
    add("search_vs_legacy", literal / fused, ">= 60",
        fmt::format("{:.0f} ns a pair literal, {:.1f} ns fused, {}, checksum {:.3g}", 1e9 * literal,
                    1e9 * fused, name_of(detected_instruction_set()), sink));
    add("search_vs_legacy_tuned", tuned / fused, ">= 40",
        fmt::format("{:.0f} ns a pair tuned by hand", 1e9 * tuned));
}

double peak_rate(long rounds) {
    float sink[32] = {0.5f, 0.25f};
    const double start = thread_seconds();
#if defined(__x86_64__)
    const auto set = detected_instruction_set();
    const double operations = set == InstructionSet::avx512 ? avx512::multiply_add_peak(rounds, sink)
                              : set == InstructionSet::avx2 ? avx2::multiply_add_peak(rounds, sink)
                                                            : portable::multiply_add_peak(rounds, sink);
#else
    const double operations = portable::multiply_add_peak(rounds, sink);
#endif
    return operations / (thread_seconds() - start);
}

void Bench::parts() {
    const auto twiddles = angular_twiddles(256);
    AlignedVector<float> scratch(static_cast<std::size_t>(score_scratch_floats(256)));
    const std::int64_t directions = packed_.directions.directions / block_directions * block_directions;
    AlignedVector<float> maxima(static_cast<std::size_t>(directions * 2 * group_rows));
    const auto kernels = pose_kernels(detected_instruction_set());
    const std::int64_t group = std::int64_t{2} * group_rows * packed_.basis.total_rank(),
                       groups = packed_.rows.rows / group_rows;
    const auto run = [&](bool products, bool transforms) {
        for (std::int64_t g = 0; g < groups; g++) {
            ScoreTask task;
            task.rank = packed_.basis.rank.data();
            task.orders = packed_.basis.orders();
            task.angles = 256;
            task.twiddles = twiddles.data();
            task.rows = packed_.rows.operands.data() + g * group;
            task.directions = packed_.directions.operands.data();
            task.power = packed_.directions.power.data();
            task.count = directions;
            task.products = products;
            task.transforms = transforms;
            task.scratch = scratch.data();
            task.maxima = maxima.data();
            kernels.score_range(task);
        }
    };
    double peak = 0;
    std::vector<Body> bodies{[&] { run(true, false); }, [&] { run(false, true); }, [&] { run(true, true); },
                             [&] { peak = std::max(peak, peak_rate(2000000)); }};
#if defined(TUMBLE_FFT_FFTW)
    FftwBatch batch;
    bodies.push_back([&] { batch.run(); });
#endif
    const auto t = median_times(repeats_, bodies);
    const double pairs = 2.0 * static_cast<double>(directions * packed_.rows.rows);
    const double operations = 4.0 * packed_.basis.total_rank();
    const double rate = operations * pairs / t[0];
    add("gemm_peak_share", rate / peak, ">= 0.70",
        fmt::format("{:.1f} ns a pair, {:.0f} of {:.0f} GFLOP/s, rank {}", 1e9 * t[0] / pairs, 1e-9 * rate,
                    1e-9 * peak, packed_.basis.total_rank()));
#if defined(TUMBLE_FFT_FFTW)
    add("fft_max_share", t[1] / pairs / (t[4] / 1024), "<= 0.35",
        fmt::format("{:.1f} ns with the maximum, FFTW {:.1f} ns without", 1e9 * t[1] / pairs,
                    1e9 * t[4] / 1024));
#endif
    add("fused_overhead", t[2] / (t[0] + t[1]), "<= 1.08",
        fmt::format("{:.1f} ns a pair fused", 1e9 * t[2] / pairs));
}

void Bench::bound_of(const std::string& name, const SearchScene& scene, const std::string& wanted) {
    const Packed p(scene, 1e-4, 64, both_);
    auto plain = p.table(), bounded = p.table();
    score(p, plain);
    const auto columns = static_cast<std::size_t>(2 * p.directions.directions);
    std::vector<float> best, threshold;
    for (std::size_t i = 0; i < static_cast<std::size_t>(p.rows.rows); i++) {
        best.push_back(*std::max_element(plain.begin() + static_cast<std::ptrdiff_t>(i * columns),
                                         plain.begin() + static_cast<std::ptrdiff_t>((i + 1) * columns)));
        threshold.push_back(best.back() - 0.1f * std::abs(best.back()));
    }
    const ScoreWindow window{0, p.rows.rows, 0, p.directions.directions, true, {}};
    const auto t = median_times(
        repeats_,
        {[&] { score(p, plain); },
         [&] { score_window(p.basis, p.directions, p.rows, window, threshold, bounded.data(), one_); }});
    std::size_t same = 0;
    for (std::size_t i = 0; i < best.size(); i++) {
        const auto a = plain.begin() + static_cast<std::ptrdiff_t>(i * columns),
                   b = bounded.begin() + static_cast<std::ptrdiff_t>(i * columns);
        same += std::max_element(a, a + static_cast<std::ptrdiff_t>(columns)) - a ==
                    std::max_element(b, b + static_cast<std::ptrdiff_t>(columns)) - b &&
                *std::max_element(b, b + static_cast<std::ptrdiff_t>(columns)) == best[i];
    }
    add(name, t[1] / t[0], wanted,
        fmt::format("{:.1f} ns a pair; {} of {} images with the same best pair and score",
                    1e9 * t[1] / p.pairs(), same, best.size()));
}

void Bench::bound() {
    bound_of("search_bound_centred", scene_, "<= 0.75");
    bound_of("search_bound_wrong_reference", make_search_scene(19, quick_ ? 252 : 510, 64, 1.0, 2, both_),
             "<= 1.08");
    // Thresholds that save nothing: what the bound costs.
    auto plain = packed_.table(), bounded = packed_.table();
    const std::vector<float> lowest(64, std::numeric_limits<float>::lowest());
    const auto t = median_times(repeats_, {[&] { score(packed_, plain); },
                                           [&] {
                                               score_pairs(packed_.basis, packed_.directions, packed_.rows,
                                                           lowest, bounded.data(), one_);
                                           }});
    add("search_bound_useless", t[1] / t[0], "<= 1.08",
        plain == bounded ? "tables bitwise equal" : "tables DIFFER");
}

void Bench::accuracy() {
    const std::int64_t images = 8, directions = 6;
    SearchScene few = scene_;
    few.slices.resize(static_cast<std::size_t>(directions) * few.samples());
    std::vector<double> expected;
    for (std::int64_t i = 0; i < images; i++)
        for (std::int64_t view = 0; view < 2 * directions; view++) {
            const auto curve = oracle::pair_curve(
                few.grid, few.weights,
                std::span(few.images).subspan(static_cast<std::size_t>(i) * few.samples(), few.samples()),
                std::span(few.slices)
                    .subspan(static_cast<std::size_t>(view / 2) * few.samples(), few.samples()),
                view % 2 == 1);
            expected.push_back(*std::max_element(curve.begin(), curve.end()));
        }
    for (auto [tolerance, wanted] : {std::pair{1e-4, "<= 1e-5"}, std::pair{1e-6, "<= 2e-7"}}) {
        const Packed p(few, tolerance, images, one_);
        auto table = p.table();
        score(p, table);
        double errors = 0, squares = 0;
        for (std::size_t i = 0; i < table.size(); i++) {
            const double correlation = expected[i] + static_cast<double>(p.directions.power[i % 12 / 2]);
            errors += (table[i] - expected[i]) * (table[i] - expected[i]);
            squares += correlation * correlation;
        }
        add(fmt::format("pair_max_error_{:.0e}", tolerance), std::sqrt(errors / squares), wanted,
            fmt::format("rms error of the pairs' largest correlations / their rms, against double; rank {}",
                        p.basis.total_rank()));
    }
}

void Bench::shift_row() {
    std::vector<std::int64_t> images;
    std::vector<Vec2> shifts;
    for (int i = 0; i < 64; i++) images.push_back(i / 32), shifts.push_back({0.05 * i, -0.03 * i});
    auto table = packed_.table();
    const auto t = median_times(
        repeats_,
        {[&] { pack_rows(scene_.grid, packed_.basis, scene_.weights, scene_.images, images, shifts, one_); },
         [&] { score(packed_, table); }});
    const double row = t[0] / 64, against = t[1] / packed_.pairs() * 20000;
    add("shift_row", row / against, "<= 0.02",
        fmt::format("{:.1f} us to make a row, {:.2f} ms to score it against 20,000 views", 1e6 * row,
                    1e3 * against));
}

void Bench::two_cores() {
    auto table = packed_.table();
    const std::vector<Body> bodies{
        [&] { score(packed_, table); },
        [&] { score_pairs(packed_.basis, packed_.directions, packed_.rows, {}, table.data(), both_); }};
    const auto wall = median_times(2 * repeats_ + 1, bodies, wall_seconds);
    const auto cpu = median_times(repeats_, bodies, process_seconds);
    add("two_core_speedup", wall[0] / wall[1], ">= 1.85 on a quiet machine",
        fmt::format("wall time {:.0f} ms and {:.0f} ms; processor time with two threads / with one: {:.3f}",
                    1e3 * wall[0], 1e3 * wall[1], cpu[1] / cpu[0]));
}

void Bench::same_bits() {
    ThreadPool four(4);
    auto expected = packed_.table(), found = packed_.table();
    score(packed_, expected);
    bool same = true;
    for (ThreadPool* pool : {&both_, &four}) {
        score_pairs(packed_.basis, packed_.directions, packed_.rows, {}, found.data(), *pool);
        same = same && found == expected;
    }
    const std::int64_t columns = 2 * packed_.directions.directions;
    for (std::int64_t first = 0; first < 64; first += 16)
        score_window(packed_.basis, packed_.directions, packed_.rows,
                     {first, 16, 0, packed_.directions.directions}, {}, found.data() + first * columns,
                     both_);
    same = same && found == expected;
    add("same_bits", same ? 1 : 0, "1", "tables for 1, 2, 4 threads and batches of 16 and 64 rows");
}

void Bench::choices() {
    const Packed p(scene_, 1e-4, scene_.image_count(), both_);
    std::vector<std::int64_t> first_row;
    for (std::int64_t i = 0; i <= p.rows.rows; i++) first_row.push_back(i);
    auto table = p.table();
    score_pairs(p.basis, p.directions, p.rows, {}, table.data(), both_);
    const auto columns = static_cast<std::ptrdiff_t>(2 * p.directions.directions);
    std::vector<float> previous;
    for (std::int64_t i = 0; i < p.rows.rows; i++) {
        std::vector<float> row(table.begin() + i * columns, table.begin() + (i + 1) * columns);
        const auto rank = row.begin() + 20 + i % 80;  // from 20 to 99 candidates are better
        std::nth_element(row.begin(), rank, row.end(), std::greater<>());
        previous.push_back(*rank);
    }
    std::int64_t equal = 0, all = 0, visited = 0;
    for (std::uint32_t pass = 0; pass < (quick_ ? 1u : 4u); pass++) {
        const HillClimbOptions options{1, pass};
        const auto batched =
            hill_climb(p.basis, p.directions, {p.rows, first_row}, previous, {}, options, both_);
        const auto literal =
            hill_climb_one_by_one(p.basis, p.directions, {p.rows, first_row}, previous, {}, options);
        for (std::size_t i = 0; i < batched.size(); i++, all++)
            equal += batched[i] == literal[i], visited += literal[i].visited;
    }
    add("hill_climb_exact", static_cast<double>(equal) / static_cast<double>(all), "1",
        fmt::format("{} of {} choices equal, {:.0f} candidates visited on average", equal, all,
                    static_cast<double>(visited) / static_cast<double>(all)));
}

void Bench::growth() {
    const std::int64_t directions = quick_ ? 126 : 510;
    SearchScene half = scene_;
    half.slices.resize(static_cast<std::size_t>(directions) * half.samples());
    const SearchScene inner = make_search_scene(50, directions, 64, 1.0, 1, both_);
    const Packed fewer_directions(half, 1e-4, 64, both_), fewer_images(half, 1e-4, 32, both_),
        fewer_rings(inner, 1e-4, 64, both_);
    auto a = packed_.table();
    const auto t = median_times(repeats_, {[&] { score(packed_, a); }, [&] { score(fewer_directions, a); },
                                           [&] { score(fewer_images, a); }, [&] { score(fewer_rings, a); }});
    add("growth_directions", t[0] / t[1], "2 (linear)",
        fmt::format("{} against {} directions", packed_.directions.directions, directions));
    add("growth_images", t[1] / t[2], "2 (linear)", "64 against 32 images");
    add("growth_rings", t[1] / t[3], "< 2",
        fmt::format("62 against 31 rings, rank {} against {}; the transform does not grow",
                    packed_.basis.total_rank(), fewer_rings.basis.total_rank()));
}

}  // namespace

std::vector<BenchmarkRatio> search_benchmark(bool quick) {
    return Bench(quick).run();
}

}  // namespace tumble::benchmark
