#pragma once
// Fibers: stacks of their own within one thread of the host, switched by hand.
#include <cstddef>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif
#if defined(__SANITIZE_ADDRESS__)
#define TUMBLE_FIBERS_TOLD_TO_ASAN 1
#endif

namespace emulation {

/// A stack with guard pages and where it stands. `entry` must never return. Stays in its thread.
class Fiber {
  public:
    /// What the thread itself runs on.
    Fiber();
    /// `number` staggers the tops of the stacks, which would else share the same lines of the cache.
    Fiber(void (*entry)(), unsigned number);
    ~Fiber();
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;

    /// Leaves `from`, which is running, and goes on with `to`.
    static void change(Fiber& from, Fiber& to);
    /// Forgets what was on the stack; the next change() begins with the entry.
    void restart();

  private:
    static void begin();
#if defined(__x86_64__)
    void* stack_pointer_ = nullptr;
#else
    ucontext_t context_;
#endif
    unsigned char* mapped_ = nullptr;
    void (*entry_)() = nullptr;
    unsigned number_ = 0;
    const void* bottom_ = nullptr;
    std::size_t size_ = 0;
    void* tsan_ = nullptr;  ///< the thread sanitizer's name of it
};

}  // namespace emulation
