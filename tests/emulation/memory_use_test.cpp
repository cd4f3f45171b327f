// The planner's counts against what the emulated device has allocated, and the operations on a device whose memory others hold:
// the same bits for every cut, a sentence with sizes where the smallest does not fit.
#include <cstring>
#include <functional>

#include "backend/backend.hpp"
#include "backend/loader.hpp"
#include "catch.hpp"
#include "controls.hpp"
#include "operations/orientation_scene.hpp"
#include "pose/preparation_tables.hpp"
#include "runtime/memory_plan.hpp"
#include "tumble/error.hpp"

using namespace tumble;
using namespace tumble::testing;
using cuda::Bytes;
using cuda::DeviceMemory;

namespace {

constexpr std::int64_t directions = 163, images = 9;
constexpr std::size_t total = std::size_t{2} << 30, sliced = 40;

const backend::Operations& table() {
    static const backend::LoadedModule module = backend::load_module("tumble_cuda.so", {TUMBLE_EMULATED_MODULE_DIR});
    REQUIRE(module.table);
    return *module.table;
}
const emulation::Controls& device() {
    static const emulation::Controls& controls = emulation::controls_of(TUMBLE_EMULATED_MODULE_DIR "/tumble_cuda.so");
    return controls;
}
const OrientationScene& scene() {
    static const OrientationScene s(64, 8, directions, images, 1e-3);
    return s;
}

/// The device as at loading, before and after a test.
struct Fresh {
    Fresh() { table(), device().reset(); }
    ~Fresh() { device().reset(); }
};

/// While it lives, our next allocations can have `free` bytes and no more.
struct Restricted {
    explicit Restricted(std::uint64_t free) { device().set_taken(total - device().live().bytes - free); }
    ~Restricted() { device().set_taken(0); }
};

/// Most bytes that `body` has allocated at once, beside what was there.
template <class Body>
std::uint64_t peak_of(Body&& body) {
    const std::size_t before = device().live().bytes;
    static_cast<void>(device().peak_bytes(0));
    body();
    return device().peak_bytes(0) - before;
}

std::string refusal(const std::function<void()>& body) {
    const emulation::Live before = device().live();
    std::string sentence;
    try {
        body();
    } catch (const Error& e) {
        CHECK(e.kind() == ErrorKind::system);
        sentence = e.what();
    }
    CHECK(device().live().allocations == before.allocations);
    return sentence;
}

using Bits = std::vector<unsigned char>;
template <class T>
void append(Bits& bits, const T& value) {
    const auto* at = reinterpret_cast<const unsigned char*>(&value);
    bits.insert(bits.end(), at, at + sizeof value);
}
void append_pair(Bits& bits, const SearchPair& pair) {
    append(bits, pair.row), append(bits, pair.direction), append(bits, pair.mirror), append(bits, pair.score);
}
template <class T>
Bits bits_of(const std::vector<T>& values) {
    Bits bits;
    for (const auto& value : values) append(bits, value);
    return bits;
}

/// Images at one to five shifts on the device.
struct Problem {
    OrientationScores on{scene(), table()};
    std::vector<std::int64_t> row_images, first_row{0};
    std::vector<Vec2> shifts;
    ResidentRows rows;
    std::vector<PoseCandidate> candidates;
    PolishOptions polish;

