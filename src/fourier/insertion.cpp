#include "fourier/insertion.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "core/cpu_features.hpp"
#include "fourier/fft.hpp"
#include "fourier/insertion_kernel.hpp"
#include "fourier/window_taps.hpp"
#include "tumble/error.hpp"

namespace tumble {

namespace {

constexpr int brick_rows = 8;  // at least the widest window, so that bricks two apart never touch
static_assert(brick_rows >= WindowTaps::lanes);
constexpr std::int64_t samples_per_sort = 1
                                          << 17;  // fixed: the order of additions must not depend on threads

InsertKernel insert_kernel() {
#if defined(__x86_64__)
    switch (detected_instruction_set()) {
        case InstructionSet::avx512:
            return avx512::insert_placed;
        case InstructionSet::avx2:
            return avx2::insert_placed;
        case InstructionSet::portable:
            break;
    }
#endif
    return portable::insert_placed;
}

/// Samples of a group of images, sorted by brick.
struct SortedSamples {
    std::vector<PlacedSample> samples;
    std::vector<std::int32_t> brick;  ///< of each sample
    std::vector<std::int32_t> order;  ///< samples by brick
    std::vector<std::int64_t> begin;  ///< of each brick in `order`
};

int bricks_per_axis(const GridLayout& layout) {
    return (layout.rows + brick_rows - 1) / brick_rows;
}

int brick_of(const GridPoint& point, const GridLayout& layout) {
    const int reach = layout.padded / 2 + layout.margin;
    return (point.z + reach) / brick_rows * bricks_per_axis(layout) + (point.y + reach) / brick_rows;
}

void place_images(const InsertionGrid& grid, const SliceSamples& in, std::int64_t first, std::int64_t last,
                  std::span<const FrequencyPoint> points, std::span<const std::int32_t> kept,
                  SortedSamples& out, ThreadPool& pool) {
    const auto count = static_cast<std::int64_t>(kept.size());
    out.samples.resize(static_cast<std::size_t>(count * (last - first)));
    out.brick.resize(out.samples.size());
    pool.run(last - first, [&](std::int64_t begin, std::int64_t end, int) {
        for (auto i = begin; i < end; i++) {
            const float weight = in.image_weights[static_cast<std::size_t>(first + i)];
            const float* rotation = in.rotations[static_cast<std::size_t>(first + i)].m;
            for (std::int64_t k = 0; k < count; k++) {
                const auto p = static_cast<std::size_t>(kept[static_cast<std::size_t>(k)]);
                const float w = weight * in.point_weights[p];
                const Complexf value =
                    grid.components == 1
                        ? Complexf(w, 0)
                        : w * in.values[(first + i) * static_cast<std::int64_t>(points.size()) +
                                        static_cast<std::int64_t>(p)];
                const auto slot = static_cast<std::size_t>(i * count + k);
                out.samples[slot] = place_sample(rotation, points[p].x, points[p].y, value.real(),
                                                 value.imag(), grid.layout.padded, grid.window.width);
                out.brick[slot] = brick_of(out.samples[slot].point, grid.layout);
            }
        }
    });
}

void sort_by_brick(int bricks, SortedSamples& s) {
    s.begin.assign(static_cast<std::size_t>(bricks) + 1, 0);
    for (const auto b : s.brick) s.begin[static_cast<std::size_t>(b) + 1]++;
    for (std::size_t b = 0; b < static_cast<std::size_t>(bricks); b++) s.begin[b + 1] += s.begin[b];
    std::vector<std::int64_t> next(s.begin.begin(), s.begin.end() - 1);
    s.order.resize(s.samples.size());
    for (std::size_t i = 0; i < s.brick.size(); i++)
        s.order[static_cast<std::size_t>(next[static_cast<std::size_t>(s.brick[i])]++)] =
            static_cast<std::int32_t>(i);
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
Preimages preimages(int i, int padded, int lowest, int highest) {
    Preimages out;
    for (int candidate : {i - padded, i, i + padded})
        if (candidate >= lowest && candidate <= highest)
            out.at[static_cast<std::size_t>(out.count++)] = candidate;
    return out;
}

// Half the sum of a cell and of the Friedel mate's conjugate, over all cells that wrap onto (x, y, z), x >=
// 0.
Complexf folded(const InsertionGrid& grid, int x, int y, int z) {
    const GridLayout& layout = grid.layout;
    const int reach = layout.padded / 2 + layout.margin;
    Complexf sum{};
    for (const int sign : {1, -1}) {
        const Preimages px = preimages(sign * x, layout.padded, -layout.margin, reach);
        const Preimages py = preimages(sign * y, layout.padded, -reach, reach);
        const Preimages pz = preimages(sign * z, layout.padded, -reach, reach);
        for (int k = 0; k < pz.count; k++)
            for (int j = 0; j < py.count; j++)
                for (int i = 0; i < px.count; i++) {
                    const auto cell =
                        grid_index(layout, px.at[static_cast<std::size_t>(i)],
                                   py.at[static_cast<std::size_t>(j)], pz.at[static_cast<std::size_t>(k)]);
                    const float* value = grid.values.data() + grid.components * cell;
                    sum += Complexf(value[0], grid.components == 2 ? static_cast<float>(sign) * value[1] : 0);
                }
    }
    return 0.5f * sum;
}

}  // namespace

InsertionGrid insertion_grid(int padded, int components, const GriddingWindow& window) {
    InsertionGrid grid;
    grid.window = window;
    grid.layout = grid_layout(padded, window.width);
    grid.components = components;
    grid.values.assign(static_cast<std::size_t>(grid_size(grid.layout) * components), 0.0f);
    return grid;
}

void insert_samples(InsertionGrid& grid, const SliceSamples& in, ThreadPool& pool) {
    require_shapes(in, grid.components);
    const WindowTaps taps = window_taps(grid.window);
    const InsertKernel kernel = insert_kernel();
    std::vector<std::int32_t> kept;
    for (std::size_t p = 0; p < in.points.size(); p++)
        if (inside_nyquist(in.points[p].x, in.points[p].y) && in.point_weights[p] != 0)
            kept.push_back(static_cast<std::int32_t>(p));
    if (kept.empty()) return;

    const int axis = bricks_per_axis(grid.layout);
    const auto images = static_cast<std::int64_t>(in.rotations.size());
    const std::int64_t group =
        std::max<std::int64_t>(1, samples_per_sort / static_cast<std::int64_t>(kept.size()));
    SortedSamples sorted;
    for (std::int64_t first = 0; first < images; first += group) {
        place_images(grid, in, first, std::min(images, first + group), in.points, kept, sorted, pool);
        sort_by_brick(axis * axis, sorted);
        const int of_colour = (axis + 1) / 2;
        for (int colour = 0; colour < 4; colour++)
            pool.each(of_colour * of_colour, [&](std::int64_t item, int) {
                const int z = 2 * static_cast<int>(item / of_colour) + colour / 2;
                const int y = 2 * static_cast<int>(item % of_colour) + colour % 2;
                if (z >= axis || y >= axis) return;
                const auto brick = static_cast<std::size_t>(z * axis + y);
                kernel(grid.values.data(), grid.layout, taps, grid.components, sorted.samples.data(),
                       sorted.order.data() + sorted.begin[brick],
                       sorted.begin[brick + 1] - sorted.begin[brick]);
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
        for (auto z = begin; z < end; z++)
            for (int y = 0; y < padded; y++)
                for (std::size_t x = 0; x < half; x++)
                    spectrum[(static_cast<std::size_t>(z) * n + static_cast<std::size_t>(y)) * half + x] =
                        folded(grid, static_cast<int>(x), y < padded / 2 ? y : y - padded,
                               static_cast<int>(z) < padded / 2 ? static_cast<int>(z)
                                                                : static_cast<int>(z) - padded);
    });
    std::vector<float> real(n * n * n);
    Fft3D(padded).inverse(spectrum.data(), real.data());

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
