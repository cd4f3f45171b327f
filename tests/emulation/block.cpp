// Runs the blocks of a grid, one after the other; the threads of a block are fibers. A fiber whose thread has finished goes on
// with the next one, so that a kernel without barriers runs on one fiber, at the speed of a loop.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <vector>

#include "device_state.hpp"
#include "fiber.hpp"

#if defined(TUMBLE_FIBERS_TOLD_TO_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

constinit thread_local uint3 threadIdx{0, 0, 0};
constinit thread_local uint3 blockIdx{0, 0, 0};
constinit thread_local dim3 blockDim;
constinit thread_local dim3 gridDim;

namespace emulation {
namespace {

constexpr unsigned warp = 32;

// To the thread sanitizer each thread of the device is a thread, and accesses are ordered only by what orders them on a card:
// the start and end of a kernel, barriers and warp operations. A barrier that is missing is a race then, in every order, and
// so are accesses of two blocks. (This file and fiber.cpp themselves are not instrumented.)
#if defined(TUMBLE_FIBERS_TOLD_TO_TSAN)
constexpr bool one_fiber_a_thread = true;
void before(char& point) {
    __tsan_release(&point);
}
void after(char& point) {
    __tsan_acquire(&point);
}
#else
constexpr bool one_fiber_a_thread = false;
void before(char&) {}
void after(char&) {}
#endif

std::string text_of(const Place& place) {
    return std::string(place.file_name()) + ":" + std::to_string(place.line());
}
std::string text_of(uint3 v) {
    char text[48];
    std::snprintf(text, sizeof text, "(%u, %u, %u)", v.x, v.y, v.z);
    return text;
}
std::string count_of(unsigned n, unsigned of) {
    return std::to_string(n) + " of " + std::to_string(of) + " threads";
}

class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 0x632be59bd9b4e019u) {}
    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(((next() >> 32) * n) >> 32); }

  private:
    std::uint64_t state_;
};

bool same(const Place& a, const Place& b) {
    return a.line() == b.line() && a.column() == b.column() &&
           (a.file_name() == b.file_name() || std::strcmp(a.file_name(), b.file_name()) == 0);
}

/// Lanes of a warp that wait for each other.
struct Meeting {
    const char* kind;
    Place place;
    unsigned mask, come;
};

struct Warp {
    std::vector<Meeting> meetings;
    void* records[warp];
    char points[2];  ///< taken in turn, so that a lane that comes to the next meeting does not order those that have yet to leave
    bool turn;
};

enum class Standing : unsigned char { new_, ready, at_barrier, in_warp, left };

struct Thread {
    Fiber* fiber = nullptr;
    Place place{};
    Standing standing = Standing::new_;
};

/// Shared memory of one block: exactly the bytes of the launch, all 0xFF. Without the address sanitizer, which sees every
/// access beyond the end, a margin shows writes there after the block.
class SharedMemory {
  public:
    explicit SharedMemory(std::size_t bytes) : bytes_(bytes) {
        memory_ = static_cast<unsigned char*>(std::aligned_alloc(16, (bytes + margin + 15) / 16 * 16));
        if (!memory_) throw std::bad_alloc();
        std::memset(memory_, 0xff, bytes + margin);
    }
    ~SharedMemory() { std::free(memory_); }
    SharedMemory(const SharedMemory&) = delete;
    SharedMemory& operator=(const SharedMemory&) = delete;
    void* data() { return memory_; }
    bool overrun() const {
        for (std::size_t i = 0; i < margin; i++)
            if (memory_[bytes_ + i] != 0xff) return true;
        return false;
    }

  private:
#if defined(__SANITIZE_ADDRESS__)
    static constexpr std::size_t margin = 0;
#else
    static constexpr std::size_t margin = 64;
#endif
    std::size_t bytes_;
    unsigned char* memory_;
};

/// Leaves a kernel; caught at the bottom of the fiber's stack.
struct Fault {
    std::string sentence;
};
[[noreturn]] void fault(std::string sentence) {
    throw Fault{std::move(sentence)};
}

class Executor {
  public:
    std::string run(const Launch& launch, OrderChoice order);

    int barrier(Barrier kind, int predicate, const Place& place);
    void warp_operation(const char* kind, unsigned mask, void* record, void (*complete)(void* const*, unsigned), const Place& place);
    unsigned lane() const { return current_ % warp; }
    void* shared() { return shared_->data(); }
    bool running() const { return launch_ != nullptr; }

