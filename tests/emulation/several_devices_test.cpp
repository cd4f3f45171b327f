// Several devices behind one table: the results of one, for any number of them, and what happens where one is missing or fails.
#include <cmath>
#include <cstdlib>

#include "backend/loader.hpp"
#include "backend/several_devices.hpp"
#include "catch.hpp"
#include "controls.hpp"
#include "operations/orientation_scene.hpp"
#include "reconstruct/reconstruct_on.hpp"
#include "tumble/error.hpp"
#include "unit/reconstruct/tiny_run.hpp"

using namespace tumble;
using namespace tumble::testing;

namespace {

constexpr std::size_t gibibyte = std::size_t(1) << 30;

const std::string& module_file() {
    static const std::string file = TUMBLE_EMULATED_MODULE_DIR "/tumble_cuda.so";
    return file;
}
const emulation::Controls& controls() {
    return emulation::controls_of(module_file());
}
const backend::Operations& one_device() {
    static const backend::LoadedModule module = backend::load_module("tumble_cuda.so", {TUMBLE_EMULATED_MODULE_DIR});
    REQUIRE(module.table);
    return *module.table;
}

/// As many devices as a test wants.
struct Devices {
    explicit Devices(int count) { controls().set_devices(count, 2 * gibibyte); }
    ~Devices() { controls().reset(); }
};

Backend backend_of(const std::vector<int>& devices) {
    const auto several = backend::several_devices(one_device(), devices);
    return {*several.table, several.number, 1};
}

/// What the table makes of a scene, in a form that can be compared bit for bit.
struct Results {
    std::vector<Complexf> slices;
    std::vector<float> maxima, curves;
    std::vector<PoseCandidate> scored, polished, shifted;
    std::vector<std::vector<SearchPair>> best;
    std::vector<std::vector<WeightedPair>> soft;
    std::vector<HillClimbStep> climbed, climbed_near;
    std::vector<float> map, difference;
};

std::vector<PoseCandidate> candidates_of(const OrientationScene& s) {
    std::vector<PoseCandidate> out;
    for (std::int64_t n = 0; n < 2 * s.images.images; n++) {  // not in the order of the images
        const std::int64_t image = 5 * n % s.images.images;
        const Pose& true_pose = s.simulated.poses[static_cast<std::size_t>(image)];
        out.push_back({image, {true_pose.rotation, {true_pose.shift_A.x + 0.02 * static_cast<double>(n), true_pose.shift_A.y}}, 0});
    }
    return out;
}

Results results(const OrientationScene& s, Backend backend) {
    Results r;
    const auto images = backend.resident(s.images);
    const auto transform = backend.transform(s.map.view(), default_window(), 1.5);
    r.slices.resize(s.directions.size() * s.images.points.size());
    backend.sample_slices(transform, s.directions, s.images.points, r.slices.data());

    PolishOptions polish;
    polish.band = {3, s.images.points.size() / 2};
    r.scored = r.polished = r.shifted = candidates_of(s);
    backend.score_candidates(images, transform, polish, r.scored);
    backend.polish_poses(images, transform, polish, r.polished);
    backend.polish_shifts(images, transform, polish, r.shifted);

    std::vector<WeightedPose> all, few;
    for (const PoseCandidate& c : candidates_of(s)) all.push_back({c.image, c.pose, 0.3f + 0.1f * static_cast<float>(c.image)});
    few.assign(all.begin(), all.begin() + 1);
    const Band band{0, s.images.points.size()};
    auto equations = backend.accumulate(images, all, band, default_window(), 1.5);
    const auto of_few = backend.accumulate(images, few, band, default_window(), 1.5);
    SolveOptions solve;
    solve.steps = 3;
    r.map = backend.solve(equations, solve).values;
    backend.add(equations, of_few);
    backend.subtract(equations, of_few);
    backend.add(equations, of_few);
    r.difference = backend.solve(backend.copy(equations), solve).values;

    const auto search = backend.search(images, transform, s.grid, s.basis, s.weights, s.directions);
    std::vector<std::int64_t> row_images, first_row{0}, numbers;
    std::vector<Vec2> shifts;
    for (std::int64_t i = s.images.images - 1; i >= 0; i--) {
        for (std::int64_t n = 0; n <= i % 3; n++) row_images.push_back(i), shifts.push_back({0.4 * static_cast<double>(n), 0.1});
        first_row.push_back(static_cast<std::int64_t>(row_images.size()));
        numbers.push_back(i);
    }
    const auto rows = backend.rows(search, row_images, shifts);
    r.maxima.resize(row_images.size() * s.views());
    backend.score_pairs(search, rows, {}, r.maxima);
    std::vector<SearchPair> pairs;
    for (std::size_t n = 0; n < 2 * row_images.size(); n++)
        pairs.push_back({static_cast<std::int64_t>(3 * n % row_images.size()), static_cast<std::int64_t>(n % s.directions.size()), n % 2 == 1, 0});
    r.curves = backend.score_curves(search, rows, pairs);

    const RowOwners owners{first_row, 0, numbers};
    ExhaustiveOptions best;
    best.count = 4;
    std::vector<float> previous, incumbent;
    for (std::size_t i = 0; i < numbers.size(); i++) {
        // Some improve early, some late, some not at all.
        previous.push_back(r.maxima[static_cast<std::size_t>(first_row[i]) * s.views() + i]);
        incumbent.push_back(i % 2 == 0 ? previous.back() : -1e30f);
    }
    r.best = backend.best_pairs(search, rows, owners, best, incumbent);
    SoftOptions soft;
    soft.count = 5;
    soft.temperature = 3;
    r.soft = backend.soft_pairs(search, rows, owners, soft);
    HillClimbOptions climb;
    climb.seed = 7;
    r.climbed = backend.hill_climb(search, rows, owners, previous, {}, climb);
    std::vector<ViewList> views;
    for (std::size_t i = 0; i < numbers.size(); i++) views.push_back({static_cast<std::int64_t>(i), static_cast<std::int64_t>(i + 8), static_cast<std::int64_t>(i + 16)});
    r.climbed_near = backend.hill_climb(search, rows, owners, previous, views, climb);
    return r;
}

void compare(const SearchPair& a, const SearchPair& b) {
    CHECK(a.row == b.row);
    CHECK(a.direction == b.direction);
    CHECK(a.mirror == b.mirror);
    CHECK(a.score == b.score);
}
void compare(const std::vector<PoseCandidate>& a, const std::vector<PoseCandidate>& b) {
    REQUIRE(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); i++) {
        CHECK(a[i].image == b[i].image);
        CHECK(a[i].pose == b[i].pose);
        CHECK(a[i].score == b[i].score);
    }
}
void compare(const std::vector<HillClimbStep>& a, const std::vector<HillClimbStep>& b) {
    REQUIRE(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); i++) {
        compare(a[i].pair, b[i].pair);
        CHECK(a[i].visited == b[i].visited);
        CHECK(a[i].improved == b[i].improved);
    }
}
/// Every bit.
void compare(const Results& a, const Results& b) {
    CHECK((a.slices == b.slices));
    CHECK((a.maxima == b.maxima));
    CHECK((a.curves == b.curves));
    CHECK((a.map == b.map));
    CHECK((a.difference == b.difference));
    CHECK_FALSE((a.map == a.difference));
    compare(a.scored, b.scored);
    compare(a.polished, b.polished);
    compare(a.shifted, b.shifted);
    compare(a.climbed, b.climbed);
    compare(a.climbed_near, b.climbed_near);
    REQUIRE(a.best.size() == b.best.size());
    REQUIRE(a.soft.size() == b.soft.size());
    for (std::size_t i = 0; i < a.best.size(); i++) {
        REQUIRE(a.best[i].size() == b.best[i].size());
        for (std::size_t k = 0; k < a.best[i].size(); k++) compare(a.best[i][k], b.best[i][k]);
        REQUIRE(a.soft[i].size() == b.soft[i].size());
        for (std::size_t k = 0; k < a.soft[i].size(); k++) {
            compare(a.soft[i][k].pair, b.soft[i][k].pair);
            CHECK(a.soft[i][k].weight == b.soft[i][k].weight);
        }
    }
}

