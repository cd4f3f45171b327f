#include "runtime/staged_copies.hpp"

#include <cstring>
#include <string>

namespace tumble::cuda {

Stream::Stream() {
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
}
Stream::~Stream() {
    swallow(cudaStreamSynchronize(stream_));
    swallow(cudaStreamDestroy(stream_));
}

Event::Event() {
    check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "cudaEventCreateWithFlags");
}
Event::~Event() {
    swallow(cudaEventDestroy(event_));
}
void Event::record(cudaStream_t stream) {
    check(cudaEventRecord(event_, stream), "cudaEventRecord");
    recorded_ = true;
}
void Event::hold(cudaStream_t stream) const {
    if (recorded_) check(cudaStreamWaitEvent(stream, event_, 0), "cudaStreamWaitEvent");
}
void Event::wait(const char* what) const {
    if (recorded_) check(cudaEventSynchronize(event_), what);
}

PinnedMemory::PinnedMemory(std::size_t bytes, const char* what) {
    if (bytes > 0)
        check(cudaMallocHost(reinterpret_cast<void**>(&memory_), bytes), "page-locked memory of " + std::to_string(bytes) + " bytes for " + what);
}
PinnedMemory::~PinnedMemory() {
    if (memory_) swallow(cudaFreeHost(memory_));
}

StagedUpload::StagedUpload(Device& device, std::size_t largest_bytes, const char* what) : device_(device) {
    for (auto& s : slots_) {
        s = std::make_unique<Slot>(device, largest_bytes, what);
        s->free.record(device.stream());  // the memory is there in the order of that stream
    }
}

void StagedUpload::send(const void* from, std::size_t bytes) {
    Slot& s = slot();
    s.arrived.wait("copy to the device");  // of what this page-locked memory held before
    std::memcpy(s.pinned.data(), from, bytes);
    s.free.hold(copies_.get());
    copy_to_device(copies_.get(), s.pinned.data(), bytes, s.there.data());
    s.arrived.record(copies_.get());
}
const void* StagedUpload::take() {
    slot().arrived.hold(device_.stream());
    return slot().there.data();
}
void StagedUpload::done() {
    slot().free.record(device_.stream());
    sent_++;
}

StagedDownload::StagedDownload(Device& device, std::size_t largest_bytes, const char* what) : device_(device) {
    for (auto& s : slots_) s = std::make_unique<Slot>(largest_bytes, what);
}

void StagedDownload::fetch(const void* from, std::size_t bytes, void* to) {
    Slot& s = *slots_[fetched_++ % 2];
    deliver(s);
    s.made.record(device_.stream());
    s.made.hold(copies_.get());
    copy_to_host(copies_.get(), static_cast<const std::byte*>(from), bytes, s.pinned.data());
    s.arrived.record(copies_.get());
    s.to = to;
    s.bytes = bytes;
}
void StagedDownload::deliver(Slot& s) {
    if (!s.to) return;
    s.arrived.wait("copy to the host");
    std::memcpy(s.to, s.pinned.data(), s.bytes);
    s.to = nullptr;
}
void StagedDownload::finish() {
    for (std::size_t i = 0; i < 2; i++) deliver(*slots_[(fetched_ + i) % 2]);
}

}  // namespace tumble::cuda
