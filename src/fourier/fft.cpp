#include "fourier/fft.hpp"

#include <cstddef>

#include "tumble/error.hpp"

namespace tumble {

namespace {

void require_positive(int n) {
    if (n < 1)
        throw bad_input("A Fourier transform was asked for side " + std::to_string(n) +
                        "; expected at least 1.");
}

}  // namespace

int next_fast_size(int n) {
    for (int size = n <= 2 ? 2 : n + n % 2;; size += 2) {
        int rest = size;
        for (int prime : {2, 3, 5, 7})
            while (rest % prime == 0) rest /= prime;
        if (rest == 1) return size;
    }
}

}  // namespace tumble

#if defined(TUMBLE_FFT_FFTW)

#include <fftw3.h>

#include <mutex>

namespace tumble {

namespace {

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

// Planning with FFTW_ESTIMATE does not touch the arrays, but asks for some.
struct RealPlans {
    Plan forward, inverse;
    RealPlans(int rank, const int* sides) {
        std::size_t reals = 1;
        for (int i = 0; i < rank; i++) reals *= static_cast<std::size_t>(sides[i]);
        std::unique_ptr<float, void (*)(void*)> real(fftwf_alloc_real(reals), fftwf_free);
        std::unique_ptr<fftwf_complex, void (*)(void*)> half(
            fftwf_alloc_complex(reals / static_cast<std::size_t>(sides[rank - 1]) *
                                static_cast<std::size_t>(sides[rank - 1] / 2 + 1)),
            fftwf_free);
        std::lock_guard guard(planner_lock());
        forward.reset(
            fftwf_plan_dft_r2c(rank, sides, real.get(), half.get(), plan_flags | FFTW_PRESERVE_INPUT));
        inverse.reset(
            fftwf_plan_dft_c2r(rank, sides, half.get(), real.get(), plan_flags | FFTW_DESTROY_INPUT));
        if (!forward || !inverse) throw system_error("FFTW could not plan a transform.");
    }
    void run_forward(const float* real, Complexf* half) const {
        fftwf_execute_dft_r2c(forward.get(), const_cast<float*>(real), as_fftw(half));
    }
    void run_inverse(Complexf* half, float* real) const {
        fftwf_execute_dft_c2r(inverse.get(), as_fftw(half), real);
    }
};

}  // namespace

struct Fft2D::Plans : RealPlans {
    using RealPlans::RealPlans;
};
struct Fft3D::Plans : RealPlans {
    using RealPlans::RealPlans;
};

}  // namespace tumble

#else

#include <pocketfft_hdronly.h>

namespace tumble {

namespace {

struct RealPlans {
    pocketfft::shape_t shape, axes;
    pocketfft::stride_t real_strides, half_strides;
    RealPlans(int rank, const int* sides) {
        std::ptrdiff_t real_stride = sizeof(float), half_stride = sizeof(Complexf);
        real_strides.resize(static_cast<std::size_t>(rank));
        half_strides.resize(static_cast<std::size_t>(rank));
        for (int axis = rank - 1; axis >= 0; axis--) {
            const auto i = static_cast<std::size_t>(axis);
            real_strides[i] = real_stride;
            half_strides[i] = half_stride;
            real_stride *= sides[axis];
            half_stride *= axis == rank - 1 ? sides[axis] / 2 + 1 : sides[axis];
        }
        for (int axis = 0; axis < rank; axis++) {
            shape.push_back(static_cast<std::size_t>(sides[axis]));
            axes.push_back(static_cast<std::size_t>(axis));
        }
    }
    void run_forward(const float* real, Complexf* half) const {
        pocketfft::r2c(shape, real_strides, half_strides, axes, pocketfft::FORWARD, real, half, 1.0f);
    }
    void run_inverse(Complexf* half, float* real) const {
        pocketfft::c2r(shape, half_strides, real_strides, axes, pocketfft::BACKWARD, half, real, 1.0f);
    }
};

}  // namespace

struct Fft2D::Plans : RealPlans {
    using RealPlans::RealPlans;
};
struct Fft3D::Plans : RealPlans {
    using RealPlans::RealPlans;
};

}  // namespace tumble

#endif

namespace tumble {

Fft2D::Fft2D(int height, int width) {
    require_positive(height);
    require_positive(width);
    const int sides[] = {height, width};
    plans_ = std::make_unique<Plans>(2, sides);
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

Fft3D::Fft3D(int n) {
    require_positive(n);
    const int sides[] = {n, n, n};
    plans_ = std::make_unique<Plans>(3, sides);
}
Fft3D::~Fft3D() = default;
Fft3D::Fft3D(Fft3D&&) noexcept = default;
Fft3D& Fft3D::operator=(Fft3D&&) noexcept = default;
void Fft3D::forward(const float* volume, Complexf* transform) const {
    plans_->run_forward(volume, transform);
}
void Fft3D::inverse(Complexf* transform, float* volume) const {
    plans_->run_inverse(transform, volume);
}

}  // namespace tumble
