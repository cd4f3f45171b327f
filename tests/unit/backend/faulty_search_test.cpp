// Runs from a reference on a backend that fails at its n-th call: every n, and for each search rule those of its search.
#include "faulty_backend.hpp"

using namespace tumble;
using namespace tumble::testing;

namespace {

constexpr std::int64_t calls_of_search = 16;  // the rest of a run does not depend on the rule

}  // namespace

TEST_CASE("a backend that fails at its n-th call fails a run from a reference cleanly, for every n", "[backend]") {
    const auto rule = GENERATE(SearchRule::automatic, SearchRule::shc, SearchRule::exhaustive, SearchRule::soft);
    const auto atoms = asymmetric_particle(12, 3.2, 2.0, 4);
    const auto simulated = simulated_stack(atoms, 20, 24, 0.5, 0.3, 9);
    ReconstructOptions options = tiny_options();
    options.reference = atoms_as_gaussians(atoms, 24, 0.5);
    options.search = rule;
    fail_at_every_call(simulated, options, rule == SearchRule::automatic ? every_call : calls_of_search);
}
