#pragma once
// Work that is put on the stream again and again unchanged: as a CUDA graph from the second time on.
#include <string>
#include <utility>

#include "runtime/device.hpp"

namespace tumble::cuda {

/// Whether graphs are used: not where the environment variable TUMBLE_CUDA_GRAPHS is 0. Results have the same bits.
bool graphs_wanted();

/// The first time the work is put on the stream as it is, so that what is loaded or set up at first use is there; then it is
/// recorded, and what was recorded is started from then on. It may start kernels, transforms and copies within the device, with
/// the same arguments each time, and neither wait nor allocate. Must not outlive the device or the memory that the work uses.
class RepeatedWork {
  public:
    /// `what`: for error messages, with its sizes ("a solver's step, 96^3").
    RepeatedWork(Device& device, std::string what) : device_(device), what_(std::move(what)), graphs_(graphs_wanted()) {}
    ~RepeatedWork();
    RepeatedWork(const RepeatedWork&) = delete;
    RepeatedWork& operator=(const RepeatedWork&) = delete;

    template <class Body>
    void run(Body&& body) {
        if (!graphs_ || !met_) {
            met_ = true;
            body();
            return;
        }
        if (!recorded_) {
            begin();
            try {
                body();
            } catch (...) {
                abandon();
                throw;
            }
            end();
        }
        start();
    }

  private:
    void begin();
    void end();
    void abandon() noexcept;
    void start();

    Device& device_;
    std::string what_;
    bool graphs_, met_ = false;
    cudaGraphExec_t recorded_ = nullptr;
};

}  // namespace tumble::cuda
