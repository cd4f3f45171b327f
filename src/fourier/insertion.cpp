#include "fourier/insertion.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "core/cpu_features.hpp"
#include "fourier/fft.hpp"
#include "fourier/half_spectrum.hpp"
#include "fourier/insertion_kernel.hpp"
#include "fourier/window_taps.hpp"
#include "tumble/error.hpp"

namespace tumble {

namespace {

// Fixed: the order of additions must not depend on threads. The records of 32 MB fit a third-level cache;
// more samples a sort would bring each part of the grid fewer times from memory, at the price of bringing the
// records from there.
constexpr std::size_t samples_per_sort = (32 << 20) / sizeof(PlacedRecord);

struct Kernels {
    BrickKernel find_bricks;
    PlaceKernel place_image;
    InsertKernel insert;
};

Kernels kernels_of([[maybe_unused]] InstructionSet set) {
#if defined(__x86_64__)
    switch (set) {
        case InstructionSet::avx512:
            return {avx512::find_bricks, avx512::place_image, avx512::insert_placed};
        case InstructionSet::avx2:
            return {avx2::find_bricks, avx2::place_image, avx2::insert_placed};
        case InstructionSet::portable:
            break;
    }
#endif
    return {portable::find_bricks, portable::place_image, portable::insert_placed};
}

/// What is inserted: the points in the disc that have weight, packed.
struct KeptPoints {
    std::vector<FrequencyPoint> points;
    std::vector<float> weights;
    std::vector<std::int32_t> index;  ///< among the caller's points
};

KeptPoints kept_points(const SliceSamples& in) {
    KeptPoints kept;
    for (std::size_t p = 0; p < in.points.size(); p++)
        if (inside_nyquist(in.points[p].x, in.points[p].y) && in.point_weights[p] != 0) {
            kept.points.push_back(in.points[p]);
            kept.weights.push_back(in.point_weights[p]);
            kept.index.push_back(static_cast<std::int32_t>(p));
        }
    return kept;
}

/// Samples of a group of images, stably sorted by brick: within a brick in the order (image, point).
struct SortedSamples {
    explicit SortedSamples(std::size_t most)
        : brick(std::make_unique_for_overwrite<std::int32_t[]>(most)),
          placed(std::make_unique_for_overwrite<PlacedRecord[]>(most)) {}
    std::unique_ptr<std::int32_t[]> brick;   ///< of each sample before sorting
    std::unique_ptr<PlacedRecord[]> placed;  ///< by brick
    std::vector<std::int64_t> begin;         ///< of each brick in `placed`
};

/// A group of images that are sorted together, images first .. first + count - 1.
struct ImageGroup {
    const SliceSamples& samples;
    const KeptPoints& kept;
    std::size_t first, count;
    int components;

