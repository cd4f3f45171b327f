// Memory runs out inside the libraries that tumble is linked with: FFTW and HDF5. Each place where one of
// them allocates fails once, each in a process of its own, as a library may end it. Expected where the
// library reports the failure: a status, and the same work again succeeds. Where it aborts or crashes itself,
// that is counted, and told: nothing of ours may be the reason.
#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

#include "abi/c_arrays.hpp"
#include "catch.hpp"
#include "unit/io/scratch_folder.hpp"
#include "unit/reconstruct/simulated_stack.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TUMBLE_OWN_MALLOC 0
#else
#define TUMBLE_OWN_MALLOC 1
#endif

namespace {

/// Addresses of a loaded library's code.
struct Module {
    const char* part_of_name;
    std::uintptr_t begin = 0, end = 0;
    bool holds(const void* address) const {
        const auto at = reinterpret_cast<std::uintptr_t>(address);
        return at >= begin && at < end;
    }
};

Module module_named(const char* part_of_name) {
    Module found{part_of_name};
    dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* data) {
            auto& m = *static_cast<Module*>(data);
            if (!info->dlpi_name || !std::strstr(info->dlpi_name, m.part_of_name)) return 0;
            for (int i = 0; i < info->dlpi_phnum; i++) {
                const auto& segment = info->dlpi_phdr[i];
                if (segment.p_type != PT_LOAD || !(segment.p_flags & PF_X)) continue;
                m.begin = info->dlpi_addr + segment.p_vaddr, m.end = m.begin + segment.p_memsz;
            }
            return 1;
        },
        &found);
    return found;
}

/// What the processes share.
struct Shared {
    int count = 0;
    std::array<std::size_t, 1 << 14> places{};
    void note(std::size_t place) {
        for (int i = 0; i < count; i++)
            if (places[static_cast<std::size_t>(i)] == place) return;
        if (count < static_cast<int>(places.size())) places[static_cast<std::size_t>(count++)] = place;
    }
};

enum class Mode { off, record, fail };
Mode mode = Mode::off;
Module target{""};
std::size_t failing_place = 0;
Shared* shared = nullptr;

/// Whether this allocation, asked for by `caller`, is to fail.
bool fails(const void* caller) {
    if (mode == Mode::off || !target.holds(caller)) return false;
    const Mode present = mode;
    mode = Mode::off;  // backtrace() may allocate
    constexpr int depth = 3;
    void* frames[depth + 2];
    const int count = backtrace(frames, depth + 2);
    std::size_t place = 14695981039346656037u;
    for (int i = 2; i < count; i++)
        place = (place ^ reinterpret_cast<std::size_t>(frames[i])) * 1099511628211u;
    if (present == Mode::record) shared->note(place);
    if (present == Mode::fail && place == failing_place) return true;  // once
    mode = present;
    return false;
}

}  // namespace

#if TUMBLE_OWN_MALLOC
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* refused() {
    errno = ENOMEM;
    return nullptr;
}
void* malloc(std::size_t bytes) {
    return fails(__builtin_return_address(0)) ? refused() : __libc_malloc(bytes);
}
void* calloc(std::size_t count, std::size_t bytes) {
    return fails(__builtin_return_address(0)) ? refused() : __libc_calloc(count, bytes);
}
void* realloc(void* memory, std::size_t bytes) {
    return fails(__builtin_return_address(0)) ? refused() : __libc_realloc(memory, bytes);
}
void* memalign(std::size_t alignment, std::size_t bytes) {
    return fails(__builtin_return_address(0)) ? refused() : __libc_memalign(alignment, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
    return fails(__builtin_return_address(0)) ? refused() : __libc_memalign(alignment, bytes);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) {
    if (fails(__builtin_return_address(0))) return ENOMEM;
    *memory = __libc_memalign(alignment, bytes);
    return *memory ? 0 : ENOMEM;
}
}
#endif

using namespace tumble;
using namespace tumble::testing;

