// The CUDA runtime of the emulated device: memory, copies, streams, events, starts of kernels, errors.
#include <execinfo.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "device_state.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

using emulation::Failing;

namespace {

/// A copy that is under way. What is read later than at the call has a source: page-locked memory that the host, and device memory
/// that another stream may change meanwhile.
struct PendingCopy {
    void* to;
    std::vector<unsigned char> bytes;
    const void* from = nullptr;
    std::size_t size = 0;
    int target_device = -1, source_device = -1;
};

}  // namespace

struct EmulatedStream {
    int device;
    bool blocking;  ///< waits for the default stream and it for this one
    std::vector<PendingCopy> pending;
    std::shared_ptr<emulation::Recording> recording;  ///< while it is capturing
    std::uint64_t kernels = 0;                        ///< started on it
    std::map<const EmulatedStream*, std::uint64_t> waited = {};  ///< for so many kernels of another stream
};

/// The pool of a device, which all asynchronous allocations come from. What is freed stays with it until a synchronisation.
struct EmulatedPool {
    std::size_t unused = 0;
};

struct EmulatedEvent {
    bool recorded = false;
    cudaStream_t stream = nullptr;
    std::uint64_t kernels = 0;  ///< of the stream, at the record
    std::chrono::steady_clock::time_point time;
};

namespace emulation {
namespace {

constexpr int most_devices = 8;
constexpr std::size_t shared_for_all = 48 * 1024, shared_by_asking = 232448, gibibyte = std::size_t(1) << 30;
constexpr int kinds_of_failure = static_cast<int>(Failing::driver) + 1;
#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t margin = 0;
#else
constexpr std::size_t margin = 64;  // shows writes beyond the end, where no sanitizer does
#endif

struct Allocation {
    std::size_t bytes;
    int device;  ///< -1: pinned memory of the host
    const EmulatedStream* stream = nullptr;  ///< in whose order it was allocated
};
using Allocations = std::map<const unsigned char*, Allocation>;

OrderChoice order_of_environment() {
    const char* text = std::getenv("TUMBLE_EMULATION_ORDER");
    const std::string word = text ? text : "";
    if (word == "reversed") return {Order::reversed, 0};
    if (word.rfind("seeded:", 0) == 0) return {Order::seeded, std::strtoull(word.c_str() + 7, nullptr, 10)};
    if (!word.empty() && word != "forward") {
        std::fprintf(stderr, "TUMBLE_EMULATION_ORDER is '%s', expected forward, reversed or seeded:N\n", word.c_str());
        std::abort();
    }
    return {};
}

std::size_t bytes_of_environment() {
    const char* text = std::getenv("TUMBLE_EMULATION_MEMORY");
    return text ? std::strtoull(text, nullptr, 10) : 2 * gibibyte;
}

/// TUMBLE_EMULATION_FAIL = KIND:N, for programs that no test can reach into.
void plan_failure_of_environment(long* failing) {
    const char* text = std::getenv("TUMBLE_EMULATION_FAIL");
    if (!text) return;
    const std::string word = text, kind = word.substr(0, word.find(':'));
    constexpr const char* kinds[kinds_of_failure] = {"allocation", "launch", "copy", "plan", "transform", "stream", "kernel", "driver"};
    const auto* const found = std::find(std::begin(kinds), std::end(kinds), kind);
    const long n = kind.size() + 1 < word.size() ? std::strtol(word.c_str() + kind.size() + 1, nullptr, 10) : 0;
    if (found == std::end(kinds) || n < 1) {
        std::fprintf(stderr, "TUMBLE_EMULATION_FAIL is '%s', expected KIND:N, such as allocation:3\n", word.c_str());
        std::abort();
    }
    failing[found - kinds] = n;
}

struct State {
    std::recursive_mutex mutex;
    int devices = 2;
    std::size_t device_bytes = bytes_of_environment();
    OrderChoice order = order_of_environment();
    long failing[kinds_of_failure] = {};
    Allocations allocations;
    std::size_t used[most_devices] = {}, peak[most_devices] = {};
    std::size_t taken = 0;
    EmulatedPool pool[most_devices];
    int open[most_devices] = {};
    cudaError_t stays[most_devices] = {};
    EmulatedStream default_stream[most_devices] = {};
    std::set<cudaStream_t> streams;
    std::set<cudaEvent_t> events;
    std::map<const void*, std::size_t> granted;
    long plans = 0, graphs = 0;
    std::uint64_t launches = 0;
    std::string fault;
    cudaError_t fault_code = cudaSuccess;