    Problem() {
        const auto grid = shift_grid(0.8, 0.8);
        for (std::int64_t i = 0; i < images; i++) {
            for (std::int64_t s = 0; s <= i % 5; s++) row_images.push_back(i), shifts.push_back(grid[static_cast<std::size_t>(s)]);
            first_row.push_back(static_cast<std::int64_t>(row_images.size()));
            for (int k = 0; k < 2; k++) candidates.push_back({i, scene().simulated.poses[static_cast<std::size_t>((i + k) % images)], 0});
        }
        rows = on.backend.rows(on.search, row_images, shifts);
        polish.band = {0, scene().images.points.size()};
        polish.steps = 1;
        polish.shift_sigma_A = 0.3;
    }
    std::int64_t row_count() const { return first_row.back(); }
    RowOwners owners() const { return {first_row, 100, {}}; }
};

std::int64_t padded_inner(const OrientationScene& s) {
    std::int64_t inner = 0;
    for (const int rank : s.basis.rank) inner += (rank + 3) / 4 * 4;
    return inner;
}
cuda::SearchSizes search_sizes(const OrientationScene& s) {
    return {s.images.images, s.images.box, static_cast<std::int64_t>(s.directions.size()), static_cast<std::int64_t>(s.grid.rings.size()), s.grid.angles,
            static_cast<std::int64_t>(s.basis.rank.size()), padded_inner(s)};
}

/// An operation that is cut, and what it takes with a memory.
struct Operation {
    const char* name;
    std::function<Bits(const Problem&)> run;
    std::function<cuda::Take(const Problem&, const DeviceMemory&)> take;
};

Bits of_candidates(const Problem& p, void (Backend::*function)(const ResidentImages&, const ResidentTransform&, const PolishOptions&,
                                                               std::span<PoseCandidate>) const) {
    auto candidates = p.candidates;
    (p.on.backend.*function)(p.on.images, p.on.transform, p.polish, candidates);
    Bits bits;
    for (const auto& c : candidates) append(bits, c.score), append(bits, c.pose.rotation), append(bits, c.pose.shift_A);
    return bits;
}
cuda::Take take_of_candidates(const Problem& p, const DeviceMemory& memory) {
    return cuda::candidates_cut(memory, static_cast<std::int64_t>(p.candidates.size()), static_cast<std::int64_t>(p.polish.band.last)).take;
}
Bits climbed(const Problem& p, std::span<const ViewList> lists) {
    Bits bits;
    for (const float previous : {-1e30f, 30.0f, 1e30f})
        for (const auto& step :
             p.on.backend.hill_climb(p.on.search, p.rows, p.owners(), std::vector<float>(images, previous), lists, HillClimbOptions{5, 1}))
            append_pair(bits, step.pair), append(bits, step.visited), append(bits, step.improved);
    return bits;
}
std::vector<ViewList> neighbourhoods() {
    std::vector<ViewList> lists;
    for (std::int64_t i = 0; i < images; i++) {
        const Mat3& base = scene().bases[static_cast<std::size_t>(18 * i)];
        lists.push_back(nearest_views(scene().bases, {base(2, 0), base(2, 1), base(2, 2)}, 30));
    }
    return lists;
}

std::vector<Operation> cut_operations() {
    std::vector<Operation> all;
    all.push_back({"sample_slices",
                   [](const Problem& p) {
                       std::vector<Complexf> slices(sliced * scene().images.points.size());
                       p.on.backend.sample_slices(p.on.transform, std::span(scene().directions).first(sliced), scene().images.points, slices.data());
                       return bits_of(slices);
                   },
                   [](const Problem&, const DeviceMemory& memory) {
                       return cuda::slices_cut(memory, sliced, static_cast<std::int64_t>(scene().images.points.size())).take;
                   }});
    all.push_back({"score_poses", [](const Problem& p) { return of_candidates(p, &Backend::score_candidates); }, take_of_candidates});
    all.push_back({"polish_poses", [](const Problem& p) { return of_candidates(p, &Backend::polish_poses); }, take_of_candidates});
    all.push_back({"polish_shifts", [](const Problem& p) { return of_candidates(p, &Backend::polish_shifts); }, take_of_candidates});
    for (const bool limited : {false, true})
        all.push_back({limited ? "score_pairs with thresholds" : "score_pairs",
                       [limited](const Problem& p) {
                           const std::vector<float> threshold(limited ? static_cast<std::size_t>(p.row_count()) : 0, 20.0f);
                           return bits_of(p.on.maxima(p.rows, static_cast<std::size_t>(p.row_count()), scene().views(), threshold));
                       },
                       [limited](const Problem& p, const DeviceMemory& memory) {
                           return cuda::pair_scores_cut(memory, p.row_count(), directions, limited).take;
                       }});
    all.push_back({"score_curves",
                   [](const Problem& p) {
                       std::vector<SearchPair> pairs;
                       for (std::int64_t i = 0; i < 200; i++) pairs.push_back({i % p.row_count(), 7 * i % directions, i % 3 == 0, 0});
                       return bits_of(p.on.backend.score_curves(p.on.search, p.rows, pairs));
                   },
                   [](const Problem&, const DeviceMemory& memory) { return cuda::curves_cut(memory, 200, scene().grid.angles).take; }});
    for (const int count : {3, 7000})
        all.push_back({count == 3 ? "best_pairs" : "best_pairs with long lists",
                       [count](const Problem& p) {
                           Bits bits;
                           const std::vector<float> incumbent(images, -1e30f);
                           for (const auto& list : p.on.backend.best_pairs(p.on.search, p.rows, p.owners(), {count}, incumbent))
                               for (const auto& pair : list) append_pair(bits, pair);
                           return bits;
                       },
                       [count](const Problem& p, const DeviceMemory& memory) {
                           return cuda::best_cut(memory, {images, p.row_count(), 5, directions, count, ExhaustiveOptions{}.batch_rows}).take;
                       }});
    all.push_back({"hill_climb", [](const Problem& p) { return climbed(p, {}); },
                   [](const Problem& p, const DeviceMemory& memory) {
                       return cuda::climb_cut(memory, {p.first_row, {}, directions, HillClimbOptions{}.batch_rows}).take;
                   }});
    all.push_back({"hill_climb among neighbours", [](const Problem& p) { return climbed(p, neighbourhoods()); },
                   [](const Problem& p, const DeviceMemory& memory) {
                       std::vector<std::int64_t> first_view{0};
                       for (const auto& list : neighbourhoods()) first_view.push_back(first_view.back() + static_cast<std::int64_t>(list.size()));
                       return cuda::climb_cut(memory, {p.first_row, first_view, directions, HillClimbOptions{}.batch_rows}).take;
                   }});
    return all;
}

/// An operation without a loop.
struct Whole {
    const char* name;
    std::function<void()> run;
    cuda::Take take;
};

/// The counts of what is taken at most and of what stays hold, and one byte less than the least is refused.
void check_whole(const Whole& w, bool exact) {
    INFO(w.name);
    const std::uint64_t peak = peak_of(w.run);
    CHECK(peak <= w.take.peak.count());
    CHECK(peak >= (exact ? w.take.peak.count() : w.take.peak.count() / 2));
    const Restricted almost(w.take.least.count() - 1);
    const std::string sentence = refusal(w.run);
    CHECK_THAT(sentence, ContainsSubstring("device memory of " + std::to_string(w.take.least.count()) + " bytes or more"));
    CHECK_THAT(sentence, ContainsSubstring("(" + std::to_string(w.take.least.count() - 1) + " of " + std::to_string(total) + " free)"));
}

}  // namespace

