#pragma once
// What this build is and what it can use on the machine that it runs on: the facts to paste into a report.
#include <string>
#include <vector>

namespace tumble {

/// One place where work can run.
struct BackendInformation {
    std::string name;  ///< "cpu", "cuda"
    bool available = false;
    std::string detail;  ///< what it is, or in one sentence why it cannot be used
};

struct BuildInformation {
    std::string version;   ///< "0.1.0"
    std::string revision;  ///< of the source, or "release"
    std::string compiler;
    std::string build_type;       ///< "Release", ...
    std::string instruction_set;  ///< the best that this processor has and the hot loops use: "AVX-512", ...
    int cores = 0;                ///< that this process may use
    std::string fft_library;      ///< "fftw" or "pocketfft"
    bool hdf5 = false;            ///< run.h5 can be written, hence --resume
    std::vector<BackendInformation> backends;
};

/// Never fails. Any thread.
BuildInformation build_information();

}  // namespace tumble
