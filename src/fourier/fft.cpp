#include "fourier/fft.hpp"

#include <cstddef>
#include <string>
#include <vector>

#include "tumble/error.hpp"

#if defined(TUMBLE_FFT_FFTW)
#include <fftw3.h>

#include <mutex>
#else
#include <pocketfft_hdronly.h>
#endif

namespace tumble {

namespace {

void require_positive(int n) {
    if (n < 1)
        throw bad_input("A Fourier transform was asked for side " + std::to_string(n) +
                        "; expected at least 1.");
}

#if defined(TUMBLE_FFT_FFTW)

// FFTW's planner is not thread-safe; executing a plan on new arrays is.
std::mutex& planner_lock() {
    static std::mutex lock;
    return lock;
}

struct DestroyPlan {
    void operator()(fftwf_plan plan) const {
        std::lock_guard guard(planner_lock());
        fftwf_destroy_plan(plan);
    }
};
using Plan = std::unique_ptr<std::remove_pointer_t<fftwf_plan>, DestroyPlan>;

// FFTW_ESTIMATE, because a measured plan depends on the clock and would change the last bits from run to run;
// FFTW_UNALIGNED, because one plan must then serve every array, or the bits would depend on where it lies.
constexpr unsigned plan_flags = FFTW_ESTIMATE | FFTW_UNALIGNED;

fftwf_complex* as_fftw(Complexf* p) {
    return reinterpret_cast<fftwf_complex*>(p);
}

// Planning with FFTW_ESTIMATE does not touch the arrays, but asks for some; pages never touched cost nothing.
template <class T>
std::unique_ptr<T, decltype(&fftwf_free)> planning_array(std::size_t count) {
    void* memory = fftwf_malloc(count * sizeof(T));
    if (memory == nullptr) throw system_error("There is not enough memory to plan a Fourier transform.");
    return {static_cast<T*>(memory), fftwf_free};
}

void require_plans(const Plan& forward, const Plan& inverse) {
    if (!forward || !inverse) throw system_error("FFTW could not plan a transform.");
}

/// Real transforms of `count` contiguous arrays of rank 1 or 2.
struct RealPlans {
    Plan forward, inverse;
    RealPlans(const std::vector<int>& sides, int count) {
        int reals = 1, rows = 1;
        for (std::size_t i = 0; i < sides.size(); i++) {
            reals *= sides[i];
            if (i + 1 < sides.size()) rows *= sides[i];
        }
        const int complexes = rows * (sides.back() / 2 + 1), rank = static_cast<int>(sides.size());
        const auto copies = static_cast<std::size_t>(count);
        const auto real = planning_array<float>(static_cast<std::size_t>(reals) * copies);
        const auto complex = planning_array<fftwf_complex>(static_cast<std::size_t>(complexes) * copies);
        std::lock_guard guard(planner_lock());
        forward.reset(fftwf_plan_many_dft_r2c(rank, sides.data(), count, real.get(), nullptr, 1, reals,
                                              complex.get(), nullptr, 1, complexes,
                                              plan_flags | FFTW_PRESERVE_INPUT));
        inverse.reset(fftwf_plan_many_dft_c2r(rank, sides.data(), count, complex.get(), nullptr, 1, complexes,
                                              real.get(), nullptr, 1, reals,
                                              plan_flags | FFTW_DESTROY_INPUT));
        require_plans(forward, inverse);
    }
    void run_forward(const float* real, Complexf* half) const {
        fftwf_execute_dft_r2c(forward.get(), const_cast<float*>(real), as_fftw(half));
    }
    void run_inverse(Complexf* half, float* real) const {
        fftwf_execute_dft_c2r(inverse.get(), as_fftw(half), real);
    }
};

struct LinePlans {
    Plan forward, inverse;
    LinePlans(int length, int stride, int count) {
        const auto array = planning_array<fftwf_complex>(static_cast<std::size_t>(length) *
                                                         static_cast<std::size_t>(stride));
        fftwf_complex* lines = array.get();
        std::lock_guard guard(planner_lock());
        forward.reset(fftwf_plan_many_dft(1, &length, count, lines, nullptr, stride, 1, lines, nullptr,
                                          stride, 1, FFTW_FORWARD, plan_flags));
        inverse.reset(fftwf_plan_many_dft(1, &length, count, lines, nullptr, stride, 1, lines, nullptr,
                                          stride, 1, FFTW_BACKWARD, plan_flags));
        require_plans(forward, inverse);
    }
    void run_forward(Complexf* lines) const {
        fftwf_execute_dft(forward.get(), as_fftw(lines), as_fftw(lines));
    }
    void run_inverse(Complexf* lines) const {
        fftwf_execute_dft(inverse.get(), as_fftw(lines), as_fftw(lines));
    }
};

#else

/// Real transforms of `count` contiguous arrays of rank 1 or 2.
struct RealPlans {
    pocketfft::shape_t shape, axes;
    pocketfft::stride_t real_strides, half_strides;
    RealPlans(const std::vector<int>& sides, int count) {
        shape.push_back(static_cast<std::size_t>(count));
        for (const int side : sides) {
            axes.push_back(shape.size());
            shape.push_back(static_cast<std::size_t>(side));
        }
        real_strides.resize(shape.size());
        half_strides.resize(shape.size());
        std::ptrdiff_t real_stride = sizeof(float), half_stride = sizeof(Complexf);
        for (std::size_t i = shape.size(); i-- > 0;) {
            real_strides[i] = real_stride;
            half_strides[i] = half_stride;
            real_stride *= static_cast<std::ptrdiff_t>(shape[i]);
            half_stride *= static_cast<std::ptrdiff_t>(i + 1 == shape.size() ? shape[i] / 2 + 1 : shape[i]);
        }
    }
    void run_forward(const float* real, Complexf* half) const {
        pocketfft::r2c(shape, real_strides, half_strides, axes, pocketfft::FORWARD, real, half, 1.0f);
    }
    void run_inverse(Complexf* half, float* real) const {
        pocketfft::c2r(shape, half_strides, real_strides, axes, pocketfft::BACKWARD, half, real, 1.0f);
    }
};

struct LinePlans {
    pocketfft::shape_t shape;
    pocketfft::stride_t strides;
    LinePlans(int length, int stride, int count)
        : shape{static_cast<std::size_t>(length), static_cast<std::size_t>(count)},
          strides{static_cast<std::ptrdiff_t>(sizeof(Complexf)) * stride, sizeof(Complexf)} {}
    void run_forward(Complexf* lines) const {
        pocketfft::c2c(shape, strides, strides, {0}, pocketfft::FORWARD, lines, lines, 1.0f);
    }
    void run_inverse(Complexf* lines) const {
        pocketfft::c2c(shape, strides, strides, {0}, pocketfft::BACKWARD, lines, lines, 1.0f);
    }
};

#endif

}  // namespace

int next_fast_size(int n) {
    for (int size = n <= 2 ? 2 : n + n % 2;; size += 2) {
        int rest = size;
        for (int prime : {2, 3, 5, 7})
            while (rest % prime == 0) rest /= prime;
        if (rest == 1) return size;
    }
}

struct Fft2D::Plans : RealPlans {
    using RealPlans::RealPlans;
};
Fft2D::Fft2D(int height, int width) {
    require_positive(height);
    require_positive(width);
    plans_ = std::make_unique<Plans>(std::vector{height, width}, 1);
}
Fft2D::~Fft2D() = default;
Fft2D::Fft2D(Fft2D&&) noexcept = default;
Fft2D& Fft2D::operator=(Fft2D&&) noexcept = default;
void Fft2D::forward(const float* image, Complexf* transform) const {
    plans_->run_forward(image, transform);
}
void Fft2D::inverse(Complexf* transform, float* image) const {
    plans_->run_inverse(transform, image);
}

// A plane at a time in 2D, then all lines along z that share y: both fit the second-level cache, and both can
// be shared out.
struct Fft3D::Plans {
    int n;
    RealPlans plane;
    LinePlans lines;
    std::size_t real_plane() const { return static_cast<std::size_t>(n) * static_cast<std::size_t>(n); }
    std::size_t row() const { return static_cast<std::size_t>(n / 2 + 1); }
    std::size_t half_plane() const { return static_cast<std::size_t>(n) * row(); }
    explicit Plans(int side)
        : n(side), plane({side, side}, 1), lines(side, side * (side / 2 + 1), side / 2 + 1) {}
    void plane_forward(const float* volume, Complexf* transform, std::size_t z) const {
        plane.run_forward(volume + z * real_plane(), transform + z * half_plane());
    }
    void plane_inverse(Complexf* transform, float* volume, std::size_t z) const {
        plane.run_inverse(transform + z * half_plane(), volume + z * real_plane());
    }
};

namespace {

template <class Body>
void for_all(int n, const Body& body) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); i++) body(i);
}
template <class Body>
void for_all(int n, ThreadPool& pool, const Body& body) {
    pool.run(n, [&](std::int64_t begin, std::int64_t end, int) {
        for (auto i = begin; i < end; i++) body(static_cast<std::size_t>(i));
    });
}

}  // namespace

