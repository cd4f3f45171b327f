// A reconstruction driven step by step from C: the same as the whole, whatever is cancelled, saved and resumed in between.
#include <cstdio>
#include <set>
#include <string>

#include "abi/c_arrays.hpp"
#include "atoms/motif.hpp"
#include "catch.hpp"
#include "unit/reconstruct/simulated_stack.hpp"

using namespace tumble;
using namespace tumble::testing;

namespace {

constexpr int images = 60, box = 48;
constexpr double pixel_A = 0.4;

struct Case {
    SimulatedStack simulated;
    Volume reference;
    Handle<tumble_context> context;
    Handle<tumble_options> options;
    tumble_status status = 0;

    Case() {
        auto atoms = motif_sites(Motif::fcc, 2.77, 5.5, {});
        RandomStream random(2, 0, RandomPurpose::structure);
        for (auto& a : atoms) a = a + 0.1 * Vec3{random.normal(), random.normal(), random.normal()};
        simulated = simulated_stack(atoms, images, box, pixel_A, 0.3, 2);
        reference = atoms_as_gaussians(atoms, box, pixel_A);
        context = made<tumble_context>(status, tumble_context_create);
        options = made<tumble_options>(status, tumble_options_create);
        REQUIRE(tumble_options_set_float64(options.get(), "pixel-size", pixel_A) == TUMBLE_OK);
        REQUIRE(tumble_options_set_text(options.get(), "element", "Pt") == TUMBLE_OK);
        const auto map = array_of(reference.values.data(), TUMBLE_FLOAT32, {box, box, box});
        REQUIRE(tumble_options_set_reference(options.get(), &map, pixel_A) == TUMBLE_OK);
    }
    tumble_array stack() const { return array_of(simulated.stack.values.data(), TUMBLE_FLOAT32, {images, box, box}); }
    Handle<tumble_run> run() {
        const auto s = stack();
        auto r = made<tumble_run>(status, tumble_run_create, context.get(), &s, options.get());
        INFO(tumble_last_error());
        REQUIRE(status == TUMBLE_OK);
        return r;
    }
};

std::vector<double> column(const tumble_result* result, const char* name) {
    tumble_array a{};
    a.struct_size = sizeof a;
    REQUIRE(tumble_result_array(result, name, &a) == TUMBLE_OK);
    std::int64_t count = 1;
    for (int axis = 0; axis < a.dimensions; axis++) count *= a.shape[axis];
    const auto* p = static_cast<const double*>(a.data);
    return {p, p + count};
}

/// Everything that tells two results apart.
std::vector<double> figures(const tumble_result* result) {
    std::vector<double> all = column(result, "atom_positions");
    for (const char* name : {"atom_sigmas", "rotations", "shifts", "scores"}) {
        const auto more = column(result, name);
        all.insert(all.end(), more.begin(), more.end());
    }
    return all;
}

Handle<tumble_result> finished(Case& c, tumble_run* run) {
    std::int32_t left = 1;
    while (left) REQUIRE(tumble_run_step(c.context.get(), run, &left) == TUMBLE_OK);
    auto result = made<tumble_result>(c.status, tumble_run_take_result, run);
    REQUIRE(c.status == TUMBLE_OK);
    return result;
}

}  // namespace

TEST_CASE("all steps give what the whole gives, and show what they have so far") {
    Case c;
    const auto stack = c.stack();
    const auto whole = made<tumble_result>(c.status, tumble_reconstruct, c.context.get(), &stack, c.options.get());
    INFO(tumble_last_error());
    REQUIRE(c.status == TUMBLE_OK);
    const auto expected = figures(whole.get());

    const auto run = c.run();
    CHECK_FALSE(made<tumble_result>(c.status, tumble_run_take_result, run.get()));
    CHECK(c.status == TUMBLE_E_INPUT);
    std::set<std::string> stages;
    std::int32_t left = 1;
    double rounds = 0, moved = 0, side = 0;
    while (left) {
        REQUIRE(tumble_run_step(c.context.get(), run.get(), &left) == TUMBLE_OK);
        stages.insert(tumble_run_stage(run.get()));
        tumble_array weight{}, map{};
        weight.struct_size = map.struct_size = sizeof weight;
        REQUIRE(tumble_run_array(run.get(), "weight", &weight) == TUMBLE_OK);
        CHECK(weight.shape[0] >= images);
        double sum = 0;
        for (std::int64_t i = 0; i < weight.shape[0]; i++) sum += static_cast<const double*>(weight.data)[i];
        CHECK(std::abs(sum - images) < 1e-4 * images);
        REQUIRE(tumble_run_number(run.get(), "rounds", &rounds) == TUMBLE_OK);
        REQUIRE(tumble_run_number(run.get(), "moved", &moved) == TUMBLE_OK);
        REQUIRE(tumble_run_number(run.get(), "box", &side) == TUMBLE_OK);
        REQUIRE(tumble_run_array(run.get(), "map", &map) == TUMBLE_OK);
        CHECK(map.shape[0] == static_cast<std::int64_t>(side));
        CHECK((side > 0) == (rounds > 0));
    }
    CHECK(stages == std::set<std::string>{"start", "rounds", "halves", "done"});
    CHECK(moved < 0.2);
    const auto result = made<tumble_result>(c.status, tumble_run_take_result, run.get());
    REQUIRE(c.status == TUMBLE_OK);
    CHECK(figures(result.get()) == expected);
    CHECK_FALSE(made<tumble_result>(c.status, tumble_run_take_result, run.get()));
    CHECK(tumble_run_array(run.get(), "colour", nullptr) == TUMBLE_E_KEY);
}

TEST_CASE("a step that is cancelled leaves the run as it was, a saved run goes on in another") {
    Case c;
    const auto expected = figures(finished(c, c.run().get()).get());
    const std::string file = "run_steps_test_checkpoint.h5";

    const auto run = c.run();
    std::int32_t left = 1;
    while (left) {
        tumble_context_cancel(c.context.get());
        REQUIRE(tumble_run_step(c.context.get(), run.get(), &left) == TUMBLE_E_CANCELLED);
        if (tumble_capability("hdf5")) REQUIRE(tumble_run_save(run.get(), file.c_str()) == TUMBLE_OK);
        REQUIRE(tumble_run_step(c.context.get(), run.get(), &left) == TUMBLE_OK);
    }
    const auto result = made<tumble_result>(c.status, tumble_run_take_result, run.get());
    CHECK(figures(result.get()) == expected);

    if (!tumble_capability("hdf5")) return;
    // The file holds all but the last step.
    REQUIRE(tumble_options_set_text(c.options.get(), "checkpoint", file.c_str()) == TUMBLE_OK);
    REQUIRE(tumble_options_set_int64(c.options.get(), "resume", 1) == TUMBLE_OK);
    const auto resumed = c.run();
    REQUIRE(tumble_run_step(c.context.get(), resumed.get(), &left) == TUMBLE_OK);
    CHECK(left == 0);
    const auto again = made<tumble_result>(c.status, tumble_run_take_result, resumed.get());
    REQUIRE(c.status == TUMBLE_OK);
    CHECK(figures(again.get()) == expected);
    CHECK(tumble_run_save(run.get(), "/no/such/folder/run.h5") == TUMBLE_E_SYSTEM);
    std::remove(file.c_str());
}
