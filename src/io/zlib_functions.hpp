#pragma once
// zlib, loaded when the first compressed file is read: the library and its users need it for nothing else.
#include <zlib.h>

#include <string>

namespace tumble {

struct ZlibFunctions {
    decltype(&gzopen) open;
    decltype(&gzclose) close;
    decltype(&gzread) read;
    decltype(&gzseek) seek;
    decltype(&gztell) tell;
    decltype(&gzerror) error;
};

/// Those of zlib's shared library of that file name; it stays loaded. `reason` says what it is wanted for
/// ("'a.mrc' is compressed with gzip"). Throws bad_input where it, or a function, is missing.
ZlibFunctions loaded_zlib(const std::string& library, const std::string& reason);

/// Those of the system's. Any thread.
const ZlibFunctions& zlib_functions(const std::string& reason);

}  // namespace tumble
