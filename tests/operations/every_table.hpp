#pragma once
// The tables that an operation test runs for: the CPU's, the emulated device's (tests/emulation) and, on a machine with a
// card, that of the module on it. Of a module with two devices also that of both together, but for the address sanitizer.
#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "backend/backend.hpp"
#include "backend/cpu_operations.hpp"
#include "backend/loader.hpp"
#include "backend/several_devices.hpp"

namespace tumble::testing {

struct NamedTable {
    std::string name;
    const backend::Operations* table = nullptr;
};

/// TUMBLE_TEST_MODULES, of the environment or else of the build: absolute folders with a module each, separated by colons. A
/// folder without a module is an error, a module that finds no device is left out.
inline std::vector<NamedTable> every_table() {
    std::vector<NamedTable> tables{{"cpu", &backend::cpu_operations()}};
    const char* named = std::getenv("TUMBLE_TEST_MODULES");
    const std::string folders = named ? named : TUMBLE_TEST_MODULES;
    for (std::size_t begin = 0; begin < folders.size();) {
        const std::size_t end = std::min(folders.find(':', begin), folders.size());
        const std::string folder = folders.substr(begin, end - begin);
        const backend::LoadedModule module = backend::load_module("tumble_cuda.so", {folder});
        if (!module.table) throw std::runtime_error(folder + ": " + module.reason);
        std::int32_t devices = 0;
        if (module.table->device_count(&devices) == 0 && devices > 0) tables.push_back({folder, module.table});
#if !defined(__SANITIZE_ADDRESS__)  // there several_devices_test alone has them, for time's sake
        // Tests take device 0 of a table: the list that was made first.
        if (devices > 1) {
            const auto several = backend::several_devices(*module.table, {0, 1});
            if (several.number == 0) tables.push_back({folder + " on two devices", several.table});
        }
#endif
        begin = end + 1;
    }
    return tables;
}

}  // namespace tumble::testing
