// The C interface from outside: the same result as the C++ one, errors as promised, arrays in any layout, cancelling.
#include <array>
#include <cstring>
#include <limits>
#include <memory>
#include <set>
#include <thread>

#include "abi/c_arrays.hpp"
#include "atoms/motif.hpp"
#include "catch.hpp"
#include "core/random.hpp"
#include "tumble/option_table.hpp"
#include "tumble/reconstruct.hpp"
#include "unit/reconstruct/simulated_stack.hpp"

using namespace tumble;
using testing::array_of;

namespace {

constexpr int images = 60, box = 48;
constexpr double pixel_A = 0.4;

testing::SimulatedStack ball(double radius_A = 5.5, int count = images, int side = box) {
    auto atoms = motif_sites(Motif::fcc, 2.77, radius_A, {});
    RandomStream random(2, 0, RandomPurpose::structure);
    for (auto& a : atoms) a = a + 0.1 * Vec3{random.normal(), random.normal(), random.normal()};
    return testing::simulated_stack(atoms, count, side, pixel_A, 0.3, 2);
}

/// Handles of one run from given poses.
struct Run {
    tumble_context* context = nullptr;
    tumble_options* options = nullptr;
    tumble_result* result = nullptr;
    explicit Run(const std::vector<Pose>& poses) {
        REQUIRE(tumble_context_create(&context) == TUMBLE_OK);
        REQUIRE(tumble_options_create(&options) == TUMBLE_OK);
        REQUIRE(tumble_options_set_float64(options, "pixel-size", pixel_A) == TUMBLE_OK);
        REQUIRE(tumble_options_set_text(options, "element", "Pt") == TUMBLE_OK);
        REQUIRE(tumble_options_set_int64(options, "threads", 1) == TUMBLE_OK);
        const testing::PoseColumns p(poses);
        const auto rotations = p.rotation_array(), shifts = p.shift_array();
        REQUIRE(tumble_options_set_poses(options, &rotations, &shifts) == TUMBLE_OK);
    }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;
    ~Run() {
        // In the wrong order on purpose: none needs another.
        tumble_options_destroy(options);
        tumble_context_destroy(context);
        tumble_result_destroy(result);
    }
    std::vector<double> atoms() const {
        tumble_array a{};
        a.struct_size = sizeof a;
        REQUIRE(tumble_result_array(result, "atom_positions", &a) == TUMBLE_OK);
        const auto* p = static_cast<const double*>(a.data);
        return {p, p + 3 * a.shape[0]};
    }
};

}  // namespace

