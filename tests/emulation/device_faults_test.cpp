// Every allocation, start of a kernel, copy, plan and transform of a chain of all operations fails once: a status with the call
// and its sizes each time, nothing left in the device's memory, and the next context works.
#include <string>
#include <vector>

#include "backend/backend.hpp"
#include "backend/loader.hpp"
#include "catch.hpp"
#include "controls.hpp"
#include "operations/orientation_scene.hpp"
#include "tumble/error.hpp"

using namespace tumble;
using namespace tumble::testing;

namespace {

/// All operations once, on a context of its own.
void all_operations(const OrientationScene& s, const backend::Operations& table) {
    const OrientationScores on(s, table);
    const auto count = static_cast<std::int64_t>(s.simulated.poses.size());
    std::vector<std::int64_t> images, first_row;
    std::vector<PoseCandidate> candidates;
    std::vector<WeightedPose> poses;
    for (std::int64_t i = 0; i < count; i++) {
        images.push_back(i);
        first_row.push_back(i);
        candidates.push_back({i, s.simulated.poses[static_cast<std::size_t>(i)], 0});
        poses.push_back({i, s.simulated.poses[static_cast<std::size_t>(i)], 1});
    }
    first_row.push_back(count);
    const ResidentRows rows = on.backend.rows(on.search, images, std::vector<Vec2>(images.size()));
    on.maxima(rows, images.size(), s.views());
    on.backend.score_curves(on.search, rows, std::vector<SearchPair>{{0, 1, false, 0}});
    const RowOwners owners{first_row, 0, {}};
    ExhaustiveOptions best;
    best.count = 3;
    on.backend.best_pairs(on.search, rows, owners, best, {});
    on.backend.soft_pairs(on.search, rows, owners, SoftOptions{});
    on.backend.hill_climb(on.search, rows, owners, std::vector<float>(images.size(), 1e30f), {}, HillClimbOptions{});
    PolishOptions polish;
    polish.band = {0, s.images.points.size()};
    polish.steps = 1;
    on.backend.score_candidates(on.images, on.transform, polish, candidates);
    on.backend.polish_poses(on.images, on.transform, polish, candidates);
    on.backend.polish_shifts(on.images, on.transform, polish, candidates);
    auto equations = on.backend.accumulate(on.images, poses, polish.band, default_window(), 1.333);
    const auto copy = on.backend.copy(equations);
    on.backend.add(equations, copy);
    on.backend.subtract(equations, copy);
    SolveOptions solve;
    solve.steps = 1;
    solve.mask.assign(s.map.values.size(), 1.0f);
    on.backend.solve(equations, solve);
}

struct Kind {
    emulation::Failing what;
    const char* name;
    const char* told;  ///< what the sentence has to say
};

}  // namespace

TEST_CASE("what fails on the device, wherever it fails, is told by a status and a sentence, and leaves nothing behind") {
    const std::string folder = TUMBLE_EMULATED_MODULE_DIR;
    const backend::LoadedModule module = backend::load_module("tumble_cuda.so", {folder});
    REQUIRE(module.table);
    const emulation::Controls& device = emulation::controls_of(folder + "/tumble_cuda.so");
    const OrientationScene s(64, 4, 12, 3, 1e-2);
    device.reset();
    all_operations(s, *module.table);
    REQUIRE(device.live().allocations == 0);
    const auto kind = GENERATE(Kind{emulation::Failing::allocation, "allocation", "device memory of"},
                               Kind{emulation::Failing::launch, "launch", "start of kernel"},
                               Kind{emulation::Failing::copy, "copy", "bytes"}, Kind{emulation::Failing::plan, "plan", "cufftMakePlanMany64 of"},
                               Kind{emulation::Failing::transform, "transform", "cufftExec"},
                               Kind{emulation::Failing::kernel, "kernel", " error "});
    long failures = 0;
    for (long n = 1;; n++) {
        device.reset();
        device.fail(kind.what, n);
        std::string sentence;
        try {
            all_operations(s, *module.table);
        } catch (const Error& e) {
            CHECK(e.kind() == ErrorKind::system);
            sentence = e.what();
        }
        device.fail(kind.what, 0);
        INFO(kind.name << " " << n << ": " << sentence);
        const emulation::Live live = device.live();
        CHECK(live.allocations == 0);
        CHECK(live.streams == 0);
        CHECK(live.plans == 0);
        if (sentence.empty()) break;
        failures++;
        CHECK(sentence.find(kind.told) != std::string::npos);
        CHECK(sentence.find("status 400") != std::string::npos);
        REQUIRE(n < 2000);
    }
    CHECK(failures > 3);
    device.reset();
    all_operations(s, *module.table);
}

TEST_CASE("a machine without a driver is told from one without a device") {
    const std::string folder = TUMBLE_EMULATED_MODULE_DIR;
    const backend::LoadedModule module = backend::load_module("tumble_cuda.so", {folder});
    REQUIRE(module.table);
    const emulation::Controls& device = emulation::controls_of(folder + "/tumble_cuda.so");
    std::int32_t count = -1;
    device.fail(emulation::Failing::driver, 1);
    CHECK(module.table->device_count(&count) == backend::status_device);
    CHECK(count == 0);
    device.reset();
    device.set_devices(0, 0);
    CHECK(module.table->device_count(&count) != backend::status_good);
    CHECK(count == 0);
    device.reset();
    CHECK(module.table->device_count(&count) == backend::status_good);
    CHECK(count > 0);
}
