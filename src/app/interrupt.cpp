#include "app/interrupt.hpp"

#include <unistd.h>

#include <atomic>
#include <csignal>

#include "tumble/error.hpp"

namespace tumble::app {

namespace {

// A signal handler can reach nothing but static storage.
std::atomic<bool> requested{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may touch lock-free atomics only");

extern "C" void on_signal(int) {
    if (requested.exchange(true)) _exit(static_cast<int>(ErrorKind::interrupted));
}

}  // namespace

void watch_for_interrupts() {
    struct sigaction action = {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;  // a read or write under way goes on; the work stops at its next check
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

bool interrupt_requested() {
    return requested.load();
}

}  // namespace tumble::app
