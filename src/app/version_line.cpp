#include "app/version_line.hpp"

#include <fmt/format.h>

#include "tumble/build_information.hpp"

namespace tumble::app {

std::string version_line() {
    const BuildInformation info = build_information();
    bool cuda = false;
    for (const BackendInformation& backend : info.backends)
        cuda = cuda || (backend.name == "cuda" && backend.available);
    return fmt::format("tumble {} ({}, {}, CUDA {}, HDF5 {})", info.version, info.revision,
                       info.instruction_set, cuda ? "yes" : "no", info.hdf5 ? "yes" : "no");
}

std::string program_name() {
    return "tumble " + build_information().version;
}

}  // namespace tumble::app