TEST_CASE("the C interface gives the atoms of the C++ one, bit for bit, from any layout of the images") {
    const auto simulated = ball();
    ReconstructOptions options;
    options.pixel_size_A = pixel_A;
    options.elements = {"Pt"};
    options.threads = 1;
    options.poses = simulated.poses;
    NoProgress quiet;
    const ReconstructResult direct = reconstruct(simulated.stack.view(), options, quiet);
    std::vector<double> expected;
    for (const auto& a : direct.atoms) expected.insert(expected.end(), {a.position_A.x, a.position_A.y, a.position_A.z});
    REQUIRE(expected.size() == 3 * 43);

    Run plain(simulated.poses);
    const auto stack = array_of(simulated.stack.values.data(), TUMBLE_FLOAT32, {images, box, box});
    REQUIRE(tumble_reconstruct(plain.context, &stack, plain.options, &plain.result) == TUMBLE_OK);
    CHECK(plain.atoms() == expected);

    tumble_array map{};
    map.struct_size = sizeof map;
    REQUIRE(tumble_result_array(plain.result, "map", &map) == TUMBLE_OK);
    CHECK(map.shape[0] == box);
    CHECK(std::equal(direct.map.values.begin(), direct.map.values.end(), static_cast<const float*>(map.data)));
    tumble_array again{};
    again.struct_size = sizeof again;
    REQUIRE(tumble_result_array(plain.result, "map", &again) == TUMBLE_OK);
    CHECK(again.data == map.data);  // lent, not copied

    // Doubles, images the fastest axis, rows in reverse with a gap after each: what a slice of a larger array looks like.
    std::vector<double> strange(static_cast<std::size_t>(box * 2 * box * images), -1);
    auto view = array_of(strange.data(), TUMBLE_FLOAT64, {images, box, box});
    view.stride[0] = 1, view.stride[1] = -2 * box * images, view.stride[2] = images;
    view.data = strange.data() + (box - 1) * 2 * box * images;
    for (std::int64_t i = 0; i < images; i++)
        for (std::int64_t y = 0; y < box; y++)
            for (std::int64_t x = 0; x < box; x++)
                static_cast<double*>(view.data)[i * view.stride[0] + y * view.stride[1] + x * view.stride[2]] =
                    simulated.stack.values[static_cast<std::size_t>((i * box + y) * box + x)];
    Run strided(simulated.poses);
    REQUIRE(tumble_reconstruct(strided.context, &view, strided.options, &strided.result) == TUMBLE_OK);
    CHECK(strided.atoms() == expected);

    double atoms = 0;
    CHECK(tumble_result_number(plain.result, "atoms", &atoms) == TUMBLE_OK);
    CHECK(atoms == 43);
    char verdict[8];
    std::int64_t needed = 0;
    CHECK(tumble_result_text(plain.result, "verdict", verdict, sizeof verdict, &needed) == TUMBLE_OK);
    CHECK(static_cast<std::size_t>(needed) == std::strlen(verdict) + 1);
    CHECK(tumble_result_text(plain.result, "element", nullptr, 0, &needed) == TUMBLE_OK);
    CHECK(needed == 3);
    CHECK(tumble_result_text(plain.result, "element", verdict, 2, nullptr) == TUMBLE_E_ARGUMENT);
    CHECK(std::string(verdict) == "P");
}

TEST_CASE("eight contexts in eight threads give what one gives") {
    constexpr int few = 14, small = 36;  // the thread sanitizer is slow
    const auto simulated = ball(3.5, few, small);
    const auto stack = array_of(simulated.stack.values.data(), TUMBLE_FLOAT32, {few, small, small});
    Run alone(simulated.poses);
    REQUIRE(tumble_reconstruct(alone.context, &stack, alone.options, &alone.result) == TUMBLE_OK);
    const auto expected = alone.atoms();
    REQUIRE(expected.size() == 3 * 13);
    std::vector<std::unique_ptr<Run>> runs;
    for (int i = 0; i < 8; i++) runs.push_back(std::make_unique<Run>(simulated.poses));
    std::array<tumble_status, 8> status{};
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < runs.size(); i++)
            threads.emplace_back([&, i] { status[i] = tumble_reconstruct(runs[i]->context, &stack, runs[i]->options, &runs[i]->result); });
    }
    for (std::size_t i = 0; i < runs.size(); i++) {
        REQUIRE(status[i] == TUMBLE_OK);
        CHECK(runs[i]->atoms() == expected);
    }
}