namespace {

constexpr int images = 12, box = 24;
constexpr double pixel_A = 0.55;

/// How a process ended.
enum Outcome {
    succeeded = 0,
    reported = 10,
    stays_unable = 20,
    wrong_status = 30,
    ended_by_library = 40,
    ended_by_us = 50
};

/// At a fatal signal, or at exit(). The innermost function that is neither the C library's nor this file's
/// says whose fault it is.
void on_end() {
    mode = Mode::off;
    void* frames[64];
    const int count = backtrace(frames, 64);
    for (int i = 0; i < count; i++) {
        Dl_info info{};
        if (!dladdr(frames[i], &info) || !info.dli_fname || std::strstr(info.dli_fname, "libc.so") ||
            std::strstr(info.dli_fname, "faults_test"))
            continue;
        _exit(target.holds(frames[i]) ? ended_by_library : ended_by_us);
    }
    _exit(ended_by_us);
}

/// Runs the scenario in a process of its own; returns how that ended.
template <class Scenario>
int in_a_process(const Scenario& scenario, Mode what, std::size_t place) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const int nowhere = open("/dev/null", O_WRONLY);
        dup2(nowhere, 1), dup2(nowhere, 2);
        static std::array<char, 1 << 16> stack;  // the usual one may have run out
        const stack_t place_of_stack{stack.data(), 0, stack.size()};
        sigaltstack(&place_of_stack, nullptr);
        struct sigaction action {};
        action.sa_handler = [](int) { on_end(); };
        action.sa_flags = SA_ONSTACK;
        for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL})
            sigaction(signal, &action, nullptr);
        alarm(60);
        std::atexit([] { on_end(); });
        failing_place = place;
        mode = what;
        const tumble_status status = scenario();
        mode = Mode::off;
        if (status == TUMBLE_OK) _exit(succeeded);
        // Out of memory, or what the library made of it: a file that cannot be written or read.
        const bool sensible =
            status == TUMBLE_E_NO_MEMORY || status == TUMBLE_E_SYSTEM || status == TUMBLE_E_INPUT;
        if (!sensible || !*tumble_last_error()) _exit(wrong_status);
        const tumble_status again = scenario();
        _exit(again == TUMBLE_OK                            ? reported
              : again == status || again == TUMBLE_E_SYSTEM ? stays_unable
                                                            : wrong_status);
    }
    int state = 0;
    waitpid(child, &state, 0);
    return WIFEXITED(state) ? WEXITSTATUS(state) : WTERMSIG(state) == SIGALRM ? 60 : ended_by_us;
}

/// At every place where the library allocates.
template <class Scenario>
void fail_everywhere(const char* library, const Scenario& scenario) {
    if (!TUMBLE_OWN_MALLOC) {
        WARN("skipped: the sanitizer's malloc stands in the way");
        return;
    }
    target = module_named(library);
    if (target.begin == 0) {
        WARN("skipped: " << library << " is not in this build");
        return;
    }
    void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    shared = new (memory) Shared;
    void* primed[4];
    backtrace(primed, 4);  // its first call allocates
    REQUIRE(in_a_process(scenario, Mode::record, 0) == succeeded);
    REQUIRE(shared->count > 10);
    std::array<int, 256> ends{};
    for (int i = 0; i < shared->count; i++) {
        const int end = in_a_process(scenario, Mode::fail, shared->places[static_cast<std::size_t>(i)]);
        INFO(library << ", place " << i << " of " << shared->count << ": outcome " << end);
        CHECK((end == succeeded || end == reported || end == stays_unable || end == ended_by_library));
        ends[static_cast<std::size_t>(end)]++;
    }
    WARN(library << ": memory failed at " << shared->count << " places; " << ends[reported]
                 << " reported by a status, " << ends[succeeded] << " done without, " << ends[stays_unable]
                 << " reported, and the library stayed unable, " << ends[ended_by_library]
                 << " in which it ended the process itself");
    munmap(memory, sizeof(Shared));
}