  private:
    [[noreturn]] static void fiber_main();
    void run_block();
    void prepare_threads();
    unsigned take();
    void give(unsigned thread) { ready_.push_back(static_cast<unsigned short>(thread)); }
    void wait(Standing standing, const Place& place);
    void leave_for_next(Fiber& from);
    std::string what_is_stuck() const;
    Fiber* idle_fiber();
    template <class Body>
    void in_order(unsigned begin, unsigned end, Body&& body) const {  // the last one given is taken first
        if (order_.order == Order::reversed)
            for (unsigned i = begin; i < end; i++) body(i);
        else
            for (unsigned i = end; i-- > begin;) body(i);
    }

    Fiber host_;
    std::vector<std::unique_ptr<Fiber>> fibers_;
    std::vector<Fiber*> idle_, used_;
    const Launch* launch_ = nullptr;
    OrderChoice order_;
    Random random_{0};
    unsigned threads_ = 0;
    std::vector<uint3> indices_;
    std::vector<Thread> thread_;
    std::vector<Warp> warps_;
    std::vector<unsigned short> ready_;
    unsigned current_ = 0, left_ = 0, at_barrier_ = 0;
    int barrier_any_ = 0, barrier_all_ = 1, barrier_count_ = 0, barrier_result_ = 0;
    Barrier barrier_kind_ = Barrier::plain;
    char barrier_points_[2] = {}, grid_begins_ = 0, grid_ends_ = 0;
    bool barrier_turn_ = false;
    Place barrier_place_{};
    SharedMemory* shared_ = nullptr;
    std::vector<std::unique_ptr<SharedMemory>> kept_;  ///< freed when the sanitizer knows that the threads are gone
    std::string fault_;
};

Executor& executor() {
    static thread_local Executor one;
    return one;
}
thread_local Executor* active = nullptr;

Executor& in_kernel(const char* what) {
    if (!active) {
        std::fprintf(stderr, "emulated device: %s was called outside of a kernel\n", what);
        std::abort();
    }
    return *active;
}

unsigned Executor::take() {
    if (order_.order == Order::seeded) std::swap(ready_.back(), ready_[random_.below(static_cast<unsigned>(ready_.size()))]);
    const unsigned thread = ready_.back();
    ready_.pop_back();
    return thread;
}

Fiber* Executor::idle_fiber() {
    if (idle_.empty()) {
        fibers_.push_back(std::make_unique<Fiber>(fiber_main, static_cast<unsigned>(fibers_.size())));
        return fibers_.back().get();
    }
    Fiber* fiber = idle_.back();
    idle_.pop_back();
    return fiber;
}

void Executor::fiber_main() {
    Executor& e = *active;
    for (;;) {
        const unsigned me = e.current_;
        Thread& thread = e.thread_[me];
        threadIdx = e.indices_[me];
        after(e.grid_begins_);
        try {
            e.launch_->call(*e.launch_);
        } catch (Fault& found) {
            e.fault_ = std::move(found.sentence);
        }
        before(e.grid_ends_);
        Fiber* const mine = thread.fiber;
        if (!e.fault_.empty()) Fiber::change(*mine, e.host_);  // and never back
        thread.standing = Standing::left;
        e.left_++;
        if (!e.ready_.empty()) {
            const unsigned next = e.take();
            e.current_ = next;
            Thread& other = e.thread_[next];
            if (other.standing == Standing::new_) {
                other.standing = Standing::ready;
                other.fiber = one_fiber_a_thread ? e.idle_fiber() : mine;
                if (other.fiber == mine) continue;
            }
            (one_fiber_a_thread ? e.used_ : e.idle_).push_back(mine);
            Fiber::change(*mine, *other.fiber);
        } else {
            (one_fiber_a_thread ? e.used_ : e.idle_).push_back(mine);
            Fiber::change(*mine, e.host_);
        }
    }
}

/// Goes on with the next thread that can; with the host if there is none.
void Executor::leave_for_next(Fiber& from) {
    if (ready_.empty()) {
        Fiber::change(from, host_);
        return;
    }
    const unsigned next = take();
    current_ = next;
    Thread& other = thread_[next];
    if (other.standing == Standing::new_) {
        other.standing = Standing::ready;
        other.fiber = idle_fiber();
    }
    if (other.fiber != &from) Fiber::change(from, *other.fiber);
}

