// Stacks of so few images that the models of the folds may have no atoms at all.
#include "catch.hpp"
#include "simulated_stack.hpp"
#include "tiny_run.hpp"
#include "tumble/reconstruct.hpp"

using namespace tumble;
using namespace tumble::testing;

TEST_CASE("runs of a few images from a reference end, with a pose of each") {
    const int count = GENERATE(2, 8);
    const auto atoms = asymmetric_particle(12, 3.2, 2.0, 4);
    const auto simulated = simulated_stack(atoms, count, 24, 0.5, 0.3, 9);
    ReconstructOptions options = tiny_options();
    options.device = "cpu";
    options.reference = atoms_as_gaussians(atoms, 24, 0.5);
    NoProgress quiet;
    CHECK(reconstruct(simulated.stack.view(), options, quiet).images.size() == static_cast<std::size_t>(count));
}