    State() {
        plan_failure_of_environment(failing);
        for (int d = 0; d < most_devices; d++) default_stream[d] = {d, true, {}, nullptr};
    }
};

State& state() {
    static State* const one = new State;  // outlives everything that may free in a destructor
    return *one;
}
using Lock = std::lock_guard<std::recursive_mutex>;

thread_local int device_of_thread = 0;
thread_local cudaError_t last_error = cudaSuccess;

using Question = bool (*)(Failing what, std::uint64_t place);
std::atomic<Question> question = nullptr;
thread_local bool answered[kinds_of_failure] = {};

/// The callers of the call at hand, as one number: FNV-1a over the innermost return addresses.
std::uint64_t place_of_caller() {
    constexpr int depth = 10;
    void* callers[depth];
    const int found = backtrace(callers, depth);
    std::uint64_t place = 14695981039346656037u;
    for (int i = 0; i < found; i++) place = (place ^ reinterpret_cast<std::uintptr_t>(callers[i])) * 1099511628211u;
    return place;
}

void close_memory(const unsigned char* begin, const Allocation& a) {
#if defined(__SANITIZE_ADDRESS__)
    if (a.device >= 0 && state().open[a.device] == 0) __asan_poison_memory_region(begin, a.bytes);
#else
    static_cast<void>(begin), static_cast<void>(a);
#endif
}
void open_memory(const unsigned char* begin, const Allocation& a) {
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(begin, a.bytes);
#else
    static_cast<void>(begin), static_cast<void>(a);
#endif
}

void read_source(PendingCopy& copy) {
    if (!copy.from) return;
    const OpenMemory open(copy.source_device);
    const auto* from = static_cast<const unsigned char*>(copy.from);
    copy.bytes.assign(from, from + copy.size);
    copy.from = nullptr;
}

void arrive(EmulatedStream& stream) {
    state().pool[stream.device].unused = 0;
    for (PendingCopy& copy : stream.pending) {
        read_source(copy);
        const OpenMemory open(copy.target_device);
        std::memcpy(copy.to, copy.bytes.data(), copy.bytes.size());
    }
    stream.pending.clear();
}
/// Before more work of this stream: what its copies bring to the device is there, and what they fetch has been read.
void settle(EmulatedStream& stream) {
    for (PendingCopy& copy : stream.pending) {
        read_source(copy);
        if (copy.target_device < 0) continue;
        const OpenMemory open(copy.target_device);
        std::memcpy(copy.to, copy.bytes.data(), copy.bytes.size());
    }
    std::erase_if(stream.pending, [](const PendingCopy& copy) { return copy.target_device >= 0; });
}
void arrive_all(int device, bool only_blocking) {
    State& s = state();
    arrive(s.default_stream[device]);
    for (const cudaStream_t stream : s.streams)
        if (stream->device == device && (stream->blocking || !only_blocking)) arrive(*stream);
}

/// Every way out of a call. An error leaves no copy under way: callers give up their arrays then.
cudaError_t result(cudaError_t code) {
    if (code != cudaSuccess && code != cudaErrorNotReady) {
        last_error = code;
        for (int d = 0; d < most_devices; d++) arrive_all(d, false);
    }
    return code;
}

cudaError_t report(cudaError_t code, const std::string& sentence) {
    state().fault = sentence;
    state().fault_code = code;
    return result(code);
}

cudaError_t stays() {
    return state().stays[device_of_thread];
}

EmulatedStream* find(cudaStream_t stream) {
    State& s = state();
    if (!stream) return &s.default_stream[device_of_thread];
    return s.streams.count(stream) ? stream : nullptr;
}

/// The allocation that the first byte lies in.
Allocations::const_iterator containing(const void* memory) {
    const auto& all = state().allocations;
    const auto* at = static_cast<const unsigned char*>(memory);
    auto found = all.upper_bound(at);
    if (found == all.begin()) return all.end();
    --found;
    return at < found->first + found->second.bytes ? found : all.end();
}
bool within(const void* memory, std::size_t bytes, Allocations::const_iterator allocation) {
    return static_cast<std::size_t>(static_cast<const unsigned char*>(memory) - allocation->first) + bytes <= allocation->second.bytes;
}
std::string described(std::size_t bytes) {
    return std::to_string(bytes) + " bytes";
}

bool overrun(Allocations::const_iterator a) {
    for (std::size_t i = 0; i < margin; i++)
        if (a->first[a->second.bytes + i] != 0xff) return true;
    return false;
}

cudaError_t allocate(void** memory, std::size_t bytes, int device, const EmulatedStream* stream = nullptr) {
    State& s = state();
    if (const cudaError_t code = stays()) return result(code);
    if (!memory) return result(cudaErrorInvalidValue);
    *memory = nullptr;
    if (fails_now(Failing::allocation)) return result(cudaErrorMemoryAllocation);
    if (bytes == 0) return cudaSuccess;
    if (device >= 0 && bytes > s.device_bytes - std::min(s.device_bytes, s.used[device] + s.taken)) return result(cudaErrorMemoryAllocation);
    void* found = nullptr;
    if (posix_memalign(&found, 256, bytes + margin) != 0) return result(cudaErrorMemoryAllocation);
    std::memset(found, 0xff, bytes + margin);
    const auto* begin = static_cast<const unsigned char*>(found);
    const Allocation a{bytes, device, stream};
    s.allocations.emplace(begin, a);
    if (device >= 0) {
        s.used[device] += bytes;
        s.peak[device] = std::max(s.peak[device], s.used[device]);
        s.pool[device].unused -= std::min(s.pool[device].unused, bytes);
    }
    close_memory(begin, a);
    *memory = found;
    return cudaSuccess;
}

bool within_allocation(const void* at, Allocations::const_iterator allocation) {
    const auto* byte = static_cast<const unsigned char*>(at);
    return byte >= allocation->first && byte < allocation->first + allocation->second.bytes;
}

cudaError_t release(void* memory, bool on_device) {
    State& s = state();
    if (!memory) return cudaSuccess;
    const auto found = s.allocations.find(static_cast<const unsigned char*>(memory));
    if (found == s.allocations.end() || (found->second.device >= 0) != on_device)
        return report(cudaErrorInvalidValue, "memory was freed that is not allocated (twice, or inside an allocation, or of another kind)");
    for (const cudaStream_t stream : s.streams)
        for (const PendingCopy& copy : stream->pending)
            if (within_allocation(copy.target_device >= 0 ? copy.to : nullptr, found) || within_allocation(copy.from, found))
                return report(cudaErrorInvalidValue, "memory was freed that a copy under way still needs");
    const bool bad = overrun(found);
    open_memory(found->first, found->second);
    if (on_device) s.used[found->second.device] -= found->second.bytes;
    const std::size_t bytes = found->second.bytes;
    s.allocations.erase(found);
    std::free(memory);
    if (bad) return report(cudaErrorLaunchFailure, "a write beyond the end of an allocation of " + described(bytes));
    return result(stays());
}

struct Side {
    const void* memory;
    bool device;
    int number;  ///< of the device
};

/// Looks where one side of a copy lies; an empty sentence if that is where `wanted` says (1 device, 0 host, -1 either).
std::string look(const void* memory, std::size_t bytes, int wanted, const char* name, Side& side) {
    const auto found = containing(memory);
    const bool known = found != state().allocations.end();
    side = {memory, known && found->second.device >= 0, known ? found->second.device : -1};
    const std::string head = std::string("copy of ") + described(bytes) + ": the " + name;
    if (wanted == 1 && !side.device) return head + " is not in device memory";
    if (wanted == 0 && side.device) return head + " is in device memory, expected the host's";
    if (known && !within(memory, bytes, found))
        return head + " reaches beyond its allocation of " + described(found->second.bytes) + " (begins at byte " +
               std::to_string(static_cast<const unsigned char*>(memory) - found->first) + ")";
    return {};
}

/// The handle of a stream.
cudaStream_t name_of(EmulatedStream& stream) {
    return &stream == &state().default_stream[stream.device] ? nullptr : &stream;
}
/// A graph can copy from and to the device and pinned memory.
bool recordable(const Side& side) {
    return side.device || containing(side.memory) != state().allocations.end();
}

cudaError_t copy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, EmulatedStream* stream, bool wait) {
    if (const cudaError_t code = stays()) return result(code);
    if (!stream) return report(cudaErrorInvalidResourceHandle, "a copy was given a stream that does not live");
    if (bytes == 0) return cudaSuccess;
    if (fails_now(Failing::copy)) return result(cudaErrorInvalidValue);
    if (!to || !from) return report(cudaErrorInvalidValue, "copy of " + described(bytes) + ": a null pointer");
    const int wanted_to = kind == cudaMemcpyDefault ? -1 : kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
    const int wanted_from = kind == cudaMemcpyDefault ? -1 : kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
    Side source, target;
    std::string bad = look(from, bytes, wanted_from, "source", source);
    if (bad.empty()) bad = look(to, bytes, wanted_to, "target", target);
    if (!bad.empty()) return report(cudaErrorInvalidValue, bad);
    const auto* f = static_cast<const unsigned char*>(from);
    const auto* t = static_cast<const unsigned char*>(to);
    if (f < t + bytes && t < f + bytes) return report(cudaErrorInvalidValue, "copy of " + described(bytes) + ": source and target overlap");
    if (stream->recording) {
        if (!recordable(source) || !recordable(target)) return refused_while_capturing("a copy from or to pageable memory", name_of(*stream));
        cudaError_t code;
        recorded(name_of(*stream), [=](cudaStream_t later) { return cudaMemcpyAsync(to, from, bytes, kind, later); }, code);
        return code;
    }
    if (wait) arrive_all(stream->device, true);
    settle(*stream);
    const auto source_memory = containing(from), target_memory = containing(to);
    const bool page_locked = source_memory != state().allocations.end() && !source.device;
    if (target.device && page_locked && !wait) {
        stream->pending.push_back({to, {}, from, bytes, target.number, -1});
        return cudaSuccess;
    }
    if (source.device && !target.device && !wait && target_memory != state().allocations.end()) {
        const EmulatedStream* owner = source_memory->second.stream;
        if (owner && owner != stream && state().streams.count(const_cast<cudaStream_t>(owner))) {
            if (stream->waited[owner] < owner->kernels)
                return report(cudaErrorInvalidValue, "copy of " + described(bytes) +
                                                         " to the host: the source is another stream's, whose last kernel was not waited for (cudaStreamWaitEvent)");
            std::memset(to, 0xff, bytes);
            stream->pending.push_back({to, {}, from, bytes, -1, source.number});
            return cudaSuccess;
        }
    }
    const OpenMemory open_source(source.device ? source.number : -1), open_target(target.device ? target.number : -1);
    if (!target.device && !wait) {
        // What is read before the synchronisation shows as NaN.
        stream->pending.push_back({to, {f, f + bytes}, nullptr, 0, -1, -1});
        std::memset(to, 0xff, bytes);
    } else {
        std::memcpy(to, from, bytes);
    }
    return cudaSuccess;
}

cudaError_t set_bytes(void* to, int value, std::size_t bytes, EmulatedStream* stream) {
    if (const cudaError_t code = stays()) return result(code);
    if (!stream) return report(cudaErrorInvalidResourceHandle, "cudaMemset was given a stream that does not live");
    if (bytes == 0) return cudaSuccess;
    Side target;
    const std::string bad = look(to, bytes, 1, "target of cudaMemset", target);
    if (!bad.empty()) return report(cudaErrorInvalidValue, bad);
    cudaError_t code;
    if (recorded(name_of(*stream), [=](cudaStream_t later) { return cudaMemsetAsync(to, value, bytes, later); }, code)) return code;
    settle(*stream);
    const OpenMemory open(target.number);
    std::memset(to, value, bytes);
    return cudaSuccess;
}

std::string unfit(const Launch& l, cudaError_t& code) {
    code = cudaErrorInvalidConfiguration;
    const auto size = [](dim3 d) { return std::to_string(d.x) + " x " + std::to_string(d.y) + " x " + std::to_string(d.z); };
    const auto threads = static_cast<std::uint64_t>(l.block.x) * l.block.y * l.block.z;
    if (threads == 0 || threads > 1024 || l.block.z > 64) return "a block of " + size(l.block) + " threads, expected 1 to 1024";
    if (l.grid.x == 0 || l.grid.y == 0 || l.grid.z == 0 || l.grid.x > 0x7fffffff || l.grid.y > 65535 || l.grid.z > 65535)
        return "a grid of " + size(l.grid) + " blocks, expected 1 to 2147483647 x 65535 x 65535";
    code = cudaErrorInvalidValue;
    const auto found = state().granted.find(l.function);
    const std::size_t granted = std::max(shared_for_all, found == state().granted.end() ? 0 : found->second);
    if (l.shared_bytes > granted)
        return described(l.shared_bytes) + " of shared memory, granted are " + std::to_string(granted) + " (cudaFuncSetAttribute)";
    code = cudaErrorInvalidResourceHandle;
    const EmulatedStream* stream = find(l.stream);
    if (!stream) return "the stream of a kernel does not live";
    if (stream->device != device_of_thread)
        return "a kernel was started on a stream of device " + std::to_string(stream->device) + " while device " +
               std::to_string(device_of_thread) + " was current";
    return {};
}

void set_order(Order order, std::uint64_t seed) {
    const Lock lock(state().mutex);
    state().order = {order, seed};
}
void fail(Failing what, long n) {
    const Lock lock(state().mutex);
    state().failing[static_cast<int>(what)] = n;
}
const char* last_fault() {
    const Lock lock(state().mutex);
    static thread_local std::string text;
    text = state().fault;
    return text.c_str();
}
Live live() {
    State& s = state();
    const Lock lock(s.mutex);
    Live found{0, 0, static_cast<long>(s.streams.size()), static_cast<long>(s.events.size()), s.plans, 0, s.graphs};
    for (const auto& [begin, a] : s.allocations) {
        (a.device >= 0 ? found.allocations : found.host_allocations)++;
        if (a.device >= 0) found.bytes += a.bytes;
    }
    return found;
}
void reset() {
    State& s = state();
    const Lock lock(s.mutex);
    s.fault.clear();
    s.fault_code = cudaSuccess;
    s.devices = 2;
    s.device_bytes = bytes_of_environment();
    s.taken = 0;
    s.order = order_of_environment();
    std::fill(std::begin(s.failing), std::end(s.failing), 0);
    std::fill(std::begin(s.stays), std::end(s.stays), cudaSuccess);
    last_error = cudaSuccess;
    question = nullptr;
}
void set_devices(int devices, std::size_t bytes) {
    const Lock lock(state().mutex);
    state().devices = std::clamp(devices, 0, most_devices);
    state().device_bytes = bytes;
}
std::uint64_t kernel_launches() {
    const Lock lock(state().mutex);
    return state().launches;
}
void set_taken(std::size_t bytes) {
    const Lock lock(state().mutex);
    state().taken = bytes;
    for (EmulatedPool& pool : state().pool) pool.unused = 0;
}
std::size_t peak_bytes(int device) {
    const Lock lock(state().mutex);
    return std::exchange(state().peak[device], state().used[device]);
}
void set_question(Question fails) {
    question = fails;
}

}  // namespace

