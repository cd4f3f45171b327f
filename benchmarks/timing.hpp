#pragma once
// Clocks and medians of the benchmarks, and FFTW's transform to compare with.
#include <time.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

#include "core/aligned.hpp"
#include "core/small_vectors.hpp"

#if defined(TUMBLE_FFT_FFTW)
#include <fftw3.h>
#endif

namespace tumble::benchmark {

using Body = std::function<void()>;

inline double thread_seconds() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}
inline double process_seconds() {
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}
inline double wall_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Medians of the times of several bodies, run in turns so that a disturbance meets them all.
inline std::vector<double> median_times(int repeats, const std::vector<Body>& bodies,
                                        double (*clock)() = thread_seconds) {
    std::vector<std::vector<double>> times(bodies.size());
    for (int n = 0; n < repeats; n++)
        for (std::size_t i = 0; i < bodies.size(); i++) {
            const double start = clock();
            bodies[i]();
            times[i].push_back(clock() - start);
        }
    std::vector<double> out;
    for (auto& t : times) {
        std::sort(t.begin(), t.end());
        out.push_back(t[t.size() / 2]);
    }
    return out;
}

#if defined(TUMBLE_FFT_FFTW)
/// FFTW's inverse real transform of 256 points, a contiguous batch of 1,024.
class FftwBatch {
  public:
    FftwBatch() : in_(129 * 1024), out_(256 * 1024) {
        int n[1] = {256};
        plan_ = fftwf_plan_many_dft_c2r(1, n, 1024, reinterpret_cast<fftwf_complex*>(in_.data()), nullptr, 1,
                                        129, out_.data(), nullptr, 1, 256, FFTW_MEASURE);
    }
    ~FftwBatch() { fftwf_destroy_plan(plan_); }
    FftwBatch(const FftwBatch&) = delete;
    FftwBatch& operator=(const FftwBatch&) = delete;
    void run() { fftwf_execute(plan_); }

  private:
    AlignedVector<Complexf> in_;
    AlignedVector<float> out_;
    fftwf_plan plan_;
};
#endif

}  // namespace tumble::benchmark