Fft3D::Fft3D(int n) {
    require_positive(n);
    plans_ = std::make_unique<Plans>(n);
}
Fft3D::~Fft3D() = default;
Fft3D::Fft3D(Fft3D&&) noexcept = default;
Fft3D& Fft3D::operator=(Fft3D&&) noexcept = default;
void Fft3D::forward(const float* volume, Complexf* transform) const {
    for_all(plans_->n, [&](std::size_t z) { plans_->plane_forward(volume, transform, z); });
    for_all(plans_->n, [&](std::size_t y) { plans_->lines.run_forward(transform + y * plans_->row()); });
}
void Fft3D::forward(const float* volume, Complexf* transform, ThreadPool& pool) const {
    for_all(plans_->n, pool, [&](std::size_t z) { plans_->plane_forward(volume, transform, z); });
    for_all(plans_->n, pool,
            [&](std::size_t y) { plans_->lines.run_forward(transform + y * plans_->row()); });
}
void Fft3D::inverse(Complexf* transform, float* volume) const {
    for_all(plans_->n, [&](std::size_t y) { plans_->lines.run_inverse(transform + y * plans_->row()); });
    for_all(plans_->n, [&](std::size_t z) { plans_->plane_inverse(transform, volume, z); });
}
void Fft3D::inverse(Complexf* transform, float* volume, ThreadPool& pool) const {
    for_all(plans_->n, pool,
            [&](std::size_t y) { plans_->lines.run_inverse(transform + y * plans_->row()); });
    for_all(plans_->n, pool, [&](std::size_t z) { plans_->plane_inverse(transform, volume, z); });
}

