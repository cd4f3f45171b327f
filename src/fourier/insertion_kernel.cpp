#include "fourier/insertion_kernel.hpp"

#include "fourier/window_lanes.hpp"

namespace tumble::TUMBLE_ISA {

namespace {

// The value times the x weights is the same for every row of taps, so a row costs one product and one
// addition.
template <int width>
void add_rows(float* base, std::int64_t row, std::int64_t plane, const Lanes8& value,
              const PointWeights& weights) {
    for (int k = 0; k < width; k++) {
        const Lanes8 scaled = value * weights.z[k];
        for (int j = 0; j < width; j++)
            *reinterpret_cast<Lanes8*>(base + k * plane + j * row) += scaled * weights.y[j];
    }
}
template <int width>
void add_wide_rows(float* base, std::int64_t row, std::int64_t plane, const Lanes16& value,
                   const PointWeights& weights) {
    for (int k = 0; k < width; k++) {
        const Lanes16 scaled = value * weights.z[k];
        for (int j = 0; j < width; j++)
            *reinterpret_cast<Lanes16*>(base + k * plane + j * row) += scaled * weights.y[j];
    }
}

template <int width>
void insert_real(float* grid, const GridLayout& layout, const WindowTaps& taps, const PlacedRecord* samples,
                 std::int64_t count) {
    const std::int64_t row = layout.stride, plane = row * layout.rows;
    for (std::int64_t s = 0; s < count; s++) {
        const PlacedRecord& sample = samples[s];
        PointWeights weights;
        point_weights(taps, sample.tx, sample.ty, sample.tz, weights);
        add_rows<width>(grid + sample.cell, row, plane, weights.x * sample.re, weights);
    }
}

template <int width>
void insert_complex(float* grid, const GridLayout& layout, const WindowTaps& taps,
                    const PlacedRecord* samples, std::int64_t count) {
    const std::int64_t row = 2 * static_cast<std::int64_t>(layout.stride), plane = row * layout.rows;
    for (std::int64_t s = 0; s < count; s++) {
        const PlacedRecord& sample = samples[s];
        PointWeights weights;
        point_weights(taps, sample.tx, sample.ty, sample.tz, weights);
        const Lanes8 re = weights.x * sample.re, im = weights.x * sample.im;
        float* base = grid + 2 * static_cast<std::int64_t>(sample.cell);
        if constexpr (width <= 4)
            add_rows<width>(base, row, plane, __builtin_shufflevector(re, im, 0, 8, 1, 9, 2, 10, 3, 11),
                            weights);
        else
            add_wide_rows<width>(
                base, row, plane,
                __builtin_shufflevector(re, im, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15),
                weights);
    }
}

template <int width>
void insert(float* grid, int components, const GridLayout& layout, const WindowTaps& taps,
            const PlacedRecord* samples, std::int64_t count) {
    const WindowTaps own = taps;  // a copy that stores to the grid cannot change
    if (components == 2)
        insert_complex<width>(grid, layout, own, samples, count);
    else
        insert_real<width>(grid, layout, own, samples, count);
}

}  // namespace

void find_bricks(const GridLayout& layout, int width, BrickCounts counts, const float* rotation,
                 const float* points, std::int64_t count, std::int32_t* brick) {
    for (std::int64_t p = 0; p < count; p++) {
        const GridPoint point = place_point(rotation, points[2 * p], points[2 * p + 1], layout.padded, width);
        brick[p] = brick_of(point, layout, counts);
    }
}

void place_image(const GridLayout& layout, int width, const ImageSamples& image, PlacedRecord* out) {
    for (std::int64_t p = 0; p < image.kept; p++) {
        const float weight = image.image_weight * image.point_weights[p];
        float re = weight, im = 0;
        if (image.values) {
            const float* value = image.values + 2 * static_cast<std::int64_t>(image.index[p]);
            re = weight * value[0];
            im = weight * value[1];
        }
        const PlacedSample sample = place_sample(image.rotation, image.points[2 * p], image.points[2 * p + 1],
                                                 re, im, layout.padded, width);
        const GridPoint& point = sample.point;
        out[p] = {static_cast<std::int32_t>(grid_index(layout, point.x, point.y, point.z)),
                  point.tx,
                  point.ty,
                  point.tz,
                  sample.re,
                  sample.im};
    }
}

void insert_placed(float* grid, int components, const GridLayout& layout, const WindowTaps& taps,
                   const PlacedRecord* samples, std::int64_t count) {
    switch (taps.width) {
        case 2:
            return insert<2>(grid, components, layout, taps, samples, count);
        case 3:
            return insert<3>(grid, components, layout, taps, samples, count);
        case 4:
            return insert<4>(grid, components, layout, taps, samples, count);
        case 5:
            return insert<5>(grid, components, layout, taps, samples, count);
        case 6:
            return insert<6>(grid, components, layout, taps, samples, count);
        case 7:
            return insert<7>(grid, components, layout, taps, samples, count);
        default:
            return insert<8>(grid, components, layout, taps, samples, count);
    }
}

}  // namespace tumble::TUMBLE_ISA
