#include <algorithm>
#include <string>

#include "build_configuration.hpp"
#include "live_handles.hpp"
#include "tumble.h"
#include "tumble/build_information.hpp"

extern "C" {

int32_t tumble_abi_number(void) { return TUMBLE_ABI; }

const char* tumble_version(void) { return tumble::build::version; }

int32_t tumble_capability(const char* name) {
    if (!name) return 0;
    try {
        const auto build = tumble::build_information();
        if (std::string(name) == "hdf5") return build.hdf5;
        if (std::string(name) == "handle_checks") return tumble::c_interface::checks_handles;
        return std::any_of(build.backends.begin(), build.backends.end(), [&](const auto& b) { return b.name == name && b.available; });
    } catch (...) {
        return 0;
    }
}

}  // extern "C"