struct FftLines::Plans : LinePlans {
    using LinePlans::LinePlans;
};
FftLines::FftLines(int length, int stride, int count) {
    require_positive(length);
    require_positive(count);
    if (stride < count) throw bad_input("Fourier lines overlap: their stride is smaller than their number.");
    plans_ = std::make_unique<Plans>(length, stride, count);
}
FftLines::~FftLines() = default;
FftLines::FftLines(FftLines&&) noexcept = default;
FftLines& FftLines::operator=(FftLines&&) noexcept = default;
void FftLines::forward(Complexf* lines) const {
    plans_->run_forward(lines);
}
void FftLines::inverse(Complexf* lines) const {
    plans_->run_inverse(lines);
}

struct FftRows::Plans : RealPlans {
    using RealPlans::RealPlans;
};
FftRows::FftRows(int rows, int length) {
    require_positive(rows);
    require_positive(length);
    plans_ = std::make_unique<Plans>(std::vector{length}, rows);
}
FftRows::~FftRows() = default;
FftRows::FftRows(FftRows&&) noexcept = default;
FftRows& FftRows::operator=(FftRows&&) noexcept = default;
void FftRows::forward(const float* values, Complexf* transform) const {
    plans_->run_forward(values, transform);
}
void FftRows::inverse(Complexf* transform, float* values) const {
    plans_->run_inverse(transform, values);
}

}  // namespace tumble