void Executor::wait(Standing standing, const Place& place) {
    const unsigned me = current_;
    thread_[me].standing = standing;
    thread_[me].place = place;
    before(grid_ends_);  // it may be left here for good
    leave_for_next(*thread_[me].fiber);
    threadIdx = indices_[me];
}

int Executor::barrier(Barrier kind, int predicate, const Place& place) {
    if (at_barrier_ == 0) {
        barrier_kind_ = kind;
        barrier_place_ = place;
        barrier_any_ = barrier_count_ = 0;
        barrier_all_ = 1;
    } else if (kind != barrier_kind_ || !same(place, barrier_place_)) {
        fault("thread " + text_of(threadIdx) + " comes to the barrier of " + text_of(place) + " while " + count_of(at_barrier_, threads_) +
              " wait at that of " + text_of(barrier_place_));
    }
    barrier_any_ |= predicate != 0;
    barrier_all_ &= predicate != 0;
    barrier_count_ += predicate != 0;
    char& point = barrier_points_[barrier_turn_];
    before(point);
    if (++at_barrier_ == threads_) {
        at_barrier_ = 0;
        barrier_turn_ = !barrier_turn_;
        barrier_result_ = kind == Barrier::any ? barrier_any_ : kind == Barrier::all ? barrier_all_ : barrier_count_;
        in_order(0, threads_, [&](unsigned i) {
            thread_[i].standing = Standing::ready;
            give(i);
        });
    }
    const unsigned me = current_;
    if (at_barrier_ == 0) {  // the last to come takes its turn like the others
        leave_for_next(*thread_[me].fiber);
        threadIdx = indices_[me];
    } else {
        wait(Standing::at_barrier, place);
    }
    after(point);
    // Nobody can complete another barrier before this thread comes to it.
    return barrier_result_;
}

void Executor::warp_operation(const char* kind, unsigned mask, void* record, void (*complete)(void* const*, unsigned), const Place& place) {
    const unsigned me = current_, first = me / warp * warp, bit = 1u << (me % warp);
    const unsigned lanes = threads_ - first >= warp ? 0xffffffffu : (1u << (threads_ - first)) - 1;
    if (!(mask & bit))
        fault("thread " + text_of(threadIdx) + " is not in the mask of its " + kind + " at " + text_of(place));
    mask &= lanes;
    Warp& mine = warps_[me / warp];
    std::size_t at = 0;
    while (at < mine.meetings.size() && (mine.meetings[at].mask != mask || (mine.meetings[at].kind != kind && std::strcmp(mine.meetings[at].kind, kind) != 0)))
        at++;
    // Lanes of the mask may still wait in another meeting, but not for this one.
    for (std::size_t i = 0; i < mine.meetings.size(); i++) {
        const Meeting& other = mine.meetings[i];
        if (i != at && (other.mask & bit) && (other.come & mask))
            fault("thread " + text_of(threadIdx) + " comes to " + kind + " at " + text_of(place) + " while lanes of its mask wait for it in " +
                  other.kind + " at " + text_of(other.place) + (other.mask != mask ? " with another mask" : ""));
    }
    if (at == mine.meetings.size()) mine.meetings.push_back({kind, place, mask, 0});
    Meeting& meeting = mine.meetings[at];
    mine.records[me % warp] = record;
    meeting.come |= bit;
    char& point = mine.points[mine.turn];
    before(point);
    if (meeting.come != mask) {
        wait(Standing::in_warp, place);
        after(point);
        return;
    }
    mine.turn = !mine.turn;
    after(point);
    meeting = mine.meetings.back();
    mine.meetings.pop_back();
    if (complete) {
        void* records[warp];
        for (unsigned l = 0; l < warp; l++) records[l] = mask >> l & 1u ? mine.records[l] : nullptr;
        complete(records, mask);
        before(point);
    }
    in_order(0, warp, [&](unsigned l) {
        if (!(mask >> l & 1u)) return;
        thread_[first + l].standing = Standing::ready;
        give(first + l);
    });
    leave_for_next(*thread_[me].fiber);
    threadIdx = indices_[me];
}


