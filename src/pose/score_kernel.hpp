#pragma once
// Arguments of the scoring kernel and of the packing kernel, and their copies for each instruction set.
#include <complex>
#include <cstdint>

namespace tumble {

constexpr int group_rows = 16;       ///< rows in a group, one a vector lane
constexpr int block_directions = 6;  ///< directions in a block; 12 pairs a row with the mirrors

/// One group of rows against consecutive blocks of directions.
struct ScoreTask {
    const int* rank = nullptr;  ///< K_m, `orders` of them
    int orders = 0;
    int angles = 0;
    const float* twiddles = nullptr;    ///< angular_twiddles(angles)
    const float* rows = nullptr;        ///< [order][k][re, im][16]
    const float* directions = nullptr;  ///< [block][order][k][re, im][6]
    const float* power = nullptr;       ///< Q per direction
    std::int64_t count = 0;             ///< directions, not a multiple of 6 in the last block
    float* threshold = nullptr;         ///< 16, or null: score all pairs
    bool raise = false;                 ///< raise each row's threshold to the best score found on the way
    const int* owner = nullptr;  ///< 16, or null: with raise, lanes of equal owner share what they find
    bool products = true, transforms = true;  ///< both but in benchmarks of the parts
    float* scratch = nullptr;                 ///< score_scratch_floats(angles), zeroed once for a basis
    float* maxima = nullptr;                  ///< out: [direction][direction or mirror][16]
    std::int64_t transformed = 0;             ///< out: directions whose transform ran
};

/// The curve of one pair, and its harmonics.
struct CurveTask {
    ScoreTask pair;     ///< `directions` is the block, `maxima` and `threshold` are not used
    int lane = 0;       ///< row in the group
    int direction = 0;  ///< direction in the block
    bool mirror = false;
    float* curve = nullptr;  ///< out: s(phi_j), `angles` of them
};

/// Sixteen polar images, each with its own shift, to their coefficients in the radial basis.
struct PackTask {
    const std::complex<float>* samples[group_rows] = {};  ///< [ring][half angle] each; null packs zeros
    double shift_x[group_rows] = {}, shift_y[group_rows] = {};
    int rings = 0, angles = 0;
    const double* ring = nullptr;    ///< cycles per pixel
    const double* cosine = nullptr;  ///< of the half-circle angles
    const double* sine = nullptr;
    const float* scale = nullptr;  ///< per ring
    const float* twiddles = nullptr;
    const int* rank = nullptr;
    int orders = 0;
    const float* vectors = nullptr;  ///< [order][k][ring]
    float* scratch = nullptr;        ///< pack_scratch_floats(...)
    float* out = nullptr;            ///< [order][k][re, im][16]
};

/// Floats of scratch memory that a thread needs. Any instruction set.
std::int64_t score_scratch_floats(int angles);
std::int64_t pack_scratch_floats(int angles, int orders, int rings);

namespace portable {
void score_range(ScoreTask& task);
void score_curve(const CurveTask& task);
void pack_group(const PackTask& task);
}  // namespace portable
namespace avx2 {
void score_range(ScoreTask& task);
void score_curve(const CurveTask& task);
void pack_group(const PackTask& task);
}  // namespace avx2
namespace avx512 {
void score_range(ScoreTask& task);
void score_curve(const CurveTask& task);
void pack_group(const PackTask& task);
}  // namespace avx512

}  // namespace tumble
