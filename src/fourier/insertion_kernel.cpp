#include "fourier/insertion_kernel.hpp"

#include "fourier/window_lanes.hpp"

namespace tumble::TUMBLE_ISA {

namespace {

// The value times the x weights is the same for every row of taps, so a row costs one product and one
// addition.
template <int width>
void insert_complex(float* grid, const GridLayout& layout, const WindowTaps& taps,
                    const PlacedSample* samples, const std::int32_t* order, std::int64_t count) {
    const std::int64_t row = 2 * static_cast<std::int64_t>(layout.stride), plane = row * layout.rows;
    for (std::int64_t s = 0; s < count; s++) {
        const PlacedSample& sample = samples[order[s]];
        Lanes8 wx, wy, wz;
        tap_weights(taps, sample.point.tx, &wx);
        tap_weights(taps, sample.point.ty, &wy);
        tap_weights(taps, sample.point.tz, &wz);
        Lanes16 value;
        for (int i = 0; i < WindowTaps::lanes; i++) {
            value[2 * i] = wx[i] * sample.re;
            value[2 * i + 1] = wx[i] * sample.im;
        }
        float* base = grid + 2 * grid_index(layout, sample.point.x, sample.point.y, sample.point.z);
        for (int k = 0; k < width; k++)
            for (int j = 0; j < width; j++)
                *reinterpret_cast<Lanes16*>(base + k * plane + j * row) += value * (wz[k] * wy[j]);
    }
}

template <int width>
void insert_real(float* grid, const GridLayout& layout, const WindowTaps& taps, const PlacedSample* samples,
                 const std::int32_t* order, std::int64_t count) {
    const std::int64_t row = layout.stride, plane = row * layout.rows;
    for (std::int64_t s = 0; s < count; s++) {
        const PlacedSample& sample = samples[order[s]];
        Lanes8 wx, wy, wz;
        tap_weights(taps, sample.point.tx, &wx);
        tap_weights(taps, sample.point.ty, &wy);
        tap_weights(taps, sample.point.tz, &wz);
        const Lanes8 value = wx * sample.re;
        float* base = grid + grid_index(layout, sample.point.x, sample.point.y, sample.point.z);
        for (int k = 0; k < width; k++)
            for (int j = 0; j < width; j++)
                *reinterpret_cast<Lanes8*>(base + k * plane + j * row) += value * (wz[k] * wy[j]);
    }
}

template <int width>
void insert(float* grid, const GridLayout& layout, const WindowTaps& taps, int components,
            const PlacedSample* samples, const std::int32_t* order, std::int64_t count) {
    if (components == 2)
        insert_complex<width>(grid, layout, taps, samples, order, count);
    else
        insert_real<width>(grid, layout, taps, samples, order, count);
}

}  // namespace

void insert_placed(float* grid, const GridLayout& layout, const WindowTaps& taps, int components,
                   const PlacedSample* samples, const std::int32_t* order, std::int64_t count) {
    switch (taps.width) {
        case 2:
            return insert<2>(grid, layout, taps, components, samples, order, count);
        case 3:
            return insert<3>(grid, layout, taps, components, samples, order, count);
        case 4:
            return insert<4>(grid, layout, taps, components, samples, order, count);
        case 5:
            return insert<5>(grid, layout, taps, components, samples, order, count);
        case 6:
            return insert<6>(grid, layout, taps, components, samples, order, count);
        case 7:
            return insert<7>(grid, layout, taps, components, samples, order, count);
        default:
            return insert<8>(grid, layout, taps, components, samples, order, count);
    }
}

}  // namespace tumble::TUMBLE_ISA
