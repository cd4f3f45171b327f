#include "core/build_facts.hpp"

#include <string_view>

#include "build_configuration.hpp"
#include "core/cpu_features.hpp"
#include "core/threads.hpp"

namespace tumble {

BuildInformation build_facts() {
    BuildInformation info;
    info.version = build::version;
    info.revision = build::revision;
    info.compiler = build::compiler;
    info.build_type = build::build_type;
    info.instruction_set = name_of(detected_instruction_set());
    info.cores = available_cores();
    info.fft_library = build::fft_library;
    info.hdf5 = std::string_view(build::hdf5) == "ON";
    return info;
}

}  // namespace tumble