TEST_CASE("a callback that returns a value cancels at every report, the value is kept, and the next run is whole") {
    const auto simulated = ball();
    const auto stack = array_of(simulated.stack.values.data(), TUMBLE_FLOAT32, {images, box, box});
    struct Counter {
        int calls = 0, stop_at = 0;
        std::set<std::string> stages;
    };
    const auto report = [](const tumble_progress* progress, void* user) -> std::int32_t {
        auto& counter = *static_cast<Counter*>(user);
        counter.stages.insert(progress->stage);
        if (!(progress->fraction >= 0 && progress->fraction <= 1)) return 99;
        return ++counter.calls == counter.stop_at ? 42 : 0;
    };
    Run run(simulated.poses);
    Counter whole;
    REQUIRE(tumble_context_set_progress(run.context, report, &whole) == TUMBLE_OK);
    REQUIRE(tumble_reconstruct(run.context, &stack, run.options, &run.result) == TUMBLE_OK);
    const auto expected = run.atoms();
    CHECK(whole.stages.size() >= 3);

    int cancelled = 0;
    for (int stop = 1; stop <= whole.calls; stop++) {
        Counter counter;
        counter.stop_at = stop;
        Run stopped(simulated.poses);
        REQUIRE(tumble_context_set_progress(stopped.context, report, &counter) == TUMBLE_OK);
        const auto status = tumble_reconstruct(stopped.context, &stack, stopped.options, &stopped.result);
        if (counter.calls < stop || status == TUMBLE_OK) continue;  // a slower or faster run reports more or less often; the last report is too late
        REQUIRE(status == TUMBLE_E_CANCELLED);
        REQUIRE(stopped.result == nullptr);
        std::int32_t value = 0;
        CHECK(tumble_context_callback_value(stopped.context, &value) == TUMBLE_OK);
        CHECK(value == 42);
        cancelled++;
    }
    CHECK(cancelled >= 2);

    Run from_outside(simulated.poses);
    tumble_context_cancel(from_outside.context);
    CHECK(tumble_reconstruct(from_outside.context, &stack, from_outside.options, &from_outside.result) == TUMBLE_E_CANCELLED);
    CHECK(std::string(tumble_context_error(from_outside.context)).find("interrupted") != std::string::npos);
    REQUIRE(tumble_reconstruct(from_outside.context, &stack, from_outside.options, &from_outside.result) == TUMBLE_OK);
    CHECK(from_outside.atoms() == expected);
}

TEST_CASE("the table of options can be walked, and sets what it says") {
    REQUIRE(tumble_option_count() > 10);
    tumble_options* options = nullptr;
    REQUIRE(tumble_options_create(&options) == TUMBLE_OK);
    for (std::int32_t i = 0; i < tumble_option_count(); i++) {
        tumble_option o{};
        o.struct_size = sizeof o;
        REQUIRE(tumble_option_describe(i, &o) == TUMBLE_OK);
        INFO(o.name);
        CHECK(std::strlen(o.text) > 10);
        const std::string standard = o.default_value;
        if (o.type == TUMBLE_OPTION_TEXT && !standard.empty()) CHECK(tumble_options_set_text(options, o.name, o.default_value) == TUMBLE_OK);
        if (o.type == TUMBLE_OPTION_TEXT && std::strlen(o.choices) > 0) {
            CHECK(tumble_options_set_text(options, o.name, "nonsense") == TUMBLE_E_ARGUMENT);
            CHECK(std::string(tumble_last_error()).find("nonsense") != std::string::npos);
        }
        if (o.type == TUMBLE_OPTION_INT64) {
            CHECK(tumble_options_set_int64(options, o.name, std::stoll(standard)) == TUMBLE_OK);
            CHECK(tumble_options_set_int64(options, o.name, -1) == TUMBLE_E_ARGUMENT);
            CHECK(tumble_options_set_text(options, o.name, "1") == TUMBLE_E_ARGUMENT);
        }
        if (o.type == TUMBLE_OPTION_FLOAT64) CHECK(tumble_options_set_float64(options, o.name, -0.5) == TUMBLE_E_ARGUMENT);
    }
    CHECK(tumble_options_set_int64(options, "no-such-option", 1) == TUMBLE_E_KEY);
    tumble_option o{};
    CHECK(tumble_option_describe(0, &o) == TUMBLE_E_STRUCT_SIZE);
    o.struct_size = sizeof o;
    CHECK(tumble_option_describe(tumble_option_count(), &o) == TUMBLE_E_ARGUMENT);
    tumble_options_destroy(options);
}

