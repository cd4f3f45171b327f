#pragma once
// A pool of threads with fixed partitions: item i always goes to the same share, so results cannot depend on timing.
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace tumble {

/// Owns `count` - 1 workers; the calling thread is the last one. Not to be shared by two calling threads at once.
class ThreadPool {
  public:
    /// count 0 means all cores that this process may use.
    explicit ThreadPool(int count = 0);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int size() const { return size_; }

    /// Calls body(begin, end, share) once for each of size() contiguous shares of [0, items), shares of equal length up
    /// to one; empty shares are not called. Returns when all are done; the exception of the lowest share is rethrown.
    void run(std::int64_t items, const std::function<void(std::int64_t begin, std::int64_t end, int share)>& body);

    /// Calls body(i, thread) for each i in [0, items), handed out one by one as threads become free: for items of
    /// uneven cost whose results depend on i alone. `thread` in [0, size()) is for scratch memory only.
    void each(std::int64_t items, const std::function<void(std::int64_t i, int thread)>& body);

  private:
    void work(int thread, std::stop_token stop);
    void run_all(const std::function<void(int)>& task);

    int size_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::condition_variable done_;
    const std::function<void(int)>* task_ = nullptr;
    std::uint64_t generation_ = 0;
    int pending_ = 0;
    std::vector<std::exception_ptr> failures_;
    std::vector<std::jthread> workers_;
};

/// Cores that this process may run on.
int available_cores();

}  // namespace tumble