cudaError_t launch(const Launch& l) {
    State& s = state();
    const int device = device_of_thread;
    OrderChoice order;
    ask(Failing::launch);
    ask(Failing::kernel);
    {
        const Lock lock(s.mutex);
        if (const cudaError_t code = stays()) return result(code);
        if (fails_now(Failing::launch)) return result(cudaErrorLaunchOutOfResources);
        cudaError_t code;
        const std::string bad = unfit(l, code);
        if (!bad.empty()) return report(code, bad);
        if (recording_of(l.stream)) {
            const auto work = [l, kept = l.keep(l)](cudaStream_t later) {
                Launch again = l;
                again.arguments = kept.get();
                again.stream = later;
                return launch(again);
            };
            recorded(l.stream, work, code);
            return code;
        }
        order = s.order;
        s.launches++;
        EmulatedStream* stream = find(l.stream);
        stream->kernels++;
        settle(*stream);
        if (fails_now(Failing::kernel)) {  // known only when it has run
            s.stays[device] = cudaErrorIllegalAddress;
            return cudaSuccess;
        }
    }
    std::string bad;
    {
        const OpenMemory open(device);
        bad = run_grid(l, order);
    }
    const Lock lock(s.mutex);
    if (bad.empty())
        for (auto a = s.allocations.begin(); a != s.allocations.end() && bad.empty(); ++a)
            if (overrun(a)) bad = "a write beyond the end of an allocation of " + described(a->second.bytes);
    if (bad.empty()) return cudaSuccess;
    s.stays[device] = cudaErrorLaunchFailure;
    return report(cudaErrorLaunchFailure, bad);
}

