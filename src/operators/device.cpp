#include "backend/loader.hpp"
#include "operators/states.hpp"

namespace tumble {

Device::Device(const std::string& name, int threads) {
    const backend::Choice choice = backend::choose_backend(name);
    state_ = std::make_shared<State>(State{Backend(*choice.table, choice.device, threads)});
}

const std::string& Device::name() const { return state_->backend.device(); }

}  // namespace tumble
