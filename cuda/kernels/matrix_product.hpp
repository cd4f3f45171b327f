#pragma once
// Products of small complex matrices on the tensor cores, of float32 grade.
//
// The instruction multiplies numbers of tf32 (10 bits of mantissa) and adds in float32. Each operand is split
// in two such numbers, x = high + low up to 2^-23 of x, and of the four products high * low, low * high and
// high * high are formed; what is left out is 2^-22 of the product. The adder of the tensor cores truncates,
// which is a bias of half a unit in the last place an instruction: the two small products are summed apart
// from the large one, so that they do not add to it.
#include <cuda_runtime.h>

namespace tumble::cuda {

/// The nearest number of tf32, ties away from zero, as cvt.rna.tf32.f32 gives for finite numbers. By integer
/// arithmetic: that has four times the rate of the conversions, and is the same on every side.
__device__ inline float nearest_tf32(float x) {
    return __uint_as_float((__float_as_uint(x) + 0x1000u) & 0xffffe000u);
}

/// Rows of an m16n8k4 product A B that a lane holds, lane = 4 group + member: rows group and group + 8 of
/// column `member` of A.
struct RowFragment {
    float re[2], im[2];
};
/// Row `member` and column `group` of B.
struct ColumnFragment {
    float re, im;
};
/// Sums of the real products Ar Br, Ai Bi, Ar Bi, Ai Br. Element e of a lane is that of row group + 8 (e / 2)
/// and column 2 member + e % 2.
struct ComplexProducts {
    enum { re_re, im_im, re_im, im_re };
    float high[4][4], low[4][4];

    __device__ float value(int product, int e) const { return high[product][e] + low[product][e]; }
};

/// The halves of a lane's operands.
struct SplitFragments {
    float row[2][2][2];  // [re, im][high, low][row group, row group + 8]
    float column[2][2];  // [re, im][high, low]

    __device__ SplitFragments(const RowFragment& a, const ColumnFragment& b) {
        for (int i = 0; i < 2; i++) {
            row[0][0][i] = nearest_tf32(a.re[i]);
            row[0][1][i] = nearest_tf32(a.re[i] - row[0][0][i]);
            row[1][0][i] = nearest_tf32(a.im[i]);
            row[1][1][i] = nearest_tf32(a.im[i] - row[1][0][i]);
        }
        column[0][0] = nearest_tf32(b.re);
        column[0][1] = nearest_tf32(b.re - column[0][0]);
        column[1][0] = nearest_tf32(b.im);
        column[1][1] = nearest_tf32(b.im - column[1][0]);
    }
};

/// For each real product: multiply(accumulator, half of the row, half of the column), small ones first.
template <class Multiply>
__device__ inline void three_products_each(Multiply&& multiply) {
#pragma unroll
    for (int product = 0; product < 4; product++) {
        const int a = product == ComplexProducts::im_im || product == ComplexProducts::im_re;
        const int b = product == ComplexProducts::im_im || product == ComplexProducts::re_im;
        multiply(product, false, a, 1, b, 0);
        multiply(product, false, a, 0, b, 1);
        multiply(product, true, a, 0, b, 0);
    }
}

#if defined(TUMBLE_EMULATED_DEVICE)

/// A truncating adder of exact products.
struct MatrixLane {
    SplitFragments operands;
    ComplexProducts* sums;

    static void multiply_together(MatrixLane* const* lanes) {
        double a[2][2][16][4], b[2][2][4][8];
        for (int l = 0; l < 32; l++)
            for (int part = 0; part < 2; part++)
                for (int half = 0; half < 2; half++) {
                    a[part][half][l / 4][l % 4] = static_cast<double>(lanes[l]->operands.row[part][half][0]);
                    a[part][half][l / 4 + 8][l % 4] =
                        static_cast<double>(lanes[l]->operands.row[part][half][1]);
                    b[part][half][l % 4][l / 4] = static_cast<double>(lanes[l]->operands.column[part][half]);
                }
        three_products_each([&](int product, bool high, int a_part, int a_half, int b_part, int b_half) {
            for (int l = 0; l < 32; l++) {
                ComplexProducts& sums = *lanes[l]->sums;
                float* c = high ? sums.high[product] : sums.low[product];
                for (int e = 0; e < 4; e++) {
                    double sum = static_cast<double>(c[e]);
                    for (int k = 0; k < 4; k++)
                        sum += a[a_part][a_half][l / 4 + 8 * (e / 2)][k] *
                               b[b_part][b_half][k][2 * (l % 4) + e % 2];
                    constexpr unsigned long long bits_of_a_float = ~((1ull << 29) - 1);
                    c[e] = static_cast<float>(
                        std::bit_cast<double>(std::bit_cast<unsigned long long>(sum) & bits_of_a_float));
                }
            }
        });
    }
};

__device__ inline void multiply_add(ComplexProducts& sums, const RowFragment& a, const ColumnFragment& b) {
    MatrixLane lane{{a, b}, &sums};
    emulation::warp_together(lane, [](MatrixLane* const* lanes) { MatrixLane::multiply_together(lanes); });
}

#else

__device__ inline void multiply_tf32(float (&c)[4], const float (&a)[2], float b) {
    asm("mma.sync.aligned.m16n8k4.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, "
        "%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(__float_as_uint(a[0])), "r"(__float_as_uint(a[1])), "r"(__float_as_uint(b)));
}

/// Adds the products of four columns of A with four rows of B. All lanes of the warp together.
__device__ inline void multiply_add(ComplexProducts& sums, const RowFragment& a, const ColumnFragment& b) {
    const SplitFragments operands(a, b);
    three_products_each([&](int product, bool high, int a_part, int a_half, int b_part, int b_half) {
        multiply_tf32(high ? sums.high[product] : sums.low[product], operands.row[a_part][a_half],
                      operands.column[b_part][b_half]);
    });
}

#endif

}  // namespace tumble::cuda
