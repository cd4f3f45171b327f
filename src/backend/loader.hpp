#pragma once
// Which backend a run uses. The CUDA side is a module found at run time, so that one build serves machines with and without
// a driver.
#include <string>
#include <string_view>
#include <vector>

#include "backend/operations.hpp"
#include "tumble/build_information.hpp"

namespace tumble::backend {

struct Choice {
    const Operations* table = nullptr;  ///< lives as long as the process
    int device = 0;      ///< its number for the table
    std::string reason;  ///< one line: what was chosen and why
};

/// What a device may be called, for messages.
inline constexpr const char* device_words = "auto, cpu, cuda, cuda:N, several as in cuda:0,1, or cuda:all";

/// `device`: one of these. auto takes the first CUDA device if there is a module that fits this build, has all operations and
/// finds a device, else the CPU, saying why. Several devices compute together (several_devices.hpp); `all` of a machine with
/// one is that one. Throws Error(input) for any other word, a device that is named twice or is not there, and where cuda is
/// asked for and cannot be had. Any thread. The module is looked for in the folder that the environment variable TUMBLE_BACKEND_DIR
/// names, beside this library or program, and in the folder that the build was configured with.
Choice choose_backend(std::string_view device);

/// A table, or the reason why there is none.
struct LoadedModule {
    const Operations* table = nullptr;
    std::string reason;
};
/// Looks for `file` in `folders`, in order; the first that exists decides. Only absolute folders are looked at, so a module
/// in the folder that the program happens to run in is never taken. The module stays loaded.
LoadedModule load_module(const std::string& file, const std::vector<std::string>& folders);

/// Empty if the table fits this build: its ABI number, its size, all entries filled. Else what is wrong, in a sentence.
std::string unfit(const Operations& table);

/// Every backend of this build and whether it can be used here.
std::vector<BackendInformation> backend_list();

}  // namespace tumble::backend
