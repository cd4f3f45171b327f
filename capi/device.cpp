#include "handles.hpp"

using namespace tumble::c_interface;

extern "C" {

tumble_status tumble_device_create(const char* name, int32_t threads, tumble_device** device) {
    return handed_out(device, "device", nullptr, [&] {
        if (threads < 0) throw BoundaryError(TUMBLE_E_ARGUMENT, "threads is " + std::to_string(threads) + ": expected 0 or more");
        return std::make_unique<tumble_device>(tumble_device{tumble::Device(&required(name, "name"), threads)});
    });
}

tumble_status tumble_device_set_stream(tumble_device* device, void* stream) {
    return guarded(nullptr, [&] {
        const tumble::Device& where = required(device, "device").value;
        if (where.memory_device() < 0)
            throw BoundaryError(TUMBLE_E_DEVICE, "a stream was given to the device " + where.name() + ", which has none: expected a device of CUDA");
        where.set_stream(stream);
    });
}

void tumble_device_destroy(tumble_device* device) { take_back(device); }

const char* tumble_device_name(const tumble_device* device) { return device ? device->value.name().c_str() : nullptr; }

}  // extern "C"
