// Runs from a reference on a backend that fails: for each search rule at the first calls of every entry and at the last.
#include "faulty_backend.hpp"

using namespace tumble;
using namespace tumble::testing;

TEST_CASE("a backend that fails at the first three calls of an entry, or its last, fails a run from a reference cleanly", "[backend]") {
    const auto rule = GENERATE(SearchRule::automatic, SearchRule::shc, SearchRule::exhaustive, SearchRule::soft);
    const auto atoms = asymmetric_particle(12, 3.2, 2.0, 4);
    const auto simulated = simulated_stack(atoms, 8, 24, 0.5, 0.3, 9);
    ReconstructOptions options = tiny_options();
    options.reference = atoms_as_gaussians(atoms, 24, 0.5);
    options.search = rule;
    fail_at_calls(simulated, options, rule == SearchRule::automatic ? 3 : 1);
}
