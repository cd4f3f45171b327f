#pragma once
// The transform of a cubic map, as Fft3D keeps it (kx >= 0), with what shell sums and filters ask of it.
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/small_vectors.hpp"
#include "core/threads.hpp"
#include "tumble/arrays.hpp"

namespace tumble {

/// Element ((z * box) + y) * (box / 2 + 1) + x, FFT order on y and z. The phase origin is voxel 0, not box/2.
struct HalfSpectrum {
    int box = 0;
    std::vector<Complexf> values;
    std::size_t columns() const { return static_cast<std::size_t>(box / 2 + 1); }
};

HalfSpectrum half_spectrum(VolumeView map);
/// Inverse of half_spectrum, divided by box^3; the spectrum is used up. Voxel size 0.
Volume map_of(HalfSpectrum spectrum);

/// Signed frequency of FFT index i on an axis of n: -n/2 < f <= n/2.
inline int signed_frequency(int i, int n) {
    return i <= n / 2 ? i : i - n;
}

/// Calls body(element, radius) for every kept coefficient, radius = |k| * box, planes shared out over the
/// pool.
template <class Body>
void for_each_coefficient(int box, ThreadPool& pool, const Body& body) {
    const int columns = box / 2 + 1;
    pool.run(box, [&](std::int64_t begin, std::int64_t end, int) {
        for (int z = static_cast<int>(begin); z < static_cast<int>(end); z++)
            for (int y = 0; y < box; y++) {
                const double ky = signed_frequency(y, box), kz = signed_frequency(z, box);
                const std::size_t row = (static_cast<std::size_t>(z) * static_cast<std::size_t>(box) +
                                         static_cast<std::size_t>(y)) *
                                        static_cast<std::size_t>(columns);
                for (int x = 0; x < columns; x++)
                    body(row + static_cast<std::size_t>(x),
                         std::sqrt(static_cast<double>(x) * x + ky * ky + kz * kz));
            }
    });
}

/// Share of a kept coefficient of column x in sums over a real map's independent coefficients: 1, or 1/2
/// where its Friedel mate is kept as well.
inline double independent_share(int x, int box) {
    return x == 0 || 2 * x == box ? 0.5 : 1.0;
}

/// Sums per shell 0 .. box/2 of terms of two spectra of one box: a b*, |a|^2, |b|^2, and the number of
/// coefficients.
struct ShellSums {
    std::vector<double> cross, power_a, power_b, samples;
};
ShellSums shell_sums(const HalfSpectrum& a, const HalfSpectrum& b);

}  // namespace tumble
