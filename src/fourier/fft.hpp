#pragma once
// Discrete Fourier transforms behind one interface. Library: FFTW3 single precision, or pocketfft (CMake:
// TUMBLE_FFT).
//
// Forward: F(k) = sum_x f(x) exp(-2 pi i k x / n), unnormalised; inverse: the same with +, unnormalised, so
// that inverse(forward(f)) = n f. Real transforms keep the half with kx = 0 .. width/2, in order (z, y, kx),
// kx fastest. The origin of both sides is element 0.
#include <memory>

#include "core/small_vectors.hpp"
#include "core/threads.hpp"

namespace tumble {

/// Plan for real 2D transforms of height x width. Any thread may call it, several at once; planning is behind
/// one lock.
class Fft2D {
  public:
    Fft2D(int height, int width);
    ~Fft2D();
    Fft2D(Fft2D&&) noexcept;
    Fft2D& operator=(Fft2D&&) noexcept;
    /// image: height * width; transform: height * (width/2 + 1). Neither needs alignment; they must not
    /// overlap.
    void forward(const float* image, Complexf* transform) const;
    /// Overwrites `transform`.
    void inverse(Complexf* transform, float* image) const;

  private:
    struct Plans;
    std::unique_ptr<Plans> plans_;
};

/// Plan for real 3D transforms of n^3; same rules as Fft2D. transform: n * n * (n/2 + 1). With a pool, planes
/// and lines are shared out; the bits are the same with and without.
class Fft3D {
  public:
    explicit Fft3D(int n);
    ~Fft3D();
    Fft3D(Fft3D&&) noexcept;
    Fft3D& operator=(Fft3D&&) noexcept;
    void forward(const float* volume, Complexf* transform) const;
    void forward(const float* volume, Complexf* transform, ThreadPool& pool) const;
    /// Overwrites `transform`.
    void inverse(Complexf* transform, float* volume) const;
    void inverse(Complexf* transform, float* volume, ThreadPool& pool) const;

  private:
    struct Plans;
    std::unique_ptr<Plans> plans_;
};

/// Plan for `count` complex transforms of `length`, in place, side by side: element j of line i is at j *
/// stride + i. Thread rules of Fft2D.
class FftLines {
  public:
    FftLines(int length, int stride, int count);
    ~FftLines();
    FftLines(FftLines&&) noexcept;
    FftLines& operator=(FftLines&&) noexcept;
    void forward(Complexf* lines) const;
    void inverse(Complexf* lines) const;

  private:
    struct Plans;
    std::unique_ptr<Plans> plans_;
};

/// Plan for real transforms of `rows` rows of `length`, each on its own. transform: rows * (length/2 + 1).
/// Thread rules of Fft2D.
class FftRows {
  public:
    FftRows(int rows, int length);
    ~FftRows();
    FftRows(FftRows&&) noexcept;
    FftRows& operator=(FftRows&&) noexcept;
    void forward(const float* values, Complexf* transform) const;
    /// Overwrites `transform`.
    void inverse(Complexf* transform, float* values) const;

  private:
    struct Plans;
    std::unique_ptr<Plans> plans_;
};

/// Smallest even number >= n whose only prime factors are 2, 3, 5 and 7.
int next_fast_size(int n);

}  // namespace tumble