TEST_CASE("loops take of the device what their plan says, and the same bits come out of every cut") {
    const Fresh fresh;
    const Problem p;
    for (const Operation& operation : cut_operations()) {
        INFO(operation.name);
        Bits large;
        const std::uint64_t peak = peak_of([&] { large = operation.run(p); });
        const cuda::Take planned = operation.take(p, {total - device().live().bytes, total});
        CHECK(peak <= planned.peak.count());
        CHECK(peak >= planned.peak.count() * 9 / 10);
        CHECK_FALSE(large.empty());
        const std::uint64_t least = planned.least.count();
        CHECK(least < planned.peak.count() * 4 / 5);
        for (const std::uint64_t free : {least, least * 5 / 3}) {
            INFO(free << " bytes free, at least " << least);
            const Restricted restricted(free);
            Bits bits;
            const std::uint64_t cut_peak = peak_of([&] { bits = operation.run(p); });
            CHECK(bits == large);
            CHECK(cut_peak <= operation.take(p, {free, total}).peak.count());
            if (free < planned.peak.count()) CHECK(cut_peak < peak);
        }
        const Restricted almost(least - 1);
        const std::string sentence = refusal([&] { operation.run(p); });
        CHECK_THAT(sentence, ContainsSubstring("device memory of " + std::to_string(least) + " bytes or more"));
        CHECK_THAT(sentence, ContainsSubstring("status 400"));
    }
    CHECK(std::string(device().last_fault()).empty());
}

