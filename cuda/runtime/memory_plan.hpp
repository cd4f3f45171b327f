#pragma once
// What the operations take of a device's memory, and how their loops are cut to what is free. Functions of sizes alone, without
// a call of CUDA, so that they can be asked about any device. No result depends on a cut.
//
// The counts follow the allocations in cuda/*_entries.cpp and cuda/kernels; tests/emulation/memory_use_test.cpp holds them
// against what the emulated device has allocated.
#include <algorithm>
#include <compare>
#include <concepts>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "backend/operations.hpp"

namespace tumble::cuda {

/// A count of bytes that stops at 0 and at the largest number instead of wrapping: sizes come from callers and may be absurd.
class Bytes {
  public:
    static constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    constexpr Bytes() = default;
    template <std::unsigned_integral T>
    constexpr Bytes(T count) : count_(count) {}
    template <std::signed_integral T>
    constexpr Bytes(T count) : count_(count < 0 ? 0 : static_cast<std::uint64_t>(count)) {}
    constexpr std::uint64_t count() const { return count_; }

    friend constexpr Bytes operator+(Bytes a, Bytes b) { return a.count_ > most - b.count_ ? most : a.count_ + b.count_; }
    friend constexpr Bytes operator-(Bytes a, Bytes b) { return a.count_ < b.count_ ? 0 : a.count_ - b.count_; }
    friend constexpr Bytes operator*(Bytes a, Bytes b) {
        return a.count_ != 0 && b.count_ > most / a.count_ ? most : a.count_ * b.count_;
    }
    friend constexpr auto operator<=>(Bytes, Bytes) = default;

  private:
    std::uint64_t count_ = 0;
};

/// The memory of a device at one moment. `free_bytes`: what our next allocations can have.
struct DeviceMemory {
    std::uint64_t free_bytes = 0, total_bytes = 0;

