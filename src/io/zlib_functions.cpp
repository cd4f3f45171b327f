#include "io/zlib_functions.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include "tumble/error.hpp"

namespace tumble {
namespace {

static_assert(sizeof(z_off_t) == 8, "offsets beyond 2 GiB");

template <class Function>
void find(void* library, const char* name, const std::string& file, const std::string& reason,
          Function& function) {
    void* const found = dlsym(library, name);
    if (!found)
        throw bad_input(
            fmt::format("{}, and '{}', which is to read it, has no function {}", reason, file, name));
    function = reinterpret_cast<Function>(found);
}

}  // namespace

ZlibFunctions loaded_zlib(const std::string& file, const std::string& reason) {
    void* const library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char* const said = dlerror();
        throw bad_input(fmt::format(
            "{}, and zlib, which reads that, cannot be loaded ({}): install it, or decompress the file first",
            reason, said ? said : file.c_str()));
    }
    ZlibFunctions functions{};
    find(library, "gzopen", file, reason, functions.open);
    find(library, "gzclose", file, reason, functions.close);
    find(library, "gzread", file, reason, functions.read);
    find(library, "gzseek", file, reason, functions.seek);
    find(library, "gztell", file, reason, functions.tell);
    find(library, "gzerror", file, reason, functions.error);
    return functions;
}

const ZlibFunctions& zlib_functions(const std::string& reason) {
    static const ZlibFunctions functions = loaded_zlib("libz.so.1", reason);
    return functions;
}

}  // namespace tumble
