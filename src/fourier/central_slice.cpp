#include "fourier/central_slice.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/cpu_features.hpp"
#include "fourier/central_slice_kernel.hpp"
#include "fourier/fft.hpp"
#include "tumble/error.hpp"

namespace tumble {

namespace {

SampleKernel sample_kernel() {
#if defined(__x86_64__)
    switch (detected_instruction_set()) {
        case InstructionSet::avx512:
            return avx512::sample_points;
        case InstructionSet::avx2:
            return avx2::sample_points;
        case InstructionSet::portable:
            break;
    }
#endif
    return portable::sample_points;
}

int wrap(int i, int n) {
    return ((i % n) + n) % n;
}

// The map divided by the window's transform, its origin at element 0 of the padded grid.
std::vector<float> padded_map(VolumeView map, const GriddingWindow& window, int padded) {
    const int box = map.box;
    const auto n = static_cast<std::size_t>(padded);
    const std::vector<float> profile = inverse_window_profile(window, box, padded);
    std::vector<float> out(n * n * n);
    for (int z = 0; z < box; z++)
        for (int y = 0; y < box; y++) {
            const float yz = profile[static_cast<std::size_t>(z)] * profile[static_cast<std::size_t>(y)];
            const auto row = (static_cast<std::size_t>(wrap(z - box / 2, padded)) * n +
                              static_cast<std::size_t>(wrap(y - box / 2, padded))) *
                             n;
            for (int x = 0; x < box; x++)
                out[row + static_cast<std::size_t>(wrap(x - box / 2, padded))] =
                    map.at(x, y, z) * yz * profile[static_cast<std::size_t>(x)];
        }
    return out;
}

}  // namespace

int padded_side(int box, double padding_factor) {
    if (padding_factor < 1.2 || padding_factor > 8)
        throw bad_input("The padding factor is " + std::to_string(padding_factor) + "; expected 1.2 to 8.");
    return next_fast_size(static_cast<int>(std::ceil(box * padding_factor - 1e-6)));
}

PaddedTransform padded_transform(VolumeView map, const GriddingWindow& window, double padding_factor,
                                 ThreadPool& pool) {
    if (map.box < 8)
        throw bad_input("A map of box " + std::to_string(map.box) +
                        " cannot be sliced; expected at least 8 voxels.");
    PaddedTransform out;
    out.box = map.box;
    out.padded = padded_side(map.box, padding_factor);
    out.window = window;
    out.taps = window_taps(window);
    const int padded = out.padded;
    const auto half = static_cast<std::size_t>(padded / 2 + 1), n = static_cast<std::size_t>(padded);
    std::vector<Complexf> spectrum(n * n * half);
    Fft3D(padded).forward(padded_map(map, window, padded).data(), spectrum.data(), pool);

    const GridLayout layout = grid_layout(padded, window.width);
    out.values.resize(static_cast<std::size_t>(grid_size(layout)));
    const int reach = padded / 2 + layout.margin;
    pool.run(layout.rows, [&](std::int64_t begin, std::int64_t end, int) {
        for (auto r = begin; r < end; r++) {
            const int z = static_cast<int>(r) - reach;
            for (int y = -reach; y <= reach; y++) {
                const std::size_t direct = (static_cast<std::size_t>(wrap(z, padded)) * n +
                                            static_cast<std::size_t>(wrap(y, padded))) *
                                           half;
                const std::size_t mate = (static_cast<std::size_t>(wrap(-z, padded)) * n +
                                          static_cast<std::size_t>(wrap(-y, padded))) *
                                         half;
                Complexf* row = out.values.data() + grid_index(layout, 0, y, z);
                for (int x = 0; x <= padded / 2; x++) row[x] = spectrum[direct + static_cast<std::size_t>(x)];
                for (int x = 1; x <= layout.margin; x++) {
                    row[-x] = std::conj(spectrum[mate + static_cast<std::size_t>(wrap(x, padded))]);
                    row[padded / 2 + x] =
                        std::conj(spectrum[mate + static_cast<std::size_t>(padded / 2 - x)]);
                }
            }
        }
    });
    return out;
}

void sample_slices(const PaddedTransform& transform, std::span<const Mat3f> rotations,
                   std::span<const FrequencyPoint> points, Complexf* out, ThreadPool& pool) {
    constexpr std::int64_t block = 1024;
    const GridLayout layout = grid_layout(transform.padded, transform.window.width);
    const SampleKernel kernel = sample_kernel();
    const auto count = static_cast<std::int64_t>(points.size()), blocks = (count + block - 1) / block;
    pool.run(static_cast<std::int64_t>(rotations.size()) * blocks,
             [&](std::int64_t begin, std::int64_t end, int) {
                 for (auto item = begin; item < end; item++) {
                     const auto rotation = item / blocks, first = item % blocks * block;
                     kernel(reinterpret_cast<const float*>(transform.values.data()), layout, transform.taps,
                            rotations[static_cast<std::size_t>(rotation)].m,
                            &points[static_cast<std::size_t>(first)].x, std::min(block, count - first),
                            reinterpret_cast<float*>(out + rotation * count + first));
                 }
             });
}

}  // namespace tumble