#define STEP(call) \
    if (const tumble_status said = (call); said != TUMBLE_OK) return said

struct Case {
    std::vector<Vec3> sites = asymmetric_particle(12, 3.5, 2.0, 5);
    SimulatedStack simulated = simulated_stack(sites, images, box, pixel_A, 0.1, 2);
    Volume map = atoms_as_gaussians(sites, box, pixel_A);
    PoseColumns poses{simulated.poses};
    tumble_array stack() const {
        return array_of(simulated.stack.values.data(), TUMBLE_FLOAT32, {images, box, box});
    }

    /// A run from the poses, with a checkpoint to go on from if there is a path.
    tumble_status run(tumble_context* context, const char* resume_from, Handle<tumble_run>& out) const {
        tumble_status status = 0;
        const auto options = made<tumble_options>(status, tumble_options_create);
        STEP(status);
        STEP(tumble_options_set_float64(options.get(), "pixel-size", pixel_A));
        STEP(tumble_options_set_text(options.get(), "element", "Pt"));
        STEP(tumble_options_set_int64(options.get(), "threads", 1));
        if (resume_from) {
            STEP(tumble_options_set_text(options.get(), "checkpoint", resume_from));
            STEP(tumble_options_set_int64(options.get(), "resume", 1));
        }
        const auto r = poses.rotation_array(), t = poses.shift_array();
        STEP(tumble_options_set_poses(options.get(), &r, &t));
        const auto pixels = stack();
        out = made<tumble_run>(status, tumble_run_create, context, &pixels, options.get());
        return status;
    }
};

}  // namespace

TEST_CASE("memory runs out inside of FFTW") {
    const Case c;
    fail_everywhere("fftw3f", [&]() -> tumble_status {
        tumble_status status = 0;
        const auto device = made<tumble_device>(status, tumble_device_create, "cpu", 1);
        STEP(status);
        const auto pixels = c.stack(), map = array_of(c.map.values.data(), TUMBLE_FLOAT32, {box, box, box});
        const auto prepared =
            made<tumble_images>(status, tumble_images_create, static_cast<tumble_context*>(nullptr),
                                device.get(), &pixels, pixel_A, 0.0, 0);
        STEP(status);
        const auto transform =
            made<tumble_transform>(status, tumble_transform_create, device.get(), &map, pixel_A);
        STEP(status);
        std::array<double, 4 * (box / 2 + 1)> rows;
        const auto curves = array_of(rows.data(), TUMBLE_FLOAT64, {4, box / 2 + 1});
        return tumble_maps_correlate(device.get(), &map, &map, nullptr, pixel_A, 1, &curves);
    });
}

/// `up`: whether HDF5 has been used before.
void fail_in_hdf5(bool up) {
    const Case c;
    const ScratchFolder folder;
    tumble_status status = 0;
    const auto context = made<tumble_context>(status, tumble_context_create);
    Handle<tumble_run> run;
    REQUIRE(c.run(context.get(), nullptr, run) == TUMBLE_OK);
    REQUIRE(tumble_run_step(context.get(), run.get(), nullptr) == TUMBLE_OK);
    if (up && tumble_capability("hdf5"))
        REQUIRE(tumble_run_save(run.get(), (folder / "first.h5").c_str()) == TUMBLE_OK);
    int number = 0;
    fail_everywhere("hdf5", [&]() -> tumble_status {
        const std::string path = (folder / ("run_" + std::to_string(number++) + ".h5")).string();
        STEP(tumble_run_save(run.get(), path.c_str()));
        Handle<tumble_run> resumed;
        return c.run(context.get(), path.c_str(), resumed);
    });
}

TEST_CASE("memory runs out inside of HDF5 when it is first used") {
    fail_in_hdf5(false);
}

TEST_CASE("memory runs out inside of HDF5 later on") {
    fail_in_hdf5(true);
}
