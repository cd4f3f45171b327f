#include "fiber.hpp"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <new>

#if defined(TUMBLE_FIBERS_TOLD_TO_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#if defined(TUMBLE_FIBERS_TOLD_TO_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

#if defined(__x86_64__)
// Registers that a callee keeps are saved on the stack that is left and taken from the one that is entered.
extern "C" void tumble_emulation_change_stack(void** left, void* entered);
asm(R"(
.text
.p2align 4
.hidden tumble_emulation_change_stack
.globl tumble_emulation_change_stack
.type tumble_emulation_change_stack, @function
tumble_emulation_change_stack:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    popq %rcx
    jmp *%rcx
.size tumble_emulation_change_stack, .-tumble_emulation_change_stack
)");
#endif

namespace emulation {
namespace {

// Only touched pages take memory.
constexpr std::size_t stack_bytes = 256 * 1024;

thread_local Fiber* running = nullptr;

std::size_t page_bytes() {
    static const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return bytes;
}

}  // namespace

Fiber::Fiber() {
#if defined(TUMBLE_FIBERS_TOLD_TO_ASAN)
    pthread_attr_t attributes;
    void* stack = nullptr;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        pthread_attr_getstack(&attributes, &stack, &size_);
        pthread_attr_destroy(&attributes);
    }
    bottom_ = stack;
#endif
#if defined(TUMBLE_FIBERS_TOLD_TO_TSAN)
    tsan_ = __tsan_get_current_fiber();
#endif
}

Fiber::Fiber(void (*entry)(), unsigned number) : entry_(entry), number_(number), size_(stack_bytes) {
    void* memory = mmap(nullptr, stack_bytes + page_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    mapped_ = static_cast<unsigned char*>(memory);
    mprotect(mapped_, page_bytes(), PROT_NONE);
    bottom_ = mapped_ + page_bytes();
    restart();
}

Fiber::~Fiber() {
    if (!mapped_) return;
#if defined(TUMBLE_FIBERS_TOLD_TO_TSAN)
    __tsan_destroy_fiber(tsan_);
#endif
#if defined(TUMBLE_FIBERS_TOLD_TO_ASAN)
    __asan_unpoison_memory_region(bottom_, size_);
#endif
    munmap(mapped_, stack_bytes + page_bytes());
}

void Fiber::restart() {
#if defined(TUMBLE_FIBERS_TOLD_TO_TSAN)
    if (tsan_) __tsan_destroy_fiber(tsan_);
    tsan_ = __tsan_create_fiber(0);
#endif
#if defined(TUMBLE_FIBERS_TOLD_TO_ASAN)
    __asan_unpoison_memory_region(bottom_, size_);
#endif
    const std::size_t lower = (number_ % 31) * 128;
#if defined(__x86_64__)
    // A call leaves the stack 8 bytes off a multiple of 16.
    auto* top = reinterpret_cast<void**>(mapped_ + page_bytes() + size_ - lower - 72);
    void (*const first)() = begin;
    std::memcpy(top - 1, &first, sizeof first);
    std::memset(top - 7, 0, 6 * sizeof(void*));
    std::memset(static_cast<void*>(top), 0, sizeof(void*));
    stack_pointer_ = top - 7;
#else
    getcontext(&context_);
    context_.uc_stack.ss_sp = mapped_ + page_bytes();
    context_.uc_stack.ss_size = size_ - lower;
    context_.uc_link = nullptr;
    makecontext(&context_, begin, 0);
#endif
}

void Fiber::begin() {
#if defined(TUMBLE_FIBERS_TOLD_TO_ASAN)
    __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
    running->entry_();
    __builtin_trap();
}

void Fiber::change(Fiber& from, Fiber& to) {
    running = &to;
#if defined(TUMBLE_FIBERS_TOLD_TO_ASAN)
    void* frames = nullptr;
    __sanitizer_start_switch_fiber(&frames, to.bottom_, to.size_);
#endif
#if defined(TUMBLE_FIBERS_TOLD_TO_TSAN)
    // What orders the accesses of threads is said at barriers (block.cpp), not here.
    __tsan_switch_to_fiber(to.tsan_, __tsan_switch_to_fiber_no_sync);
#endif
#if defined(__x86_64__)
    tumble_emulation_change_stack(&from.stack_pointer_, to.stack_pointer_);
#else
    swapcontext(&from.context_, &to.context_);
#endif
#if defined(TUMBLE_FIBERS_TOLD_TO_ASAN)
    __sanitizer_finish_switch_fiber(frames, nullptr, nullptr);
#endif
}

}  // namespace emulation