std::string Executor::what_is_stuck() const {
    unsigned barrier = 0, in_warp = 0;
    const Thread* example = nullptr;
    for (unsigned i = 0; i < threads_; i++) {
        barrier += thread_[i].standing == Standing::at_barrier;
        if (thread_[i].standing == Standing::in_warp) {
            in_warp++;
            example = &thread_[i];
        }
    }
    std::string text;
    if (barrier) text = count_of(barrier, threads_) + " wait at the barrier of " + text_of(barrier_place_);
    if (in_warp) {
        if (barrier) text += ", ";
        text += count_of(in_warp, threads_) + " wait for lanes of their warp at " + text_of(example->place);
        for (const Warp& w : warps_)
            if (!w.meetings.empty()) {
                text += std::string(" (") + w.meetings[0].kind + ")";
                break;
            }
    }
    return text + ", and " + std::to_string(left_) + " have left the kernel";
}

void Executor::prepare_threads() {
    const dim3 block = launch_->block;
    threads_ = block.x * block.y * block.z;
    indices_.clear();
    for (unsigned z = 0; z < block.z; z++)
        for (unsigned y = 0; y < block.y; y++)
            for (unsigned x = 0; x < block.x; x++) indices_.push_back({x, y, z});
    thread_.assign(threads_, {});
    warps_.resize((threads_ + warp - 1) / warp);
    for (Warp& w : warps_) {
        w.meetings.clear();
        w.meetings.reserve(warp);
    }
    ready_.reserve(threads_);
    if (!one_fiber_a_thread) return;
    // On the fibers themselves nothing is allocated, which the sanitizer would see.
    idle_.reserve(2048);
    used_.reserve(2048);
    while (fibers_.size() < 2 * threads_) {
        fibers_.push_back(std::make_unique<Fiber>(fiber_main, static_cast<unsigned>(fibers_.size())));
        idle_.push_back(fibers_.back().get());
    }
}

void Executor::run_block() {
    auto memory = std::make_unique<SharedMemory>(launch_->shared_bytes);
    SharedMemory& shared = *memory;
    shared_ = &shared;
    if (one_fiber_a_thread) kept_.push_back(std::move(memory));
    before(grid_begins_);
    idle_.insert(idle_.begin(), used_.begin(), used_.end());  // the next block takes other fibers
    used_.clear();
    left_ = at_barrier_ = 0;
    ready_.clear();
    in_order(0, threads_, [&](unsigned i) {
        thread_[i].standing = Standing::new_;
        give(i);
    });
    const unsigned first = take();
    current_ = first;
    thread_[first].standing = Standing::ready;
    thread_[first].fiber = idle_fiber();
    Fiber::change(host_, *thread_[first].fiber);
    if (!fault_.empty()) after(grid_ends_);
    if (fault_.empty() && left_ != threads_) fault_ = what_is_stuck();
    if (!fault_.empty()) {
        idle_.clear();
        used_.clear();
        for (auto& fiber : fibers_) {
            fiber->restart();
            idle_.push_back(fiber.get());
        }
        for (Warp& w : warps_) w.meetings.clear();
    } else if (shared.overrun()) {
        fault_ = "a write beyond the " + std::to_string(launch_->shared_bytes) + " bytes of shared memory of the launch";
    }
    if (!fault_.empty()) fault_ = "block " + text_of(blockIdx) + ": " + fault_;
}

std::string Executor::run(const Launch& launch, OrderChoice order) {
    if (active) return "a kernel was started from within a kernel";
    launch_ = &launch;
    order_ = order;
    random_ = Random(order.seed);
    fault_.clear();
    active = this;
    gridDim = launch.grid;
    blockDim = launch.block;
    prepare_threads();
    const auto blocks = static_cast<std::uint64_t>(launch.grid.x) * launch.grid.y * launch.grid.z;
    // Seeded: every block once, by steps that share no factor with their number.
    std::uint64_t step = 1, at = 0;
    if (order.order == Order::seeded && blocks > 1) {
        at = random_.next() % blocks;
        do step = random_.next() % blocks;
        while (std::gcd(step, blocks) != 1);
    }
    for (std::uint64_t i = 0; i < blocks && fault_.empty(); i++) {
        const std::uint64_t block = order.order == Order::reversed ? blocks - 1 - i : at;
        at = (at + step) % blocks;
        blockIdx = {static_cast<unsigned>(block % launch.grid.x), static_cast<unsigned>(block / launch.grid.x % launch.grid.y),
                    static_cast<unsigned>(block / launch.grid.x / launch.grid.y)};
        run_block();
        if (kept_.size() * launch.shared_bytes > (std::size_t(64) << 20)) {
            after(grid_ends_);  // which orders the blocks before and after
            kept_.clear();
        }
    }
    after(grid_ends_);
    kept_.clear();
    active = nullptr;
    launch_ = nullptr;
    shared_ = nullptr;
    return std::move(fault_);
}

}  // namespace