cudaError_t set_function_attribute(const void* function, cudaFuncAttribute attribute, int value) {
    State& s = state();
    const Lock lock(s.mutex);
    if (const cudaError_t code = stays()) return result(code);
    if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize) return cudaSuccess;
    if (value < 0 || static_cast<std::size_t>(value) > shared_by_asking)
        return report(cudaErrorInvalidValue, described(static_cast<std::size_t>(value)) + " of shared memory, the device has " + std::to_string(shared_by_asking));
    s.granted[function] = static_cast<std::size_t>(value);
    return cudaSuccess;
}

cudaError_t error_of_device() {
    const Lock lock(state().mutex);
    return stays();
}
bool lies_on_device(const void* memory, std::size_t bytes, const char* what) {
    const Lock lock(state().mutex);
    Side side;
    const std::string bad = look(memory, bytes, 1, what, side);
    if (!bad.empty()) static_cast<void>(report(cudaErrorInvalidValue, bad));
    return bad.empty() && side.number == device_of_thread;
}
void ask(Failing what) {
    const Question fails = question;
    if (fails && fails(what, place_of_caller())) answered[static_cast<int>(what)] = true;
}
bool fails_now(Failing what) {
    const Lock lock(state().mutex);
    if (std::exchange(answered[static_cast<int>(what)], false)) return true;
    long& left = state().failing[static_cast<int>(what)];
    return left > 0 && --left == 0;
}
void count_plans(long change) {
    const Lock lock(state().mutex);
    state().plans += change;
}
int current_device() {
    return device_of_thread;
}

