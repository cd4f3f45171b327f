#include "program_runner.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace tumble::test {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

namespace {

/// Writes beyond the limit then fail as on a full disk.
void limit_files(std::uint64_t largest_bytes) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{largest_bytes, largest_bytes};
    setrlimit(RLIMIT_FSIZE, &limit);
}

pid_t start(const std::vector<std::string>& arguments, const std::string& output, const std::string& errors,
            std::uint64_t largest_file_bytes) {
    const pid_t child = fork();
    if (child != 0) return child;
    if (largest_file_bytes > 0) limit_files(largest_file_bytes);
    const int out = open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int err = open(errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    std::vector<char*> words;
    std::vector<std::string> all = {TUMBLE_PROGRAM};
    all.insert(all.end(), arguments.begin(), arguments.end());
    for (std::string& word : all) words.push_back(word.data());
    words.push_back(nullptr);
    execv(words[0], words.data());
    _exit(127);
}

/// Sends the signal when its time has come; gives up when the program has ended.
bool send_when_due(pid_t child, const Interruption& interruption, int& status) {
    std::optional<Clock::time_point> due;
    if (interruption.once_present.empty())
        due = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                 std::chrono::duration<double>(interruption.after_s));
    for (;;) {
        if (waitpid(child, &status, WNOHANG) == child) return false;
        if (!due && fs::exists(interruption.once_present))
            due = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                     std::chrono::duration<double>(interruption.after_s));
        if (due && Clock::now() >= *due) {
            kill(child, interruption.signal);
            return true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

}  // namespace

Outcome run_tumble(const std::vector<std::string>& arguments, std::optional<Interruption> interruption,
                   std::uint64_t largest_file_bytes) {
    const ScratchFolder scratch;
    const auto begin = Clock::now();
    const pid_t child = start(arguments, scratch.file("output"), scratch.file("errors"), largest_file_bytes);
    if (child < 0) throw std::runtime_error("the program could not be started");
    int status = 0;
    if (!interruption || send_when_due(child, *interruption, status)) waitpid(child, &status, 0);
    Outcome outcome;
    outcome.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    outcome.output = read_text(scratch.file("output"));
    outcome.errors = read_text(scratch.file("errors"));
    return outcome;
}

ScratchFolder::ScratchFolder() {
    std::string pattern = (fs::temp_directory_path() / "tumble-test-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error("no scratch folder could be made");
    path_ = pattern;
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

std::string read_text(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

void write_text(const fs::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
}

std::size_t count_lines(const std::string& text) {
    std::size_t lines = 0;
    for (const char c : text) lines += c == '\n' ? 1 : 0;
    return lines;
}

std::string sample_file(const std::string& name) {
    return std::string(TUMBLE_SAMPLE) + "/" + name;
}

}  // namespace tumble::test