std::string run_grid(const Launch& launch, OrderChoice order) {
    return executor().run(launch, order);
}

void* shared_memory() {
    return in_kernel("shared_memory()").shared();
}

void warp_operation(const char* kind, unsigned mask, void* record, void (*complete)(void* const*, unsigned), Place place) {
    in_kernel(kind).warp_operation(kind, mask, record, complete, place);
}

void fault(const char* sentence, Place place) {
    fault(std::string(sentence) + " at " + text_of(place));
}

unsigned lane_of_warp() {
    return in_kernel("a warp operation").lane();
}

int barrier(Barrier kind, int predicate, Place place) {
    return in_kernel("__syncthreads").barrier(kind, predicate, place);
}

unsigned long long shuffle(unsigned mask, unsigned long long bits, unsigned source, const char* kind, Place place) {
    Shuffle mine{bits, source, 0};
    warp_operation(
        kind, mask, &mine,
        [](void* const* records, unsigned lanes) {
            for (unsigned l = 0; l < warp; l++) {
                if (!(lanes >> l & 1u)) continue;
                auto* lane = static_cast<Shuffle*>(records[l]);
                if (lane->source >= warp || !(lanes >> lane->source & 1u)) {
                    lane->source = ~0u;
                    continue;
                }
                lane->result = static_cast<const Shuffle*>(records[lane->source])->value;
            }
        },
        place);
    if (mine.source == ~0u) fault("a shuffle reads a lane that takes no part in it", place);
    return mine.result;
}

namespace {

struct Reduced {
    long long value;
    Reduction reduction;
    unsigned long long result;
};

void reduce_lanes(void* const* records, unsigned lanes) {
    long long result = 0;
    bool first = true;
    for (unsigned l = 0; l < warp; l++) {
        if (!(lanes >> l & 1u)) continue;
        const auto& one = *static_cast<const Reduced*>(records[l]);
        const long long value = one.reduction == Reduction::ballot ? static_cast<long long>(one.value != 0) << l : one.value;
        if (first) result = value;
        else switch (one.reduction) {
                case Reduction::ballot:
                case Reduction::bits_or: result |= value; break;
                case Reduction::bits_and: result &= value; break;
                case Reduction::bits_xor: result ^= value; break;
                case Reduction::sum: result += value; break;
                case Reduction::least: result = value < result ? value : result; break;
                case Reduction::most: result = value > result ? value : result; break;
            }
        first = false;
    }
    for (unsigned l = 0; l < warp; l++)
        if (lanes >> l & 1u) static_cast<Reduced*>(records[l])->result = static_cast<unsigned long long>(result);
}

}  // namespace

unsigned long long reduce(unsigned mask, long long value, Reduction reduction, const char* kind, Place place) {
    Reduced mine{value, reduction, 0};
    warp_operation(kind, mask, &mine, reduce_lanes, place);
    return mine.result;
}

}  // namespace emulation

void sincospif(float x, float* sine, float* cosine) {
    if (!isfinite(x)) {
        *sine = *cosine = NAN;
        return;
    }
    // Quarter turns and the rest, exactly; series good to 1e-11 over the rest.
    const float quarters = rintf(2 * x);
    const double t = M_PI * (x - 0.5 * quarters), q = t * t;
    const double s = t * (1 - q / 6 * (1 - q / 20 * (1 - q / 42 * (1 - q / 72 * (1 - q / 110)))));
    const double c = 1 - q / 2 * (1 - q / 12 * (1 - q / 30 * (1 - q / 56 * (1 - q / 90 * (1 - q / 132)))));
    switch (static_cast<long long>(fmodf(quarters, 4)) & 3) {
        case 0: *sine = static_cast<float>(s), *cosine = static_cast<float>(c); break;
        case 1: *sine = static_cast<float>(c), *cosine = static_cast<float>(-s); break;
        case 2: *sine = static_cast<float>(-s), *cosine = static_cast<float>(-c); break;
        default: *sine = static_cast<float>(-c), *cosine = static_cast<float>(s); break;
    }
}