std::shared_ptr<Recording>& recording_of(cudaStream_t stream) {
    const Lock lock(state().mutex);
    static std::shared_ptr<Recording> none;
    EmulatedStream* found = find(stream);
    return found ? found->recording : none;
}
cudaError_t report_error(cudaError_t code, const std::string& sentence) {
    const Lock lock(state().mutex);
    return report(code, sentence);
}
void each_stream(const std::function<void(cudaStream_t)>& each) {
    const Lock lock(state().mutex);
    for (const cudaStream_t stream : state().streams) each(stream);
}
bool lives(cudaStream_t stream) {
    const Lock lock(state().mutex);
    return find(stream) != nullptr;
}
void count_graphs(long change) {
    const Lock lock(state().mutex);
    state().graphs += change;
}

OpenMemory::OpenMemory(int device) : device_(device) {
    if (device < 0) return;
    const Lock lock(state().mutex);
    if (state().open[device]++ == 0)
        for (const auto& [begin, a] : state().allocations)
            if (a.device == device) open_memory(begin, a);
}
OpenMemory::~OpenMemory() {
    if (device_ < 0) return;
    const Lock lock(state().mutex);
    if (--state().open[device_] == 0)
        for (const auto& [begin, a] : state().allocations)
            if (a.device == device_) close_memory(begin, a);
}

}  // namespace emulation

