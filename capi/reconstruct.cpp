#include <array>
#include <chrono>
#include <memory>

#include "array_access.hpp"
#include "handles.hpp"
#include "result.hpp"

using namespace tumble::c_interface;

namespace {

/// A Progress that calls the context's callbacks.
class CallbackProgress final : public tumble::Progress {
  public:
    explicit CallbackProgress(tumble_context& context) : context_(context) {}
    void stage(const std::string& name) override {
        stage_ = name;
        report(0);
    }
    void update(double fraction) override {
        if (fraction < 1 && std::chrono::steady_clock::now() - reported_ < std::chrono::milliseconds(100)) return;
        report(fraction);
    }
    void log(const std::string& line) override {
        if (context_.log) context_.log(line.c_str(), context_.log_user);
    }
    void round(const tumble::RoundReport& report) override { round_ = report.round; }
    bool cancelled() override { return stopped_ || (stopped_ = context_.cancel.exchange(false, std::memory_order_relaxed)); }

  private:
    void report(double fraction) {
        reported_ = std::chrono::steady_clock::now();
        if (!context_.progress) return;
        const tumble_progress progress{sizeof(tumble_progress), stage_.c_str(), fraction, round_, 0};
        const std::int32_t value = context_.progress(&progress, context_.progress_user);
        if (value == 0) return;
        context_.callback_value = value;
        stopped_ = true;
    }

    tumble_context& context_;
    std::string stage_;
    std::chrono::steady_clock::time_point reported_{};
    std::int32_t round_ = 0;
    bool stopped_ = false;
};

constexpr std::array<std::int64_t, 3> any_stack{-1, -1, -1};

}  // namespace

extern "C" {

tumble_status tumble_plan_query(const tumble_array* images, const tumble_options* options, tumble_plan* plan) {
    return guarded(nullptr, [&] {
        require_array(images, "images", any_stack);
        require_struct_size(required(plan, "plan").struct_size, sizeof(tumble_plan), "plan");
        const auto p = tumble::plan_reconstruction(images->shape[0], images->shape[1], images->shape[2], required(options, "options").values);
        *plan = {sizeof(tumble_plan), p.box, p.memory_bytes, p.time_s};
    });
}

tumble_status tumble_reconstruct(tumble_context* context, const tumble_array* images, const tumble_options* options,
                                 tumble_result** result) {
    return handed_out(result, "result", context ? &context->error : nullptr, [&] {
        required(context, "context");
        require_array(images, "images", any_stack);
        std::vector<float> copy;
        const bool in_place = is_plain_float32(*images);
        if (!in_place) copy = copied_floats(*images, "images");
        const float* data = in_place ? static_cast<const float*>(images->data) : copy.data();
        required(data, "images: data");
        CallbackProgress progress(*context);
        return gathered(tumble::reconstruct({data, images->shape[0], images->shape[1], images->shape[2]}, required(options, "options").values, progress));
    });
}

}  // extern "C"
