#include "core/threads.hpp"

#include <sched.h>

#include <algorithm>
#include <atomic>

namespace tumble {

int available_cores() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
    return std::max(1u, std::thread::hardware_concurrency());
}

ThreadPool::ThreadPool(int count) : size_(count > 0 ? count : available_cores()) {
    failures_.resize(static_cast<std::size_t>(size_));
    for (int thread = 1; thread < size_; thread++)
        workers_.emplace_back([this, thread](std::stop_token stop) { work(thread, stop); });
}

ThreadPool::~ThreadPool() {
    for (auto& worker : workers_) worker.request_stop();
}

void ThreadPool::work(int thread, std::stop_token stop) {
    std::uint64_t seen = 0;
    while (true) {
        const std::function<void(int)>* task = nullptr;
        {
            std::unique_lock lock(mutex_);
            if (!wake_.wait(lock, stop, [&] { return generation_ != seen; })) return;
            seen = generation_;
            task = task_;
        }
        std::exception_ptr failure;
        try {
            (*task)(thread);
        } catch (...) {
            failure = std::current_exception();
        }
        std::lock_guard lock(mutex_);
        failures_[static_cast<std::size_t>(thread)] = failure;
        if (--pending_ == 0) done_.notify_one();
    }
}

void ThreadPool::run_all(const std::function<void(int)>& task) {
    {
        std::lock_guard lock(mutex_);
        std::fill(failures_.begin(), failures_.end(), nullptr);
        task_ = &task;
        pending_ = size_ - 1;
        generation_++;
    }
    wake_.notify_all();
    std::exception_ptr own;
    try {
        task(0);
    } catch (...) {
        own = std::current_exception();
    }
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] { return pending_ == 0; });
    failures_[0] = own;
    for (const auto& failure : failures_)
        if (failure) std::rethrow_exception(failure);
}

void ThreadPool::run(std::int64_t items,
                     const std::function<void(std::int64_t begin, std::int64_t end, int share)>& body) {
    run_all([&](int share) {
        const std::int64_t begin = items * share / size_, end = items * (share + 1) / size_;
        if (begin < end) body(begin, end, share);
    });
}

void ThreadPool::each(std::int64_t items, const std::function<void(std::int64_t i, int thread)>& body) {
    std::atomic<std::int64_t> next{0};
    run_all([&](int thread) {
        for (std::int64_t i = next++; i < items; i = next++) body(i, thread);
    });
}

}  // namespace tumble
