// `tumble info`: what to paste into a report about this build, or what is in a file.
#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "app/info_file.hpp"
#include "app/verb.hpp"
#include "tumble/build_information.hpp"

namespace tumble::app {

namespace {

std::string fft_line(const std::string& library) {
    if (library == "fftw")
        return "FFTW3 interface, single precision (linked with FFTW itself this binary is under the GPL; "
               "-DTUMBLE_FFT=pocketfft builds one without)";
    return library + " (permissive licence)";
}

void print_build() {
    const BuildInformation info = build_information();
    fmt::print("tumble {} ({}), {} build by {}\n", info.version, info.revision, info.build_type,
               info.compiler);
    fmt::print("processor      {}, {} cores for this process\n", info.instruction_set, info.cores);
    fmt::print("FFT            {}\n", fft_line(info.fft_library));
    fmt::print("HDF5           {}\n",
               info.hdf5 ? "yes" : "no: run.h5 cannot be written, so --resume is not possible");
    for (const BackendInformation& backend : info.backends)
        fmt::print("backend {:<6} {}: {}\n", backend.name, backend.available ? "yes" : "no", backend.detail);
}

}  // namespace

Verb info_verb(CLI::App& program) {
    const auto file = std::make_shared<std::string>();
    CLI::App* options = program.add_subcommand("info", "What this build can do, or what is in a file");
    options->add_option("FILE", *file, "Images, map, STAR file or atoms; without it: this build")
        ->type_name("FILE");
    options->footer("Example: tumble info images.mrcs");
    return {options, [file](const std::string&) {
                if (file->empty())
                    print_build();
                else
                    std::fputs(describe_file(*file).c_str(), stdout);
                return 0;
            }};
}

}  // namespace tumble::app
