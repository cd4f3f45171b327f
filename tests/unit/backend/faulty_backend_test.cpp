// A run from poses on a backend that fails at its n-th call, for every n.
#include "faulty_backend.hpp"

using namespace tumble;
using namespace tumble::testing;

TEST_CASE("a backend that fails at its n-th call fails a run from poses cleanly, for every n", "[backend]") {
    const auto atoms = asymmetric_particle(12, 3.2, 2.0, 4);
    const auto simulated = simulated_stack(atoms, 20, 24, 0.5, 0.3, 9);
    ReconstructOptions options = tiny_options();
    options.poses = simulated.poses;
    options.polish = true;
    fail_at_calls(simulated, options, every_call);
}