namespace emulation {
namespace {

void* allocate_for_caller(int device, std::size_t bytes) {
    const Lock lock(state().mutex);
    void* memory = nullptr;
    return allocate(&memory, bytes, device) == cudaSuccess ? memory : nullptr;
}
void release_of_caller(void* memory) {
    cudaFree(memory);
}
bool copy_for_caller(void* to, const void* from, std::size_t bytes, void* stream) {
    return cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, static_cast<cudaStream_t>(stream)) == cudaSuccess;
}
void* create_stream(int device) {
    const Lock lock(state().mutex);
    const cudaStream_t stream = new EmulatedStream{device, false, {}, nullptr};
    state().streams.insert(stream);
    return stream;
}
void destroy_stream(void* stream) {
    cudaStreamDestroy(static_cast<cudaStream_t>(stream));
}

}  // namespace
}  // namespace emulation

extern "C" __attribute__((visibility("default"))) const emulation::Controls* tumble_emulation_controls() {
    using namespace emulation;
    static const Controls controls{set_order,     fail,            last_fault, live,       reset,
                                   set_devices,   kernel_launches, set_taken,  peak_bytes, set_question};
    return &controls;
}
extern "C" __attribute__((visibility("default"))) const emulation::Caller* tumble_emulation_caller() {
    using namespace emulation;
    static const Caller caller{allocate_for_caller, release_of_caller, copy_for_caller, create_stream, destroy_stream};
    return &caller;
}

using emulation::device_of_thread;
using emulation::report;
using emulation::last_error;
using emulation::Lock;
using emulation::result;
using emulation::state;
using emulation::stays;

cudaError_t cudaGetDeviceCount(int* count) {
    const Lock lock(state().mutex);
    if (state().failing[static_cast<int>(Failing::driver)] != 0) return result(cudaErrorInsufficientDriver);
    if (state().devices == 0) return result(cudaErrorNoDevice);
    *count = state().devices;
    return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
    const Lock lock(state().mutex);
    if (device < 0 || device >= state().devices) return result(cudaErrorInvalidDevice);
    device_of_thread = device;
    return cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) {
    *device = device_of_thread;
    return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr which, int device) {
    const Lock lock(state().mutex);
    if (device < 0 || device >= state().devices) return result(cudaErrorInvalidDevice);
    switch (which) {
        case cudaDevAttrMaxThreadsPerBlock: *value = 1024; break;
        case cudaDevAttrMaxSharedMemoryPerBlock: *value = static_cast<int>(emulation::shared_for_all); break;
        case cudaDevAttrWarpSize: *value = warpSize; break;
        case cudaDevAttrMultiProcessorCount: *value = 4; break;
        case cudaDevAttrMaxThreadsPerMultiProcessor: *value = 2048; break;
        case cudaDevAttrComputeCapabilityMajor: *value = 9; break;
        case cudaDevAttrComputeCapabilityMinor: *value = 0; break;
        case cudaDevAttrMaxSharedMemoryPerMultiprocessor: *value = 233472; break;
        case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = static_cast<int>(emulation::shared_by_asking); break;
        case cudaDevAttrMemoryPoolsSupported: *value = 1; break;
        default: return result(cudaErrorInvalidValue);
    }
    return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
    const Lock lock(state().mutex);
    if (device < 0 || device >= state().devices) return result(cudaErrorInvalidDevice);
    *properties = {"emulated device", state().device_bytes, emulation::shared_for_all, emulation::shared_by_asking, 233472,
                   9, 0, 4, warpSize, 1024, 2048, 65536, 50 << 20};
    return cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() {
    const Lock lock(state().mutex);
    if (const cudaError_t code = emulation::refused_while_any_captures("cudaDeviceSynchronize")) return code;
    if (const cudaError_t code = stays()) return result(code);
    emulation::arrive_all(device_of_thread, false);
    return cudaSuccess;
}
cudaError_t cudaDeviceReset() {
    const Lock lock(state().mutex);
    state().stays[device_of_thread] = cudaSuccess;
    return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int* version) {
    *version = CUDART_VERSION;
    return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
    *version = CUDART_VERSION;
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
    const Lock lock(state().mutex);
    if (const cudaError_t code = stays()) return result(code);
    *total = state().device_bytes;
    *free = *total - std::min(*total, state().used[device_of_thread] + state().pool[device_of_thread].unused + state().taken);
    return cudaSuccess;
}
cudaError_t cudaDeviceGetMemPool(cudaMemPool_t* pool, int device) {
    const Lock lock(state().mutex);
    if (device < 0 || device >= state().devices) return result(cudaErrorInvalidDevice);
    *pool = &state().pool[device];
    return cudaSuccess;
}
cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value) {
    const Lock lock(state().mutex);
    if (!pool || !value) return result(cudaErrorInvalidValue);
    const std::uint64_t used = state().used[pool - state().pool];
    const std::uint64_t found = attribute == cudaMemPoolAttrReservedMemCurrent ? used + pool->unused : used;
    std::memcpy(value, &found, sizeof found);
    return cudaSuccess;
}
cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
    emulation::ask(Failing::allocation);
    const Lock lock(state().mutex);
    if (const cudaError_t code = emulation::refused_while_any_captures("cudaMalloc")) return code;
    return emulation::allocate(memory, bytes, device_of_thread);
}
cudaError_t cudaFree(void* memory) {
    const Lock lock(state().mutex);
    if (const cudaError_t code = emulation::refused_while_any_captures("cudaFree")) return code;
    return emulation::release(memory, true);
}
cudaError_t cudaMallocAsync(void** memory, std::size_t bytes, cudaStream_t stream) {
    emulation::ask(Failing::allocation);
    const Lock lock(state().mutex);
    const EmulatedStream* found = emulation::find(stream);
    if (!found) return report(cudaErrorInvalidResourceHandle, "cudaMallocAsync was given a stream that does not live");
    if (const cudaError_t code = emulation::refused_while_capturing("cudaMallocAsync (in a graph: not emulated)", stream)) return code;
    return emulation::allocate(memory, bytes, found->device, found);
}
cudaError_t cudaFreeAsync(void* memory, cudaStream_t stream) {
    const Lock lock(state().mutex);
    const EmulatedStream* found = emulation::find(stream);
    if (!found) return report(cudaErrorInvalidResourceHandle, "cudaFreeAsync was given a stream that does not live");
    if (const cudaError_t code = emulation::refused_while_capturing("cudaFreeAsync (in a graph: not emulated)", stream)) return code;
    const std::size_t before = state().used[found->device];
    const cudaError_t code = emulation::release(memory, true);
    state().pool[found->device].unused += before - state().used[found->device];
    return code;
}
cudaError_t cudaMallocHost(void** memory, std::size_t bytes) {
    emulation::ask(Failing::allocation);
    const Lock lock(state().mutex);
    if (const cudaError_t code = emulation::refused_while_any_captures("cudaMallocHost")) return code;
    return emulation::allocate(memory, bytes, -1);
}
cudaError_t cudaHostAlloc(void** memory, std::size_t bytes, unsigned) {
    return cudaMallocHost(memory, bytes);
}
cudaError_t cudaFreeHost(void* memory) {
    const Lock lock(state().mutex);
    if (const cudaError_t code = emulation::refused_while_any_captures("cudaFreeHost")) return code;
    return emulation::release(memory, false);
}

cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
    emulation::ask(Failing::copy);
    const Lock lock(state().mutex);
    if (const cudaError_t code = emulation::refused_while_any_captures("cudaMemcpy")) return code;
    return emulation::copy(to, from, bytes, kind, emulation::find(nullptr), true);
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
    emulation::ask(Failing::copy);
    const Lock lock(state().mutex);
    return emulation::copy(to, from, bytes, kind, emulation::find(stream), false);
}
cudaError_t cudaMemset(void* to, int value, std::size_t bytes) {
    const Lock lock(state().mutex);
    if (const cudaError_t code = emulation::refused_while_any_captures("cudaMemset")) return code;
    return emulation::set_bytes(to, value, bytes, emulation::find(nullptr));
}
cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream) {
    const Lock lock(state().mutex);
    return emulation::set_bytes(to, value, bytes, emulation::find(stream));
}

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
    return cudaStreamCreateWithFlags(stream, cudaStreamDefault);
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
    emulation::ask(Failing::stream);
    const Lock lock(state().mutex);
    if (const cudaError_t code = stays()) return result(code);
    if (emulation::fails_now(Failing::stream)) return result(cudaErrorMemoryAllocation);
    *stream = new EmulatedStream{device_of_thread, flags != cudaStreamNonBlocking, {}, nullptr};
    state().streams.insert(*stream);
    return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    const Lock lock(state().mutex);
    if (!stream || !state().streams.erase(stream)) return report(cudaErrorInvalidResourceHandle, "a stream was destroyed that does not live");
    if (stays() == cudaSuccess) emulation::arrive(*stream);
    delete stream;
    return result(stays());
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    const Lock lock(state().mutex);
    if (const cudaError_t code = stays()) return result(code);
    EmulatedStream* found = emulation::find(stream);
    if (!found) return report(cudaErrorInvalidResourceHandle, "cudaStreamSynchronize was given a stream that does not live");
    if (const cudaError_t code = emulation::refused_while_capturing("cudaStreamSynchronize", stream)) return code;
    emulation::arrive(*found);
    return cudaSuccess;
}
cudaError_t cudaStreamQuery(cudaStream_t stream) {
    return cudaStreamSynchronize(stream);
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
    const Lock lock(state().mutex);
    if (!emulation::find(stream) || !state().events.count(event))
        return report(cudaErrorInvalidResourceHandle, "cudaStreamWaitEvent was given a stream or event that does not live");
    if (const cudaError_t code = emulation::refused_while_capturing("cudaStreamWaitEvent (in a graph: not emulated)", stream)) return code;
    if (event->recorded && event->stream) {
        std::uint64_t& waited = emulation::find(stream)->waited[event->stream];
        waited = std::max(waited, event->kernels);
        if (state().streams.count(event->stream)) emulation::settle(*event->stream);
    }
    return result(stays());
}