std::string refusal(const std::string& device) {
    try {
        backend::choose_backend(device);
    } catch (const Error& e) {
        return e.what();
    }
    return {};
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("several devices give the bits of one, also more devices than images", "[several]") {
    const Devices three(3);
    for (const int images : {2, 7}) {
        INFO(images << " images");
        const OrientationScene scene(64, 5, 21, images, 1e-3);
        const Results expected = results(scene, {one_device(), 0, 1});
        for (const std::vector<int>& devices : {std::vector{0, 1}, std::vector{2, 0, 1}}) {
            INFO(devices.size() << " devices");
            compare(results(scene, backend_of(devices)), expected);
        }
    }
    CHECK(controls().live().allocations == 0);
    CHECK(controls().live().streams == 0);
}

TEST_CASE("each of several devices holds its share of the images", "[several]") {
    const Devices three(3);
    const OrientationScene scene(64, 5, 8, 9, 1e-3);
    for (int d = 0; d < 3; d++) controls().peak_bytes(d);
    {
        const Backend backend = backend_of({0, 1, 2});
        const auto images = backend.resident(scene.images);
    }
    const auto bytes = [&](std::size_t images) {
        return images * (8 * scene.images.points.size() + 4 * static_cast<std::size_t>(scene.images.box * scene.images.box)) + 12 * scene.images.points.size();
    };
    // Stripes of two: images 0, 1, 6, 7 and 2, 3, 8 and 4, 5.
    CHECK(controls().peak_bytes(0) == bytes(4));
    CHECK(controls().peak_bytes(1) == bytes(3));
    CHECK(controls().peak_bytes(2) == bytes(2));
}

TEST_CASE("a run on three devices has the poses, the map and the atoms of one", "[several]") {
    const Devices three(3);
    const auto simulated = simulated_stack(asymmetric_particle(12, 3.2, 2.0, 4), 8, 24, 0.5, 0.3, 9);
    ReconstructOptions options = tiny_options();
    options.poses = simulated.poses;
    options.polish = true;
    const auto run = [&](Backend backend) {
        NoProgress quiet;
        return reconstruct_on(backend, simulated.stack.view(), options, quiet);
    };
    const ReconstructResult expected = run({one_device(), 0, 1});
    const ReconstructResult found = run(backend_of({0, 1, 2}));
    CHECK(found.device == "cuda:0,1,2");
    CHECK((found.map.values == expected.map.values));
    REQUIRE(found.images.size() == expected.images.size());
    for (std::size_t i = 0; i < found.images.size(); i++) CHECK(found.images[i].pose == expected.images[i].pose);
    REQUIRE(found.atoms.size() == expected.atoms.size());
    // Sums over images are added device by device: the rounding of doubles, through the iterations of the refinement.
    for (std::size_t i = 0; i < found.atoms.size(); i++)
        CHECK(length(found.atoms[i].position_A - expected.atoms[i].position_A) < 1e-6);
}

TEST_CASE("lists of devices are named, and refused where a device is named twice or is not there", "[several]") {
    setenv("TUMBLE_BACKEND_DIR", TUMBLE_EMULATED_MODULE_DIR, 1);
    const Devices three(3);
    const auto named = [](const std::string& device) {
        const backend::Choice choice = backend::choose_backend(device);
        return backend::device_name(*choice.table, choice.device);
    };
    CHECK(named("cuda:1") == "cuda:1");
    CHECK(named("cuda:0,1") == "cuda:0,1");
    CHECK(named("cuda:2,0") == "cuda:2,0");
    CHECK(named("cuda:all") == "cuda:0,1,2");
    CHECK(named("auto") == "cuda:0");
    const backend::Choice choice = backend::choose_backend("cuda:0,2"), again = backend::choose_backend("cuda:0,2");
    CHECK(choice.device == again.device);
    CHECK(choice.reason.rfind("cuda:0,2: emulated device", 0) == 0);
    CHECK(backend::unfit(*choice.table).empty());
    CHECK(backend::memory_device(*backend::choose_backend("cuda:2,0").table, backend::choose_backend("cuda:2,0").device) == 2);
    CHECK(contains(refusal("cuda:1,0,1"), "names device 1 twice"));
    CHECK(contains(refusal("cuda:0,3"), "the machine has 3 CUDA devices; expected auto or cpu"));
    for (const char* word : {"cuda:0,", "cuda:,0", "cuda:0 ,1", "cuda:0,-1", "cuda:0,,1", "cuda:all,0", "cuda:0,all", "cuda:1x"})
        CHECK(contains(refusal(word), "expected auto, cpu, cuda, cuda:N, several as in cuda:0,1, or cuda:all"));
    controls().set_devices(1, gibibyte);
    CHECK(named("cuda:all") == "cuda:0");
    controls().set_devices(0, gibibyte);
    CHECK(contains(refusal("cuda:all"), "device: found 'cuda:all', but "));
    // A device that has gone since the list was made.
    controls().set_devices(1, gibibyte);
    CHECK_THROWS_WITH(Backend(*choice.table, choice.device, 1), ContainsSubstring("cuda:2: device 2 was asked for"));
    unsetenv("TUMBLE_BACKEND_DIR");
}

TEST_CASE("a run is planned for the device with the least room, with its share of the images", "[several]") {
    const Devices two(2);
    const auto several = backend::several_devices(one_device(), {0, 1});
    backend::RunSizes sizes{};
    sizes.images = 1001, sizes.points = 900, sizes.box = 48, sizes.padding_factor = 1.333, sizes.window_width = 5;
    sizes.poses = sizes.images, sizes.candidates = 2 * sizes.images, sizes.transforms = 1, sizes.insertion_beside = 1, sizes.solution_beside = 2;
    backend::RunPlan shared{}, alone{};
    REQUIRE(several.table->plan_run(several.number, &sizes, &shared) == backend::status_good);
    sizes.images = 501;  // the first device has one more
    REQUIRE(one_device().plan_run(0, &sizes, &alone) == backend::status_good);
    CHECK(shared.images_bytes == alone.images_bytes);
    CHECK(shared.peak_bytes <= alone.peak_bytes);
    CHECK(shared.shortage[0] == 0);
    controls().set_devices(2, 5000000);
    sizes.images = 1001;
    REQUIRE(several.table->plan_run(several.number, &sizes, &shared) == backend::status_good);
    CHECK(std::string(shared.shortage).rfind("cuda:0: device memory of ", 0) == 0);
    CHECK(several.table->plan_run(1000, &sizes, &shared) == backend::status_device);
}

TEST_CASE("one of several devices that fails ends the call with its name, and nothing is left behind", "[several]") {
    const Devices two(2);
    const OrientationScene scene(64, 3, 8, 3, 1e-3);
    std::vector<WeightedPose> poses;
    for (const PoseCandidate& c : candidates_of(scene)) poses.push_back({c.image, c.pose, 1.0f});
    const auto work = [&] {
        const Backend backend = backend_of({0, 1});
        const auto images = backend.resident(scene.images);
        const auto transform = backend.transform(scene.map.view(), default_window(), 1.5);
        PolishOptions polish;
        polish.band = {0, scene.images.points.size()};
        auto candidates = candidates_of(scene);
        backend.score_candidates(images, transform, polish, candidates);
        const auto search = backend.search(images, transform, scene.grid, scene.basis, scene.weights, scene.directions);
        const auto equations = backend.accumulate(images, poses, polish.band, default_window(), 1.5);
        SolveOptions solve;
        solve.steps = 1;
        return backend.solve(equations, solve);
    };
    int named[2] = {0, 0};
    for (const auto what : {emulation::Failing::allocation, emulation::Failing::launch, emulation::Failing::copy, emulation::Failing::kernel,
                            emulation::Failing::stream, emulation::Failing::plan})
        for (long n = 1;; n *= 2) {
            controls().fail(what, n);
            std::string sentence;
            try {
                work();
            } catch (const Error& e) {
                sentence = e.what();
            }
            controls().reset();
            controls().set_devices(2, 2 * gibibyte);
            CHECK(controls().live().allocations == 0);
            CHECK(controls().live().streams == 0);
            CHECK(controls().live().plans == 0);
            if (sentence.empty()) break;  // fewer such calls than that
            INFO(sentence);
            CHECK(contains(sentence, "'cpu'"));
            const bool first = contains(sentence, "cuda:0: "), second = contains(sentence, "cuda:1: ");
            CHECK(first != second);
            named[second]++;
        }
    CHECK(named[0] > 3);
    CHECK(named[1] > 3);
}
