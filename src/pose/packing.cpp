// Polar samples to the panels of the scoring kernel; declarations in score.hpp.
#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <string>

#include "pose/kernel_dispatch.hpp"
#include "pose/score.hpp"
#include "tumble/error.hpp"

namespace tumble {
namespace {

// The kernel prefetches this far beyond the operand in use (floats).
constexpr std::size_t prefetch_reach = 2048;

/// Constants of a basis as the packing kernel takes them, and scratch memory for each thread.
class Packer {
  public:
    /// scale: factor of each ring's harmonics sum_j X_j exp(-i m phi_j).
    Packer(const PolarGrid& grid, const AngularBasis& basis, std::vector<float> scale, int threads)
        : rings_(grid.rings),
          rank_(basis.rank),
          scale_(std::move(scale)),
          twiddles_(angular_twiddles(grid.angles)) {
        for (int j = 0; j < grid.half(); j++) {
            const double phi = 2 * std::numbers::pi * j / grid.angles;
            cosine_.push_back(std::cos(phi));
            sine_.push_back(std::sin(phi));
        }
        for (const auto& order : basis.vectors)
            for (double v : order) vectors_.push_back(static_cast<float>(v));
        task_.rings = static_cast<int>(rings_.size());
        task_.angles = grid.angles;
        task_.ring = rings_.data();
        task_.cosine = cosine_.data();
        task_.sine = sine_.data();
        task_.scale = scale_.data();
        task_.twiddles = twiddles_.data();
        task_.rank = rank_.data();
        task_.orders = basis.orders();
        task_.vectors = vectors_.data();
        scratch_.resize(static_cast<std::size_t>(threads));
        for (auto& s : scratch_)
            s.resize(static_cast<std::size_t>(pack_scratch_floats(task_.angles, task_.orders, task_.rings)));
    }
    Packer(const Packer&) = delete;
    Packer& operator=(const Packer&) = delete;

    PackTask task(int thread) {
        PackTask out = task_;
        out.scratch = scratch_[static_cast<std::size_t>(thread)].data();
        return out;
    }

