// A whole run, from images and a reference to poses and maps, that fails at one call after another: the run is forked there, and
// the fork goes on with the failure to its end. So each costs what is left of the run at most, which is little: it fails.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <string>

#include "backend/backend.hpp"
#include "backend/loader.hpp"
#include "catch.hpp"
#include "controls.hpp"
#include "reconstruct/reconstruct_on.hpp"
#include "tumble/error.hpp"
#include "unit/reconstruct/simulated_stack.hpp"
#include "unit/reconstruct/tiny_run.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

using namespace tumble;
using namespace tumble::testing;
using emulation::Failing;

namespace {

struct Kind {
    const char* name;
    const char* told;  ///< what the sentence has to say: the call, or what is known of it
    bool sizes;        ///< and its sizes
};
const std::map<Failing, Kind> kinds{
    {Failing::allocation, {"allocation", "memory of", true}},  // of the device, or page-locked
    {Failing::launch, {"launch", "start of kernel", true}},
    {Failing::copy, {"copy", "copy of", true}},
    {Failing::plan, {"plan", "cufftMakePlanMany64 of", true}},
    {Failing::transform, {"transform", "cufftExec", false}},
    {Failing::stream, {"stream", "cudaStreamCreateWithFlags", false}},
    {Failing::kernel, {"kernel", " error ", false}},  // the call that meets it is another one
};

/// How a fork ended.
struct Ending {
    bool threw = false, system = false, leaked = false;
    long allocations = 0, host_allocations = 0, streams = 0, events = 0, plans = 0;
    char sentence[1000] = {};
};

/// Questions of the emulation, answered here. Every call of a place is counted; of each place the first three fail in forks, and
/// of all calls of a kind every `step`-th.
struct Forks {
    static constexpr int always = 3;
    long step = 1;
    int to_parent = -1;  ///< in a fork: where its ending goes
    bool first = false;  ///< in a fork: of its place
    std::map<std::pair<Failing, std::uint64_t>, long> calls;
    std::map<Failing, long> asked, failed;
};
Forks forks;

void judge(Failing what, long number, const Ending& e, int status) {
    const Kind& kind = kinds.at(what);
    const std::string sentence = e.sentence;
    INFO(kind.name << " " << number << ": " << sentence);
    CHECK(WIFEXITED(status));  // by no signal
    if (!WIFEXITED(status)) return;
    REQUIRE(WEXITSTATUS(status) == 0);
    CHECK(e.threw);
    CHECK(e.system);
    CHECK(sentence.find("status 400") != std::string::npos);
    CHECK(sentence.find("'cpu'") != std::string::npos);
    std::size_t told = sentence.find(kind.told);
    const bool recorded = told == std::string::npos;  // the call was replayed, and the graph is what failed
    if (recorded) told = sentence.find("cudaGraphLaunch of a step of the solution for a map of 20^3");
    CHECK(told != std::string::npos);
    if ((kind.sizes || recorded) && told != std::string::npos) CHECK(sentence.find_first_of("0123456789", told) < sentence.find(" failed", told));
    CHECK(e.allocations == 0);
    CHECK(e.host_allocations == 0);
    CHECK(e.streams == 0);
    CHECK(e.events == 0);
    CHECK(e.plans == 0);
    CHECK_FALSE(e.leaked);
}

bool fails_in_fork(Failing what, std::uint64_t place) {
    if (forks.to_parent >= 0) return false;  // one failure a fork
    const long at_place = ++forks.calls[{what, place}], number = ++forks.asked[what];
    if (at_place > Forks::always && number % forks.step != 0) return false;
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        close(ends[0]);
        forks.to_parent = ends[1];
        forks.first = at_place == 1;
        return true;
    }
    close(ends[1]);
    Ending ending;
    const ssize_t got = read(ends[0], &ending, sizeof ending);  // below the size of a pipe: whole or nothing
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(got == static_cast<ssize_t>(sizeof ending));
    judge(what, number, ending, status);
    forks.failed[what]++;
    return false;
}

/// The end of a fork: says how it was, and leaves before the test goes on.
[[noreturn]] void report_ending(Ending e, const emulation::Controls& device, const std::string& sentence) {
    const emulation::Live live = device.live();
    e.allocations = live.allocations, e.host_allocations = live.host_allocations, e.streams = live.streams, e.events = live.events;
    e.plans = live.plans;
    std::strncpy(e.sentence, sentence.c_str(), sizeof e.sentence - 1);
#if defined(__SANITIZE_ADDRESS__)
    e.leaked = forks.first && __lsan_do_recoverable_leak_check() != 0;
#endif
    const bool written = write(forks.to_parent, &e, sizeof e) == static_cast<ssize_t>(sizeof e);
    _exit(written ? 0 : 1);
}

}  // namespace