cudaError_t cudaEventCreate(cudaEvent_t* event) {
    return cudaEventCreateWithFlags(event, cudaEventDefault);
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
    const Lock lock(state().mutex);
    if (const cudaError_t code = stays()) return result(code);
    *event = new EmulatedEvent;
    state().events.insert(*event);
    return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    const Lock lock(state().mutex);
    if (!state().events.count(event) || !emulation::find(stream))
        return report(cudaErrorInvalidResourceHandle, "cudaEventRecord was given a stream or event that does not live");
    if (const cudaError_t code = emulation::refused_while_capturing("cudaEventRecord (in a graph: not emulated)", stream)) return code;
    event->recorded = true;
    event->stream = emulation::find(stream);
    event->kernels = event->stream->kernels;
    event->time = std::chrono::steady_clock::now();
    return result(stays());
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    const Lock lock(state().mutex);
    if (const cudaError_t code = stays()) return result(code);
    if (!state().events.count(event)) return report(cudaErrorInvalidResourceHandle, "cudaEventSynchronize was given an event that does not live");
    if (state().streams.count(event->stream)) emulation::arrive(*event->stream);
    for (EmulatedStream& stream : state().default_stream)
        if (event->stream == &stream) emulation::arrive(stream);
    return cudaSuccess;
}
cudaError_t cudaEventQuery(cudaEvent_t event) {
    return cudaEventSynchronize(event);
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t from, cudaEvent_t to) {
    const Lock lock(state().mutex);
    if (!state().events.count(from) || !state().events.count(to) || !from->recorded || !to->recorded)
        return report(cudaErrorInvalidResourceHandle, "cudaEventElapsedTime was given an event that does not live or was not recorded");
    *milliseconds = std::chrono::duration<float, std::milli>(to->time - from->time).count();
    return result(stays());
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
    const Lock lock(state().mutex);
    if (!state().events.erase(event)) return report(cudaErrorInvalidResourceHandle, "an event was destroyed that does not live");
    delete event;
    return result(stays());
}

cudaError_t cudaGetLastError() {
    const Lock lock(state().mutex);
    const cudaError_t code = stays() != cudaSuccess ? stays() : last_error;
    last_error = cudaSuccess;
    return code;
}
cudaError_t cudaPeekAtLastError() {
    const Lock lock(state().mutex);
    return stays() != cudaSuccess ? stays() : last_error;
}

namespace {

struct Named {
    cudaError_t code;
    const char *name, *text;
};
constexpr Named names[] = {
    {cudaSuccess, "cudaSuccess", "no error"},
    {cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument"},
    {cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory"},
    {cudaErrorInitializationError, "cudaErrorInitializationError", "initialization error"},
    {cudaErrorInvalidConfiguration, "cudaErrorInvalidConfiguration", "invalid configuration argument"},
    {cudaErrorInvalidMemcpyDirection, "cudaErrorInvalidMemcpyDirection", "invalid copy direction for memcpy"},
    {cudaErrorInsufficientDriver, "cudaErrorInsufficientDriver", "CUDA driver version is insufficient for CUDA runtime version"},
    {cudaErrorInvalidDeviceFunction, "cudaErrorInvalidDeviceFunction", "invalid device function"},
    {cudaErrorNoDevice, "cudaErrorNoDevice", "no CUDA-capable device is detected"},
    {cudaErrorInvalidDevice, "cudaErrorInvalidDevice", "invalid device ordinal"},
    {cudaErrorNoKernelImageForDevice, "cudaErrorNoKernelImageForDevice", "no kernel image is available for execution on the device"},
    {cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle", "invalid resource handle"},
    {cudaErrorIllegalState, "cudaErrorIllegalState", "the operation cannot be performed in the present state"},
    {cudaErrorNotReady, "cudaErrorNotReady", "device not ready"},
    {cudaErrorIllegalAddress, "cudaErrorIllegalAddress", "an illegal memory access was encountered"},
    {cudaErrorLaunchOutOfResources, "cudaErrorLaunchOutOfResources", "too many resources requested for launch"},
    {cudaErrorLaunchFailure, "cudaErrorLaunchFailure", "unspecified launch failure"},
    {cudaErrorNotSupported, "cudaErrorNotSupported", "operation not supported"},
    {cudaErrorStreamCaptureUnsupported, "cudaErrorStreamCaptureUnsupported", "operation not permitted when stream is capturing"},
    {cudaErrorStreamCaptureInvalidated, "cudaErrorStreamCaptureInvalidated", "operation failed due to a previous error during capture"},
};
const Named* named(cudaError_t code) {
    for (const Named& one : names)
        if (one.code == code) return &one;
    return nullptr;
}

}  // namespace

const char* cudaGetErrorString(cudaError_t code) {
    const Lock lock(state().mutex);
    static thread_local std::string text;
    const Named* found = named(code);
    text = found ? found->text : "unrecognized error code";
    if (code != cudaSuccess && code == state().fault_code) text += ": " + state().fault;
    return text.c_str();
}
const char* cudaGetErrorName(cudaError_t code) {
    const Named* found = named(code);
    return found ? found->name : "unrecognized error code";
}
