// A reconstruction driven step by step from C: the same as the whole, whatever is cancelled, saved and resumed in between.
#include <cstdio>
#include <cstdlib>
#include <map>
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

/// Memory as a caller may have it: counted, and used up after `left` blocks.
struct Memory {
    std::map<const void*, std::uint64_t> blocks;
    std::int64_t left = 1000, taken = 0;
    static void* take(std::uint64_t bytes, void* user) {
        auto& memory = *static_cast<Memory*>(user);
        if (memory.left-- <= 0) return nullptr;
        memory.taken++;
        void* block = std::malloc(bytes);
        memory.blocks[block] = bytes;
        return block;
    }
    static void give_back(void* block, void* user) {
        CHECK(static_cast<Memory*>(user)->blocks.erase(block) == 1);
        std::free(block);
    }
};

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

TEST_CASE("arrays of results and atoms lie in a caller's memory, and where that is used up nothing is lost") {
    Case c;
    const auto expected = figures(finished(c, c.run().get()).get());

    Memory memory;
    CHECK(tumble_context_set_allocator(c.context.get(), Memory::take, nullptr, &memory) == TUMBLE_E_NULL);
    CHECK(tumble_context_set_allocator(c.context.get(), nullptr, Memory::give_back, &memory) == TUMBLE_E_NULL);
    REQUIRE(tumble_context_set_allocator(c.context.get(), Memory::take, Memory::give_back, &memory) == TUMBLE_OK);
    const auto run = c.run();
    std::int32_t left = 1;
    while (left) REQUIRE(tumble_run_step(c.context.get(), run.get(), &left) == TUMBLE_OK);
    CHECK(memory.taken == 0);
    c.context.reset();
    for (std::int64_t blocks = 0; blocks < 3; blocks++) {
        memory.left = blocks;
        CHECK_FALSE(made<tumble_result>(c.status, tumble_run_take_result, run.get()));
        CHECK(c.status == TUMBLE_E_NO_MEMORY);
        CHECK(memory.blocks.empty());
    }
    memory.left = 1000, memory.taken = 0;
    auto result = made<tumble_result>(c.status, tumble_run_take_result, run.get());
    REQUIRE(c.status == TUMBLE_OK);
    CHECK(figures(result.get()) == expected);
    for (const char* name : {"map", "half1", "half2", "mask", "atom_positions", "halves", "fsc_corrected"}) {
        tumble_array a{};
        a.struct_size = sizeof a;
        REQUIRE(tumble_result_array(result.get(), name, &a) == TUMBLE_OK);
        CAPTURE(name);
        CHECK(memory.blocks.count(a.data) == 1);
    }
    CHECK(memory.blocks.size() == static_cast<std::size_t>(memory.taken));

    // Atoms of the map that it is, in the same memory; refined ones read what they start from.
    tumble_array map{};
    map.struct_size = sizeof map;
    REQUIRE(tumble_result_array(result.get(), "map", &map) == TUMBLE_OK);
    auto context = made<tumble_context>(c.status, tumble_context_create);
    REQUIRE(tumble_context_set_allocator(context.get(), Memory::take, Memory::give_back, &memory) == TUMBLE_OK);
    memory.taken = 0;
    auto atoms = made<tumble_atoms>(c.status, tumble_atoms_find, context.get(), &map, nullptr, nullptr, pixel_A, "Pt", 0.0, 0.0, 1);
    REQUIRE(c.status == TUMBLE_OK);
    CHECK(memory.taken == 5);
    const auto again = made<tumble_atoms>(c.status, tumble_atoms_find, static_cast<tumble_context*>(nullptr), &map, nullptr, nullptr, pixel_A, "Pt", 0.0, 0.0, 1);
    tumble_array here{}, there{};
    here.struct_size = there.struct_size = sizeof here;
    REQUIRE(tumble_atoms_array(atoms.get(), "atom_sigmas", &here) == TUMBLE_OK);
    REQUIRE(tumble_atoms_array(again.get(), "atom_sigmas", &there) == TUMBLE_OK);
    REQUIRE(here.shape[0] == there.shape[0]);
    CHECK(std::equal(static_cast<const double*>(here.data), static_cast<const double*>(here.data) + 3 * here.shape[0], static_cast<const double*>(there.data)));
    result.reset(), atoms.reset();
    CHECK(memory.blocks.empty());
}
