#include "benchmarks/peer_program.hpp"

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>

#include "tumble/error.hpp"

namespace tumble::benchmark {
namespace {

double children_seconds() {
    rusage used{};
    getrusage(RUSAGE_CHILDREN, &used);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace

bool program_found(const std::string& name) {
    return std::system(("command -v " + name + " > /dev/null 2>&1").c_str()) == 0;
}

double command_seconds(const std::filesystem::path& folder, const std::string& command) {
    const double before = children_seconds();
    const std::string line = "cd '" + folder.string() + "' && " + command + " > log.txt 2>&1";
    if (std::system(line.c_str()) != 0) return -1;
    return children_seconds() - before;
}

std::string command_output(const std::string& command) {
    std::FILE* pipe = popen(command.c_str(), "r");
    if (!pipe) return {};
    std::string out;
    char piece[256];
    while (std::fgets(piece, sizeof piece, pipe)) out += piece;
    return pclose(pipe) == 0 ? out : std::string{};
}

ScratchFolder::ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "tumble-benchmark-XXXXXX").string();
    if (!mkdtemp(name.data())) throw system_error("No scratch folder could be made at " + name + ".");
    path_ = name;
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace tumble::benchmark
