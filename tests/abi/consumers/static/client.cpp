// The C++ interface from outside: the facts of the build, and the plan of a run.
#include <tumble/build_information.hpp>
#include <tumble/reconstruct.hpp>

#include <iostream>

int main() {
    const auto build = tumble::build_information();
    tumble::ReconstructOptions options;
    options.pixel_size_A = 0.358;
    options.elements = {"Pt"};
    const auto plan = tumble::plan_reconstruction(600, 96, 96, options);
    std::cout << "tumble " << build.version << ", box " << plan.box << ", " << plan.memory_bytes
              << " bytes\n";
    try {
        options.pixel_size_A = -1;
        tumble::plan_reconstruction(600, 96, 96, options);
    } catch (const tumble::Error& error) {  // thrown in the library, caught here
        std::cout << "refused: " << error.what() << '\n';
        return plan.box > 0 && plan.memory_bytes > 0 ? 0 : 1;
    }
    return 1;
}
