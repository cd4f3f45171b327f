#pragma once
// A Progress that calls the callbacks of a context.
#include <chrono>
#include <string>

#include "handles.hpp"
#include "tumble/progress.hpp"

namespace tumble::c_interface {

/// Without a context it reports nowhere and is never cancelled.
class CallbackProgress final : public Progress {
  public:
    explicit CallbackProgress(tumble_context* context) : context_(context) {}
    void stage(const std::string& name) override;
    void update(double fraction) override;
    void log(const std::string& line) override;
    void round(const RoundReport& report) override { round_ = report.round; }
    bool cancelled() override;

  private:
    void report(double fraction);

    tumble_context* context_;
    std::string stage_;
    std::chrono::steady_clock::time_point reported_{};
    std::int32_t round_ = 0;
    bool stopped_ = false;
};

/// Where the sentence of a failure goes besides the thread's; null without a context.
inline Sentence* error_of(tumble_context* context) {
    if constexpr (checks_handles)
        if (!is_live_handle(context)) return nullptr;
    return context ? &context->error : nullptr;
}

}  // namespace tumble::c_interface