TEST_CASE("the packing of directions takes what its plan says, and gives the same bits for every cut") {
    const Fresh fresh;
    // So many directions that their slices outweigh the padded images of the polar samples.
    const OrientationScene s(64, 8, 1700, 2, 1e-2);
    const Backend backend(table(), 0, 1);
    const auto resident = backend.resident(s.images);
    const auto transform = backend.transform(s.map.view(), default_window(), 1.5);
    const auto packed = [&] { return backend.search(resident, transform, s.grid, s.basis, s.weights, s.directions); };
    const auto scores = [&](const ResidentSearch& search) {
        const auto rows = backend.rows(search, std::vector<std::int64_t>{0, 1}, std::vector<Vec2>(2));
        std::vector<float> maxima(2 * s.views());
        backend.score_pairs(search, rows, {}, maxima);
        return maxima;
    };
    ResidentSearch search;
    const std::size_t before = device().live().bytes;
    const std::uint64_t peak = peak_of([&] { search = packed(); });
    const cuda::Cut planned = cuda::search_cut({total - before, total}, search_sizes(s)), smallest = cuda::search_cut({0, 0}, search_sizes(s));
    CHECK(peak == planned.take.peak.count());
    CHECK(device().live().bytes - before == planned.take.resident.count());
    CHECK(planned.at_once == 1700);
    CHECK(smallest.at_once == 8);
    CHECK(smallest.take.peak < planned.take.peak);
    const std::vector<float> expected = scores(search);
    search = {};
    {
        const Restricted restricted(smallest.take.peak.count());
        CHECK(peak_of([&] { search = packed(); }) == smallest.take.peak.count());
    }
    CHECK(scores(search) == expected);
    search = {};
    check_whole({"search_create", [&] { static_cast<void>(packed()); }, cuda::search_cut({total, total}, search_sizes(s)).take}, true);
}

TEST_CASE("operations without a loop take what is counted") {
    const Fresh fresh;
    const OrientationScene& s = scene();
    const Backend backend(table(), 0, 1);
    const std::int64_t box = s.images.box, padded = cuda::padded_side_of(box, 1.333), doubled = cuda::padded_side_of(2 * box, 1.333);
    const auto resident = backend.resident(s.images);
    check_whole({"images_create", [&] { backend.resident(s.images); }, cuda::images_take(images, static_cast<std::int64_t>(s.images.points.size()), box)},
                true);
    check_whole({"transform_create", [&] { backend.transform(s.map.view(), default_window(), 1.333); },
                 cuda::transform_take(box, padded, default_window().width)},
                true);
    std::vector<WeightedPose> poses;
    for (std::int64_t i = 0; i < images; i++) poses.push_back({i, s.simulated.poses[static_cast<std::size_t>(i)], 1});
    const Band band{0, s.images.points.size()};
    const auto equations = backend.accumulate(resident, poses, band, default_window(), 1.333);
    const cuda::InsertionSizes insertion{static_cast<std::int64_t>(poses.size()), static_cast<std::int64_t>(band.last), box, padded, doubled,
                                        default_window().width};
    check_whole({"equations_accumulate", [&] { backend.accumulate(resident, poses, band, default_window(), 1.333); },
                 cuda::insertion_cut({total, total}, insertion).take},
                true);
    SolveOptions solve;
    solve.steps = 1;
    solve.mask.assign(s.map.values.size(), 1.0f);
    solve.prior.assign(static_cast<std::size_t>(box) / 2, 1e-3);
    check_whole({"copy of equations", [&] { backend.copy(equations); }, cuda::equations_take(box)}, true);
    check_whole({"solve", [&] { backend.solve(equations, solve); }, cuda::solver_take(box, static_cast<std::int64_t>(solve.prior.size()), true)}, false);
    const OrientationScores on(s, table());
    check_whole({"rows_create", [&] { on.backend.rows(on.search, std::vector<std::int64_t>(40, 2), std::vector<Vec2>(40)); },
                 cuda::rows_take(40, padded_inner(s))},
                true);
}

