#include "callback_progress.hpp"

namespace tumble::c_interface {

void CallbackProgress::stage(const std::string& name) {
    stage_ = name;
    report(0);
}

void CallbackProgress::update(double fraction) {
    if (fraction < 1 && std::chrono::steady_clock::now() - reported_ < std::chrono::milliseconds(100)) return;
    report(fraction);
}

void CallbackProgress::log(const std::string& line) {
    if (context_ && context_->log) context_->log(line.c_str(), context_->log_user);
}

bool CallbackProgress::cancelled() {
    if (context_ && !stopped_) stopped_ = context_->cancel.exchange(false, std::memory_order_relaxed);
    return stopped_;
}

void CallbackProgress::report(double fraction) {
    reported_ = std::chrono::steady_clock::now();
    if (!context_ || !context_->progress) return;
    const tumble_progress progress{sizeof(tumble_progress), stage_.c_str(), fraction, round_, 0};
    const std::int32_t value = context_->progress(&progress, context_->progress_user);
    if (value == 0) return;
    context_->callback_value = value;
    stopped_ = true;
}

}  // namespace tumble::c_interface
