#pragma once
// The harmonics S_m and T_m of pairs in shared memory, from the products of their operands (pose/score.hpp
// has the formula).
#include <algorithm>
#include <cstddef>

#include "kernels/angular_fft.hpp"
#include "kernels/matrix_product.hpp"
#include "resident.hpp"

namespace tumble::cuda {

/// Floats from one pair's spectrum to the next's: an odd number of (S, T), so that neighbours lie in
/// different banks.
inline int spectrum_stride(int angles, int orders) {
    const auto least = [&] {
        switch (angles) {
            case 64:
                return AngularFft<64>::least_row;
            case 128:
                return AngularFft<128>::least_row;
            case 256:
                return AngularFft<256>::least_row;
            default:
                return AngularFft<512>::least_row;
        }
    };
    return 4 * (std::max(orders, (least() + 3) / 4) | 1);
}
inline int twiddle_count(int angles) {
    return angles == 64 || angles == 128 ? 64 * (angles / 64) : 256 * (angles / 256);
}
inline std::size_t spectra_bytes(int angles, int orders, int pairs) {
    return static_cast<std::size_t>(pairs) * static_cast<std::size_t>(spectrum_stride(angles, orders)) *
               sizeof(float) +
           static_cast<std::size_t>(twiddle_count(angles)) * sizeof(float2);
}

/// Products of one order. load(k, a, b) fetches a lane's operands of function k, which is `begin` plus its
/// member number and a multiple of 4. Operands of the next step are under way while the present ones are
/// multiplied. The order of the sums of a pair is that of k alone, whatever its place among the rows and
/// columns.
template <class Load>
__device__ inline ComplexProducts products_of_order(int begin, int end, int member, Load&& load) {
    ComplexProducts sums{};
    if (begin >= end) return sums;
    RowFragment a;
    ColumnFragment b;
    load(begin + member, a, b);
    for (int k = begin + DeviceSearch::rank_step; k < end; k += DeviceSearch::rank_step) {
        RowFragment next_a;
        ColumnFragment next_b;
        load(k + member, next_a, next_b);
        multiply_add(sums, a, b);
        a = next_a;
        b = next_b;
    }
    multiply_add(sums, a, b);
    return sums;
}

/// (S, T) of element e.
__device__ inline float4 harmonics_of(const ComplexProducts& sums, int e) {
    const float re_re = sums.value(ComplexProducts::re_re, e), im_im = sums.value(ComplexProducts::im_im, e);
    const float re_im = sums.value(ComplexProducts::re_im, e), im_re = sums.value(ComplexProducts::im_re, e);
    return make_float4(re_re + im_im, im_re - re_im, re_re - im_im, re_im + im_re);
}

}  // namespace tumble::cuda
