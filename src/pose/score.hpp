#pragma once
// Batched scoring of images against reference directions, all in-plane angles at once.
//
// A row is one image at one shift; a pair is a row and a view direction or its mirror (the opposite view).
// The score of a pair at in-plane angle phi is the log-likelihood ratio up to the image's own power,
//     L(phi) = 2 s(phi) - Q,   s(phi) = sum_p w_p Re( X_p conj(A_p(phi)) ),   Q = sum_p w_p |A_p|^2,
// sums over the half plane of the polar grid. In harmonics s(phi) = S_0 + 2 Re sum_m S_m exp(i m phi) with
// S_m = sum over the radial basis of alpha_m conj(beta_m): four real products an order give direction and
// mirror, one complex inverse FFT gives both curves (docs/performance.md, "search").
#include <cstdint>
#include <span>
#include <vector>

#include "core/aligned.hpp"
#include "core/cpu_features.hpp"
#include "core/threads.hpp"
#include "pose/polar_transform.hpp"

namespace tumble {

/// References on the half sphere, packed for the kernel. Direction d stands for two views, R_d and its
/// mirror.
struct DirectionPanel {
    std::int64_t directions = 0;
    AlignedVector<float> operands;  ///< blocks of 6 directions; layout in score.cpp
    AlignedVector<float> power;     ///< Q per direction (padded with zeros to whole blocks)
};

/// Images at shifts, packed for the kernel in groups of 16.
struct RowPanel {
    std::int64_t rows = 0;
    AlignedVector<float> operands;
};

/// Packs polar slices, [direction][ring][half angle] as PolarGrid::points, for the basis. `weights` per ring:
/// the weight w of each of that ring's samples in the sums above (inverse noise power times sample area).
DirectionPanel pack_directions(const PolarGrid& grid, const AngularBasis& basis,
                               std::span<const float> weights, std::span<const Complexf> slices,
                               ThreadPool& pool);
/// Packs rows: row r is image `images[r]` of `samples` ([image][ring][half angle]) moved by exp(+2 pi i
/// k.shift_px), i.e. `shifts_px[r]` is where the particle's centre is thought to be, in pixels from the
/// origin.
RowPanel pack_rows(const PolarGrid& grid, const AngularBasis& basis, std::span<const float> weights,
                   std::span<const Complexf> samples, std::span<const std::int64_t> images,
                   std::span<const Vec2> shifts_px, ThreadPool& pool);

/// maxima[row * 2 D + 2 d + h] = max over the in-plane angles of L for direction d (h = 0) or its mirror (h =
/// 1). If `threshold` (one a row) is given, pairs with L <= threshold are -infinity instead: the exact upper
/// bound |S_0| + 2 sum |S_m| saves the transform of most of them. All other values are bitwise the same. Same
/// bits for any batch and thread count.
void score_pairs(const AngularBasis& basis, const DirectionPanel& directions, const RowPanel& rows,
                 std::span<const float> threshold, float* maxima, ThreadPool& pool,
                 InstructionSet set = detected_instruction_set());

/// Part of a panel pair: whole groups of 16 rows and whole blocks of 6 directions, but for the last ones.
struct ScoreWindow {
    std::int64_t first_row = 0, rows = 0;              ///< first_row: a multiple of 16
    std::int64_t first_direction = 0, directions = 0;  ///< first_direction: a multiple of 6
    /// Raise each row's threshold to the best score found on its way through 192 directions: of a row's
    /// values only those that beat all before them in that range stay, which keeps the best.
    bool running = false;
    /// One a row of the window, or none: with `running`, rows of equal owner (an image at its shifts) also
    /// drop what is below the best of the others in their group. The best of an owner, and every equal of it,
    /// stays.
    std::span<const std::int64_t> owner = {};
};
/// As score_pairs for a part: maxima[(row - first_row) * 2 directions + 2 (d - first_direction) + h];
/// `threshold` has one value for each row of the window, or none.
void score_window(const AngularBasis& basis, const DirectionPanel& directions, const RowPanel& rows,
                  const ScoreWindow& window, std::span<const float> threshold, float* maxima,
                  ThreadPool& pool, InstructionSet set = detected_instruction_set());

/// The whole curve L(phi_j), j = 0 .. angles-1, of one pair; its largest value has the bits of the pair's
/// maximum.
void score_angles(const AngularBasis& basis, const DirectionPanel& directions, const RowPanel& rows,
                  std::int64_t row, std::int64_t direction, bool mirror, std::span<float> curve,
                  InstructionSet set = detected_instruction_set());

/// The rows `rows` of a panel, in that order, as a panel of their own (a pair's scores keep their bits).
RowPanel select_rows(const AngularBasis& basis, const RowPanel& panel, std::span<const std::int64_t> rows);

/// The blocks of 6 directions `blocks` (ascending) of a panel, as a panel of their own; same bits.
DirectionPanel select_blocks(const AngularBasis& basis, const DirectionPanel& panel,
                             std::span<const std::int64_t> blocks);

/// Orientation of (direction, mirror, in-plane angle): the rotation R whose slice scores s(phi) above. `base`
/// is R_d.
Mat3 pair_rotation(const Mat3& base, bool mirror, double angle_rad);

}  // namespace tumble