  private:
    std::vector<double> rings_, cosine_, sine_;
    std::vector<int> rank_;
    std::vector<float> scale_, twiddles_, vectors_;
    std::vector<AlignedVector<float>> scratch_;
    PackTask task_;
};

void check(const PolarGrid& grid, const AngularBasis& basis, std::span<const float> weights) {
    if (basis.rings != static_cast<int>(grid.rings.size()) || basis.angles != grid.angles)
        throw bad_input("angular basis: made for " + std::to_string(basis.rings) + " rings and " +
                        std::to_string(basis.angles) + " angles, the grid has " +
                        std::to_string(grid.rings.size()) + " and " + std::to_string(grid.angles));
    if (weights.size() != grid.rings.size())
        throw bad_input("ring weights: found " + std::to_string(weights.size()) +
                        ", expected one for each of " + std::to_string(grid.rings.size()) + " rings");
}

/// Copies direction lanes of one packed group into the kernel's blocks of 6.
void deal_to_blocks(const float* group, std::int64_t total_rank, std::int64_t first, std::int64_t directions,
                    float* out) {
    for (int lane = 0; lane < group_rows && first + lane < directions; lane++) {
        const std::int64_t d = first + lane;
        float* to = out + d / block_directions * total_rank * 2 * block_directions + d % block_directions;
        const float* from = group + lane;
        for (std::int64_t k = 0; k < 2 * total_rank; k++) to[k * block_directions] = from[k * group_rows];
    }
}

/// sum over the half circle and the rings of w |A|^2.
double slice_power(std::span<const float> weights, const Complexf* slice, int half) {
    double power = 0;
    for (std::size_t r = 0; r < weights.size(); r++, slice += half) {
        double ring = 0;
        for (int j = 0; j < half; j++) ring += std::norm(std::complex<double>(slice[j]));
        power += static_cast<double>(weights[r]) * ring;
    }
    return power;
}

}  // namespace

DirectionPanel pack_directions(const PolarGrid& grid, const AngularBasis& basis,
                               std::span<const float> weights, std::span<const Complexf> slices,
                               ThreadPool& pool) {
    check(grid, basis, weights);
    const std::int64_t samples = static_cast<std::int64_t>(grid.rings.size()) * grid.half();
    if (samples == 0 || static_cast<std::int64_t>(slices.size()) % samples != 0)
        throw bad_input("slices: found " + std::to_string(slices.size()) +
                        " samples, expected a multiple of " + std::to_string(samples));
    const std::int64_t directions = static_cast<std::int64_t>(slices.size()) / samples;
    const std::int64_t blocks = (directions + block_directions - 1) / block_directions,
                       total = basis.total_rank();
    DirectionPanel out;
    out.directions = directions;
    out.operands.resize(static_cast<std::size_t>(blocks * total * 2 * block_directions) + prefetch_reach);
    out.power.resize(static_cast<std::size_t>(blocks * block_directions));

    std::vector<float> scale;
    for (double k : grid.rings) scale.push_back(static_cast<float>(std::sqrt(k) / grid.angles));
    Packer packer(grid, basis, std::move(scale), pool.size());
    std::vector<AlignedVector<float>> groups(static_cast<std::size_t>(pool.size()));
    for (auto& g : groups) g.resize(static_cast<std::size_t>(total * 2 * group_rows));
    // Three groups are eight whole blocks: no two items write to one block.
    constexpr std::int64_t item = 3 * group_rows;
    pool.each((directions + item - 1) / item, [&](std::int64_t i, int thread) {
        float* group = groups[static_cast<std::size_t>(thread)].data();
        for (std::int64_t first = i * item; first < std::min(directions, (i + 1) * item);
             first += group_rows) {
            PackTask task = packer.task(thread);
            for (int lane = 0; lane < group_rows && first + lane < directions; lane++) {
                task.samples[lane] = slices.data() + (first + lane) * samples;
                out.power[static_cast<std::size_t>(first + lane)] =
                    static_cast<float>(slice_power(weights, task.samples[lane], grid.half()));
            }
            task.out = group;
            pose_kernels(detected_instruction_set()).pack_group(task);
            deal_to_blocks(group, total, first, directions, out.operands.data());
        }
    });
    return out;
}

RowPanel pack_rows(const PolarGrid& grid, const AngularBasis& basis, std::span<const float> weights,
                   std::span<const Complexf> samples, std::span<const std::int64_t> images,
                   std::span<const Vec2> shifts_px, ThreadPool& pool) {
    check(grid, basis, weights);
    const std::int64_t image_samples = static_cast<std::int64_t>(grid.rings.size()) * grid.half();
    if (images.size() != shifts_px.size())
        throw bad_input("rows: found " + std::to_string(images.size()) + " images and " +
                        std::to_string(shifts_px.size()) + " shifts, expected one of each a row");
    for (std::int64_t image : images)
        if (image < 0 || (image + 1) * image_samples > static_cast<std::int64_t>(samples.size()))
            throw bad_input("rows: image " + std::to_string(image) + " is outside the samples given");
    RowPanel out;
    out.rows = static_cast<std::int64_t>(images.size());
    const std::int64_t groups = (out.rows + group_rows - 1) / group_rows;
    const std::int64_t group_floats = std::int64_t{2} * group_rows * basis.total_rank();
    out.operands.resize(static_cast<std::size_t>(groups * group_floats));

    // The half-circle sum of w X conj(A) is half the full one, and that is `angles` times the sum over the
    // harmonics; the 1/angles of the row's own harmonics cancels it. The references carry sqrt(k), so the
    // rows 1/sqrt(k).
    std::vector<float> scale;
    for (std::size_t r = 0; r < grid.rings.size(); r++)
        scale.push_back(static_cast<float>(0.5 * static_cast<double>(weights[r]) / std::sqrt(grid.rings[r])));
    Packer packer(grid, basis, std::move(scale), pool.size());
    pool.each(groups, [&](std::int64_t g, int thread) {
        PackTask task = packer.task(thread);
        for (int lane = 0; lane < group_rows && g * group_rows + lane < out.rows; lane++) {
            const auto row = static_cast<std::size_t>(g * group_rows + lane);
            task.samples[lane] = samples.data() + images[row] * image_samples;
            task.shift_x[lane] = shifts_px[row].x;
            task.shift_y[lane] = shifts_px[row].y;
        }
        task.out = out.operands.data() + g * group_floats;
        pose_kernels(detected_instruction_set()).pack_group(task);
    });
    return out;
}

}  // namespace tumble