TEST_CASE("a whole run that fails at any call of the device ends with a sentence that offers the processor, and leaves nothing behind",
          "[whole_run]") {
    const std::string folder = TUMBLE_EMULATED_MODULE_DIR;
    const backend::LoadedModule module = backend::load_module("tumble_cuda.so", {folder});
    REQUIRE(module.table);
    const emulation::Controls& device = emulation::controls_of(folder + "/tumble_cuda.so");
    const auto atoms = asymmetric_particle(12, 3.2, 2.0, 4);
    const auto simulated = simulated_stack(atoms, 6, 20, 0.5, 0.3, 9);
    ReconstructOptions options = tiny_options();
    options.reference = atoms_as_gaussians(atoms, 20, 0.5);
    const auto run = [&] {
        Backend backend(*module.table, 0, 1);
        NoProgress quiet;
        reconstruct_on(backend, simulated.stack.view(), options, quiet);
    };
    device.reset();
    forks = {};
    forks.step = 200;
    device.ask(fails_in_fork);
    Ending ending;
    std::string sentence;
    try {
        run();
    } catch (const Error& e) {
        ending.threw = true;
        ending.system = e.kind() == ErrorKind::system;
        sentence = e.what();
    } catch (const std::exception& e) {
        ending.threw = true;
        sentence = std::string("another exception: ") + e.what();
    }
    if (forks.to_parent >= 0) report_ending(ending, device, sentence);
    device.reset();
    INFO(sentence);
    CHECK_FALSE(ending.threw);  // where nothing fails
    CHECK(device.live().allocations == 0);
    std::string counts;
    for (const auto& [what, kind] : kinds) {
        CHECK(forks.failed[what] > 0);
        counts += std::string(counts.empty() ? "" : ", ") + std::to_string(forks.failed[what]) + " of " + std::to_string(forks.asked[what]) +
                  " calls of kind " + kind.name;
    }
    UNSCOPED_INFO(counts << ", from " << forks.calls.size() << " places");
    SUCCEED();
}

TEST_CASE("a context whose device has failed says so at every later call, and a new one works once the device does") {
    const std::string folder = TUMBLE_EMULATED_MODULE_DIR;
    const backend::LoadedModule module = backend::load_module("tumble_cuda.so", {folder});
    REQUIRE(module.table);
    const emulation::Controls& device = emulation::controls_of(folder + "/tumble_cuda.so");
    device.reset();
    const Volume map(8, 1);
    const auto transform = [&](const Backend& backend) -> std::string {
        try {
            backend.transform(map.view(), default_window(), 1.5);
        } catch (const Error& e) {
            CHECK(e.kind() == ErrorKind::system);
            return e.what();
        }
        return {};
    };
    {
        const Backend backend(*module.table, 0, 1);
        CHECK(transform(backend).empty());
        device.fail(Failing::kernel, 1);
        CHECK(transform(backend).find(" error ") != std::string::npos);
        for (int again = 0; again < 2; again++) CHECK(transform(backend).find("failed in an earlier call") != std::string::npos);
        device.reset();  // the device recovers, what this context holds does not
        CHECK(transform(backend).find("failed in an earlier call") != std::string::npos);
    }
    CHECK(device.live().allocations == 0);
    CHECK(transform(Backend(*module.table, 0, 1)).empty());
}

TEST_CASE("a device that is too small says what was wanted, what is free and what there is") {
    const std::string folder = TUMBLE_EMULATED_MODULE_DIR;
    const backend::LoadedModule module = backend::load_module("tumble_cuda.so", {folder});
    REQUIRE(module.table);
    const emulation::Controls& device = emulation::controls_of(folder + "/tumble_cuda.so");
    device.reset();
    constexpr std::size_t there = 3000;
    device.set_devices(1, there);
    std::string sentence;
    try {
        const Backend backend(*module.table, 0, 1);
        const Volume map(8, 1);
        backend.transform(map.view(), default_window(), 1.5);
    } catch (const Error& e) {
        CHECK(e.kind() == ErrorKind::system);
        sentence = e.what();
    }
    INFO(sentence);
    unsigned long long wanted = 0, free = 0, total = 0;
    const std::size_t begin = sentence.find("device memory of ");
    REQUIRE(begin != std::string::npos);
    REQUIRE(std::sscanf(sentence.c_str() + begin, "device memory of %llu bytes", &wanted) == 1);
    REQUIRE(std::sscanf(sentence.c_str() + sentence.find('(', begin), "(%llu of %llu free)", &free, &total) == 2);
    CHECK(total == there);
    CHECK(wanted > free);
    CHECK(free <= total);
    CHECK(sentence.find("'cpu'") != std::string::npos);
    CHECK(device.live().allocations == 0);
    device.reset();
}