TEST_CASE("what cannot be is refused with its name, and nothing is made") {
    const auto simulated = ball();
    Run run(simulated.poses);
    const auto stack = array_of(simulated.stack.values.data(), TUMBLE_FLOAT32, {images, box, box});
    const auto refused = [&](const tumble_array* array, tumble_status expected, const char* word) {
        tumble_result* result = reinterpret_cast<tumble_result*>(&run);
        const auto status = tumble_reconstruct(run.context, array, run.options, &result);
        INFO(tumble_last_error());
        CHECK(status == expected);
        CHECK(result == nullptr);
        CHECK(std::string(tumble_last_error()).find(word) != std::string::npos);
        CHECK(std::string(tumble_context_error(run.context)) == tumble_last_error());
    };
    refused(nullptr, TUMBLE_E_NULL, "images");
    auto bad = stack;
    bad.struct_size = 8, refused(&bad, TUMBLE_E_STRUCT_SIZE, "struct_size");
    bad = stack, bad.dtype = 77, refused(&bad, TUMBLE_E_ARRAY, "77");
    bad = stack, bad.memory = TUMBLE_MEMORY_CUDA, refused(&bad, TUMBLE_E_DEVICE, "memory");
    bad = stack, bad.dimensions = 2, refused(&bad, TUMBLE_E_ARRAY, "dimensions");
    bad = stack, bad.shape[1] = -3, refused(&bad, TUMBLE_E_ARRAY, "negative");
    bad = stack, bad.shape[0] = bad.shape[1] = bad.shape[2] = std::int64_t{1} << 40, refused(&bad, TUMBLE_E_ARRAY, "absurd");
    bad = stack, bad.data = nullptr, refused(&bad, TUMBLE_E_NULL, "data");
    bad = stack, bad.shape[1] = 40, bad.stride[0] = box * box, refused(&bad, TUMBLE_E_INPUT, "square");
    bad = stack, bad.shape[0] = 50, refused(&bad, TUMBLE_E_INPUT, "60 poses");

    auto broken = simulated.stack.values;
    broken[7 * box * box + 100] = std::numeric_limits<float>::quiet_NaN();
    bad = array_of(broken.data(), TUMBLE_FLOAT32, {images, box, box}), refused(&bad, TUMBLE_E_INPUT, "image 8");

    CHECK(tumble_reconstruct(nullptr, &stack, run.options, &run.result) == TUMBLE_E_NULL);
    CHECK(tumble_reconstruct(run.context, &stack, nullptr, &run.result) == TUMBLE_E_NULL);
    CHECK(tumble_reconstruct(run.context, &stack, run.options, nullptr) == TUMBLE_E_NULL);
    CHECK(tumble_context_create(nullptr) == TUMBLE_E_NULL);
    CHECK(tumble_options_create(nullptr) == TUMBLE_E_NULL);
    tumble_stack* none = reinterpret_cast<tumble_stack*>(&run);
    CHECK(tumble_stack_read("absent.mrcs", &none) == TUMBLE_E_INPUT);
    CHECK(none == nullptr);
    CHECK(tumble_stack_read(nullptr, &none) == TUMBLE_E_NULL);
    CHECK(tumble_result_array(nullptr, "map", nullptr) == TUMBLE_E_NULL);
    CHECK(tumble_options_set_text(run.options, "element", nullptr) == TUMBLE_E_NULL);
    std::vector<double> mirror{1, 0, 0, 0, 1, 0, 0, 0, -1}, shift{0, 0};
    const auto rotations = array_of(mirror.data(), TUMBLE_FLOAT64, {1, 3, 3}), shifts = array_of(shift.data(), TUMBLE_FLOAT64, {1, 2});
    CHECK(tumble_options_set_poses(run.options, &rotations, &shifts) == TUMBLE_E_ARRAY);
    tumble_context_destroy(nullptr), tumble_options_destroy(nullptr), tumble_result_destroy(nullptr), tumble_stack_destroy(nullptr);
    tumble_context_cancel(nullptr);

    tumble_plan plan{};
    plan.struct_size = sizeof plan;
    auto shape = stack;
    shape.data = nullptr;
    CHECK(tumble_plan_query(&shape, run.options, &plan) == TUMBLE_OK);
    CHECK(plan.host_bytes > 0);
    CHECK(tumble_status_group(TUMBLE_E_CANCELLED) == 6);
    CHECK(std::string(tumble_status_text(642)) == "cancelled");
    CHECK(tumble_abi_number() == TUMBLE_ABI);
    CHECK(tumble_capability(nullptr) == 0);
    CHECK(tumble_capability("no such thing") == 0);
}