TEST_CASE("the preparation of images takes what is counted") {
    const Fresh fresh;
    const Backend backend(table(), 0, 1);
    const ImageStack stack = simulated_stack(asymmetric_particle(10, 3, 1.5, 4), 70, 56, 0.4, 0.8, 9).stack;  // more than go at once
    NoProgress quiet;
    for (const double diameter_A : {6.0, 20.0}) {
        PreparedImages host;
        backend.prepare(stack.view(), {0.4, diameter_A, 1}, host, quiet);
        cuda::PreparationSizes sizes{stack.images, stack.height, stack.width, static_cast<std::int64_t>(host.points.size()), host.box, 0};
        REQUIRE(measures_noise(noise_window(stack.height, stack.width, host.mask_radius_A, 0.4)));
        for (const int shell : noise_shells(stack.height, stack.width)) sizes.noise_frequencies += shell >= 0;
        const auto prepare = [&] {
            PreparedImages again;
            backend.prepare(stack.view(), {0.4, diameter_A, 1}, again, quiet);
            CHECK(again.real_space == host.real_space);
            CHECK(again.weight == host.weight);
        };
        check_whole({"images_prepare", prepare, cuda::preparation_take(sizes)}, true);
    }
}

TEST_CASE("memory that the device's pool keeps unused counts as free") {
    const Fresh fresh;
    const OrientationScene& s = scene();
    const Backend backend(table(), 0, 1);
    const std::uint64_t bytes = cuda::images_take(images, static_cast<std::int64_t>(s.images.points.size()), s.images.box).peak.count();
    const Restricted restricted(bytes);
    auto resident = backend.resident(s.images);
    resident = {};  // freed in the order of the stream, which nobody has waited for since
    CHECK_NOTHROW(resident = backend.resident(s.images));
}

TEST_CASE("the table's plan of a run is that of the planner with what is free now") {
    const Fresh fresh;
    backend::RunSizes sizes{};
    sizes.images = 1000;
    sizes.points = 8143;
    sizes.box = 96;
    sizes.padding_factor = 1.333;
    sizes.window_width = 5;
    sizes.poses = sizes.candidates = 8000;
    sizes.transforms = sizes.insertion_beside = sizes.solution_beside = 2;
    sizes.height = sizes.width = 160;
    backend::RunPlan plan{};
    device().set_taken(1000);
    REQUIRE(table().plan_run(1, &sizes, &plan) == backend::status_good);
    CHECK(plan.free_bytes == total - 1000);
    CHECK(plan.total_bytes == total);
    const backend::RunPlan expected = cuda::plan_run({total - 1000, total}, sizes);
    CHECK(std::memcmp(&plan, &expected, sizeof plan) == 0);
    device().set_taken(total - 1000);
    REQUIRE(table().plan_run(0, &sizes, &plan) == backend::status_good);
    CHECK_THAT(plan.shortage, ContainsSubstring("(1000 of " + std::to_string(total) + " free)"));
    CHECK(table().plan_run(7, &sizes, &plan) == backend::status_device);
}
