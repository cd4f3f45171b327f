#pragma once
// Copies that run beside the work: on streams of their own, through page-locked memory, ordered by events.
#include <array>
#include <cstddef>
#include <memory>

#include "runtime/device_buffer.hpp"

namespace tumble::cuda {

class Stream {
  public:
    Stream();
    /// Waits for what it was given.
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    cudaStream_t get() const { return stream_; }

  private:
    cudaStream_t stream_ = nullptr;
};

class Event {
  public:
    Event();
    ~Event();
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;

    void record(cudaStream_t stream);
    /// What `stream` is given from now on comes after the event; nothing is held before the first record.
    void hold(cudaStream_t stream) const;
    /// The host waits.
    void wait(const char* what) const;

  private:
    cudaEvent_t event_ = nullptr;
    bool recorded_ = false;
};

/// Page-locked memory of the host.
class PinnedMemory {
  public:
    PinnedMemory(std::size_t bytes, const char* what);
    ~PinnedMemory();
    PinnedMemory(const PinnedMemory&) = delete;
    PinnedMemory& operator=(const PinnedMemory&) = delete;
    std::byte* data() const { return memory_; }

  private:
    std::byte* memory_ = nullptr;
};

/// Pieces of an array that go to the device one after the other, each while the one before is worked on. For each piece: send, take,
/// work on the device's stream, done; the next may be sent then, before the work has ended.
class StagedUpload {
  public:
    /// largest_bytes: of a piece. Takes twice that of the device and of page-locked memory.
    StagedUpload(Device& device, std::size_t largest_bytes, const char* what);

    /// `from` may be reused at return.
    void send(const void* from, std::size_t bytes);
    /// The piece that was sent last, for work on the device's stream until done().
    const void* take();
    void done();

  private:
    struct Slot {
        Slot(Device& device, std::size_t bytes, const char* what) : pinned(bytes, what), there(device, bytes, what) {}
        PinnedMemory pinned;
        DeviceBuffer<std::byte> there;
        Event arrived, free;
    };
    Slot& slot() { return *slots_[sent_ % 2]; }

    Device& device_;
    std::array<std::unique_ptr<Slot>, 2> slots_;
    std::size_t sent_ = 0;
    Stream copies_;  // goes first, and waits for what is on its way
};

/// Pieces of results that come back while the device's stream goes on.
class StagedDownload {
  public:
    /// largest_bytes: of a piece. Takes twice that of page-locked memory.
    StagedDownload(Device& device, std::size_t largest_bytes, const char* what);

    /// After what the device's stream was given before; it may not write over the piece before finish(). `to` is filled by a later
    /// call, at the latest finish().
    void fetch(const void* from, std::size_t bytes, void* to);
    void finish();

  private:
    struct Slot {
        Slot(std::size_t size, const char* what) : pinned(size, what) {}
        PinnedMemory pinned;
        Event made, arrived;
        void* to = nullptr;
        std::size_t bytes = 0;
    };
    void deliver(Slot& slot);

    Device& device_;
    std::array<std::unique_ptr<Slot>, 2> slots_;
    std::size_t fetched_ = 0;
    Stream copies_;
};

}  // namespace tumble::cuda
