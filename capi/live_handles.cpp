#include "live_handles.hpp"

#include <mutex>
#include <unordered_set>

namespace tumble::c_interface {
namespace {

struct LiveHandles {
    std::mutex mutex;
    std::unordered_set<const void*> handles;
};

// The one thing that contexts share, in a checking build only.
LiveHandles& live_handles() {
    static LiveHandles live;
    return live;
}

}  // namespace

void add_live_handle(const void* handle) {
    const std::lock_guard lock(live_handles().mutex);
    live_handles().handles.insert(handle);
}

bool remove_live_handle(const void* handle) noexcept {
    const std::lock_guard lock(live_handles().mutex);
    return live_handles().handles.erase(handle) > 0;
}

bool is_live_handle(const void* handle) noexcept {
    const std::lock_guard lock(live_handles().mutex);
    return live_handles().handles.count(handle) > 0;
}

}  // namespace tumble::c_interface
