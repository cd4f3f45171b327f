#include "backend/loader.hpp"
#include "operators/states.hpp"
#include "tumble/error.hpp"

namespace tumble {

Device::Device(const std::string& name, int threads) {
    const backend::Choice choice = backend::choose_backend(name);
    state_ = std::make_shared<State>(State{Backend(*choice.table, choice.device, threads), {}});
}

const std::string& Device::name() const { return state_->backend.device(); }
int Device::memory_device() const { return state_->backend.memory_device(); }

void Device::set_stream(void* stream) const {
    if (memory_device() < 0) throw bad_input("a stream was given to the device '" + name() + "', which has none: expected a device of CUDA");
    state_->stream = stream;
}

void Device::copy_to_host(void* to, const void* from, std::int64_t bytes) const { state_->backend.copy_to_host(to, from, bytes, state_->stream); }
void Device::copy_from_host(void* to, const void* from, std::int64_t bytes) const { state_->backend.copy_from_host(to, from, bytes, state_->stream); }

}  // namespace tumble