    Bytes all() const { return std::min(free_bytes, total_bytes); }
    /// What plans make use of. The rest is for the rounding of allocations, the code of kernels and who else uses the device.
    Bytes room() const { return all() - std::min<Bytes>(free_bytes / 16, std::uint64_t{512} << 20); }
    DeviceMemory less(Bytes taken) const { return {(all() - taken).count(), total_bytes}; }
};

class MemoryShortage : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Throws MemoryShortage, with `what` and the sizes, where `least` is more than what is free.
void require(const DeviceMemory& memory, Bytes least, const std::string& what);

/// What an operation takes. Work areas of transforms are known only when they are planned: `peak` counts them at the size of
/// their spectra, `least` at nothing, so that nothing is refused that might fit.
struct Take {
    Bytes resident;  ///< afterwards
    Bytes peak;      ///< at the worst moment, what stays included
    Bytes least;     ///< the same, with the smallest cut
};

/// A loop over items that are worked on some at a time.
struct Loop {
    std::int64_t items = 0, step = 1;  ///< a cut is a multiple of `step`, or all items
    Bytes fixed;                       ///< whatever the cut
    Bytes item;
    Bytes most = Bytes::most;          ///< for the items of a cut: more of them at a time would not be faster
};
struct Cut {
    std::int64_t at_once = 0;
    Take take;
};
/// As many items at a time as the memory has room for, at least a step.
Cut cut(const DeviceMemory& memory, const Loop& loop);

// ---- operations without a loop ----

/// Padded side of a grid (fourier/central_slice.hpp), for sides of any size. The factor: 1.2 to 8.
std::int64_t padded_side_of(std::int64_t box, double padding_factor);

Take images_take(std::int64_t images, std::int64_t points, std::int64_t box);
Take transform_take(std::int64_t box, std::int64_t padded, std::int64_t window_width);
Take equations_take(std::int64_t box);
/// shells: of the prior, 0: none.
Take solver_take(std::int64_t box, std::int64_t shells, bool masked);
/// Rows of a search whose operands have `inner` complex numbers.
Take rows_take(std::int64_t rows, std::int64_t inner);

// ---- operations with a loop ----

/// Rotations at a time.
Cut slices_cut(const DeviceMemory& memory, std::int64_t rotations, std::int64_t points);
/// Candidates at a time, scored or polished in a band of `points`.
inline constexpr std::int64_t candidate_bytes = 64;
Cut candidates_cut(const DeviceMemory& memory, std::int64_t candidates, std::int64_t points);

/// Fresh equations of images at poses.
struct InsertionSizes {
    std::int64_t poses = 0, points = 0;               ///< points: of an image, in the band
    std::int64_t box = 0, padded = 0, doubled_padded = 0;  ///< padded sides of the box and of the doubled box
    std::int64_t window_width = 0;
};
/// Poses at a time, whose samples are sorted together.
Cut insertion_cut(const DeviceMemory& memory, const InsertionSizes& sizes);

/// Means of images of `pixels`: images at a time.
Cut means_cut(const DeviceMemory& memory, std::int64_t images, std::int64_t height, std::int64_t width);
/// Images that are prepared together: a number for each shape, whatever the memory, for the reason below.
int prepared_images_at_once(std::int64_t height, std::int64_t width);
struct PreparationSizes {
    std::int64_t images = 0, height = 0, width = 0;  ///< of the stack
    std::int64_t points = 0, box = 0;                ///< of an image as it stays
    std::int64_t noise_frequencies = 0;              ///< of the whole image that belong to a shell; 0: the noise is not measured
};
Take preparation_take(const PreparationSizes& sizes);

/// Padded images that are transformed together for their polar samples: a number for each side, whatever the memory, so that
/// a library that chooses its algorithm by the batch makes the same choice for any number of images.
int polar_images_at_once(int padded);
int polar_padded_side(int box);

struct SearchSizes {
    std::int64_t images = 0, box = 0;
    std::int64_t directions = 0, rings = 0, angles = 0, orders = 0;
    std::int64_t inner = 0;  ///< complex numbers of a row or a direction
};
/// Directions at a time, whose polar slices wait for their packing.
Cut search_cut(const DeviceMemory& memory, const SearchSizes& sizes);

/// Rows at a time, against all directions.
Cut pair_scores_cut(const DeviceMemory& memory, std::int64_t rows, std::int64_t directions, bool thresholds);
/// Curves at a time.
inline constexpr std::int64_t curve_pair_bytes = 24;
Cut curves_cut(const DeviceMemory& memory, std::int64_t curves, std::int64_t angles);

/// A search for the best `count` pairs of each image.
struct BestSizes {
    std::int64_t images = 0, rows = 0, most_rows = 0;  ///< most_rows: of an image
    std::int64_t directions = 0, count = 0;
    std::int64_t batch_rows = 0;                       ///< rows at a time that the caller wants at most
};
inline constexpr std::int64_t largest_best_step = 16 * 24;  ///< blocks of directions scored at a time
struct BestCut {
    std::int64_t rows = 0, blocks = 0;  ///< at a time; blocks of directions
    Take take;
};
BestCut best_cut(const DeviceMemory& memory, const BestSizes& sizes);

/// The best view of each image over its rows, and lists of them: images at a time.
struct CoarseSizes {
    std::int64_t images = 0, rows = 0, most_rows = 0;  ///< most_rows: of an image
    std::int64_t directions = 0, count = 0;
};
Cut coarse_cut(const DeviceMemory& memory, const CoarseSizes& sizes);

/// A pass of hill climbing: whole images at a time, each against all of its directions.
struct ClimbSizes {
    std::span<const std::int64_t> first_row;   ///< [images + 1]
    std::span<const std::int64_t> first_view;  ///< [images + 1], where each image's list begins; empty: all views for all
    std::int64_t directions = 0;
    std::int64_t batch_rows = 0;
};
struct ClimbCut {
    std::vector<std::int64_t> end;  ///< image after the last of each batch
    Take take;
};
ClimbCut climb_cut(const DeviceMemory& memory, const ClimbSizes& sizes);

// ---- a whole run ----

/// The phases of a run one by one, each with what stays from those before, cut to `memory`. `shortage` is empty where the run
/// fits, else the sentence that require() would have thrown. Never throws for a size, however absurd.
backend::RunPlan plan_run(const DeviceMemory& memory, const backend::RunSizes& sizes);

}  // namespace tumble::cuda