    ImageSamples image(std::int64_t i) const {
        const std::size_t at = first + static_cast<std::size_t>(i);
        ImageSamples out;
        out.rotation = samples.rotations[at].m;
        out.image_weight = samples.image_weights[at];
        out.points = &kept.points[0].x;
        out.point_weights = kept.weights.data();
        out.index = kept.index.data();
        if (components == 2)
            out.values = reinterpret_cast<const float*>(samples.values + at * samples.points.size());
        out.kept = static_cast<std::int64_t>(kept.points.size());
        return out;
    }
};

/// Counting sort. Shares of images count and then write their own samples, share after share within a brick:
/// stable, so the result does not depend on the number of shares.
void sort_by_brick(const InsertionGrid& grid, const ImageGroup& group, const Kernels& kernels,
                   SortedSamples& out, ThreadPool& pool) {
    const auto points = static_cast<std::int64_t>(group.kept.points.size());
    const auto images = static_cast<std::int64_t>(group.count);
    const BrickCounts counts = brick_counts(grid.layout);
    const auto bricks = static_cast<std::size_t>(counts.axis * counts.axis * counts.pieces);
    std::vector<std::vector<std::int64_t>> next(static_cast<std::size_t>(pool.size()),
                                                std::vector<std::int64_t>(bricks));
    pool.run(images, [&](std::int64_t first, std::int64_t last, int share) {
        auto& count = next[static_cast<std::size_t>(share)];
        for (auto i = first; i < last; i++) {
            const ImageSamples image = group.image(i);
            if (image.image_weight == 0) continue;
            std::int32_t* brick = out.brick.get() + i * points;
            kernels.find_bricks(grid.layout, grid.window.width, counts, image.rotation, image.points, points,
                                brick);
            for (std::int64_t p = 0; p < points; p++) count[static_cast<std::size_t>(brick[p])]++;
        }
    });
    out.begin.assign(bricks + 1, 0);
    std::int64_t at = 0;
    for (std::size_t b = 0; b < bricks; b++) {
        out.begin[b] = at;
        for (auto& share : next) at += std::exchange(share[b], at);
    }
    out.begin[bricks] = at;
    pool.run(images, [&](std::int64_t first, std::int64_t last, int share) {
        auto& slot = next[static_cast<std::size_t>(share)];
        std::vector<std::int32_t> cell(group.kept.points.size());
        std::vector<float> fields(5 * cell.size());
        const auto field = [&](std::int64_t i) { return fields.data() + i * points; };
        const PlacedImage own{cell.data(), field(0), field(1), field(2), field(3), field(4)};
        for (auto i = first; i < last; i++) {
            const ImageSamples image = group.image(i);
            if (image.image_weight == 0) continue;
            kernels.place_image(grid.layout, grid.window.width, image, own);
            const std::int32_t* brick = out.brick.get() + i * points;
            for (std::int64_t p = 0; p < points; p++)
                out.placed[static_cast<std::size_t>(slot[static_cast<std::size_t>(brick[p])]++)] = {
                    own.cell[p], own.tx[p], own.ty[p], own.tz[p], own.re[p], own.im[p]};
        }
    });
}

void require_shapes(const SliceSamples& samples, int components) {
    if (samples.image_weights.size() != samples.rotations.size())
        throw bad_input("There are " + std::to_string(samples.image_weights.size()) +
                        " image weights; expected one for each of " +
                        std::to_string(samples.rotations.size()) + " rotations.");
    if (samples.point_weights.size() != samples.points.size())
        throw bad_input("There are " + std::to_string(samples.point_weights.size()) +
                        " point weights; expected one for each of " + std::to_string(samples.points.size()) +
                        " points.");
    if (components == 2 && samples.values == nullptr && !samples.rotations.empty())
        throw bad_input("Samples to be inserted have no values.");
}

// Grid rows that fall on row i of the DFT when wrapped: i itself, and one period away where the margin
// reaches.
struct Preimages {
    int count = 0;
    std::array<int, 3> at{};
};
Preimages preimages(int i, int padded, int reach) {
    Preimages out;
    for (int candidate : {i - padded, i, i + padded})
        if (candidate >= -reach && candidate <= reach)
            out.at[static_cast<std::size_t>(out.count++)] = candidate;
    return out;
}

/// Row (y, z) of the half spectrum: half the sum of all cells and of the Friedel mates' conjugates that wrap
/// onto it.
template <int components>
void fold_row(const InsertionGrid& grid, int y, int z, Complexf* out) {
    const GridLayout& layout = grid.layout;
    const int padded = layout.padded, half = padded / 2, reach = half + layout.margin;
    std::fill_n(out, half + 1, Complexf{});
    const auto cell = [](const float* row, int x) {
        return components == 2 ? Complexf(row[2 * x], row[2 * x + 1]) : Complexf(row[x], 0);
    };
    for (const int sign : {1, -1}) {
        const Preimages ys = preimages(sign * y, padded, reach), zs = preimages(sign * z, padded, reach);
        for (int k = 0; k < zs.count; k++)
            for (int j = 0; j < ys.count; j++) {
                const auto start = grid_index(layout, 0, ys.at[static_cast<std::size_t>(j)],
                                              zs.at[static_cast<std::size_t>(k)]);
                const float* row = grid.values.data() + components * start;
                if (sign == 1) {
                    for (int x = 0; x <= half; x++) out[x] += 0.5f * cell(row, x);
                    continue;
                }
                for (int x = 0; x <= layout.margin; x++) {
                    out[x] += 0.5f * std::conj(cell(row, -x));
                    out[half - x] += 0.5f * std::conj(cell(row, half + x));
                }
            }
    }
}

}  // namespace

InsertionGrid insertion_grid(int padded, int components, const GriddingWindow& window) {
    InsertionGrid grid;
    grid.window = window;
    grid.layout = grid_layout(padded, window.width);
    grid.components = components;
    if (grid_size(grid.layout) > std::numeric_limits<std::int32_t>::max())
        throw bad_input("A grid of side " + std::to_string(padded) + " is too large for insertion.");
    grid.values.assign(static_cast<std::size_t>(grid_size(grid.layout) * components), 0.0f);
    return grid;
}

void insert_samples(InsertionGrid& grid, const SliceSamples& in, ThreadPool& pool) {
    require_shapes(in, grid.components);
    const WindowTaps taps = window_taps(grid.window);
    const Kernels kernels = kernels_of(detected_instruction_set());
    const KeptPoints kept = kept_points(in);
    if (kept.points.empty()) return;

    const BrickCounts counts = brick_counts(grid.layout);
    const int axis = counts.axis, of_colour = (axis + 1) / 2;
    const std::size_t images = in.rotations.size();
    const std::size_t most = std::max<std::size_t>(1, samples_per_sort / kept.points.size());
    const std::size_t groups = (images + most - 1) / most,
                      group = groups == 0 ? 1 : (images + groups - 1) / groups;
    SortedSamples sorted(std::min(group, images) * kept.points.size());
    for (std::size_t first = 0; first < images; first += group) {
        const std::size_t count = std::min(group, images - first);
        sort_by_brick(grid, {in, kept, first, count, grid.components}, kernels, sorted, pool);
        for (int colour = 0; colour < 4; colour++)
            pool.each(of_colour * of_colour, [&](std::int64_t item, int) {
                const int z = 2 * static_cast<int>(item / of_colour) + colour / 2;
                const int y = 2 * static_cast<int>(item % of_colour) + colour % 2;
                if (z >= axis || y >= axis) return;
                const auto first_piece = static_cast<std::size_t>((z * axis + y) * counts.pieces);
                const std::int64_t start = sorted.begin[first_piece];
                kernels.insert(grid.values.data(), grid.components, grid.layout, taps,
                               sorted.placed.get() + start,
                               sorted.begin[first_piece + static_cast<std::size_t>(counts.pieces)] - start);
            });
    }
}

std::vector<float> gridded_to_map(InsertionGrid& grid, int box, ThreadPool& pool) {
    const int padded = grid.layout.padded;
    if (box < 1 || box > padded)
        throw bad_input("A map of box " + std::to_string(box) + " was asked of a grid of side " +
                        std::to_string(padded) + ".");
    const auto n = static_cast<std::size_t>(padded), half = n / 2 + 1, b = static_cast<std::size_t>(box);
    std::vector<Complexf> spectrum(n * n * half);
    pool.run(padded, [&](std::int64_t begin, std::int64_t end, int) {
        for (int z = static_cast<int>(begin); z < static_cast<int>(end); z++)
            for (int y = 0; y < padded; y++) {
                Complexf* row =
                    spectrum.data() + (static_cast<std::size_t>(z) * n + static_cast<std::size_t>(y)) * half;
                const int ky = signed_frequency(y, padded), kz = signed_frequency(z, padded);
                if (grid.components == 2)
                    fold_row<2>(grid, ky, kz, row);
                else
                    fold_row<1>(grid, ky, kz, row);
            }
    });
    std::vector<float> real(n * n * n);
    Fft3D(padded).inverse(spectrum.data(), real.data(), pool);

    const std::vector<float> profile = inverse_window_profile(grid.window, box, padded);
    std::vector<float> out(b * b * b);
    const auto at = [&](std::size_t i) { return (i + n - b / 2) % n; };
    pool.run(box, [&](std::int64_t begin, std::int64_t end, int) {
        for (auto z = static_cast<std::size_t>(begin); z < static_cast<std::size_t>(end); z++)
            for (std::size_t y = 0; y < b; y++)
                for (std::size_t x = 0; x < b; x++)
                    out[(z * b + y) * b + x] =
                        real[(at(z) * n + at(y)) * n + at(x)] * (profile[z] * profile[y] * profile[x]);
    });
    return out;
}

}  // namespace tumble
