#include "handles.hpp"

using namespace tumble::c_interface;

extern "C" {

tumble_status tumble_context_create(tumble_context** context) {
    return handed_out(context, "context", nullptr, [] { return std::make_unique<tumble_context>(); });
}

void tumble_context_destroy(tumble_context* context) { take_back(context); }

tumble_status tumble_context_set_progress(tumble_context* context, tumble_progress_callback callback, void* user) {
    return guarded(nullptr, [&] {
        required(context, "context").progress = callback;
        context->progress_user = user;
    });
}

tumble_status tumble_context_set_log(tumble_context* context, tumble_log_callback callback, void* user) {
    return guarded(nullptr, [&] {
        required(context, "context").log = callback;
        context->log_user = user;
    });
}

tumble_status tumble_context_set_allocator(tumble_context* context, tumble_allocate_callback allocate, tumble_free_callback give_back, void* user) {
    return guarded(nullptr, [&] {
        tumble_context& c = required(context, "context");
        if (!allocate != !give_back) throw BoundaryError(TUMBLE_E_NULL, std::string(allocate ? "give_back" : "allocate") + " is NULL: expected both functions or neither");
        c.allocator = {allocate, give_back, user};
    });
}

void tumble_context_cancel(tumble_context* context) {
    if (context) context->cancel.store(true, std::memory_order_relaxed);
}

tumble_status tumble_context_callback_value(const tumble_context* context, int32_t* value) {
    return guarded(nullptr, [&] { required(value, "value") = required(context, "context").callback_value; });
}

const char* tumble_context_error(const tumble_context* context) { return context ? context->error.data() : ""; }

}  // extern "C"
