#include "fourier/insertion_kernel.hpp"

#include "fourier/window_lanes.hpp"

namespace tumble::TUMBLE_ISA {

namespace {

// Vector types keep their alignment of 4 as members, not as template arguments.
template <int lanes>
struct Row;
template <>
struct Row<4> {
    typedef Lanes4 Lanes;
};
template <>
struct Row<8> {
    typedef Lanes8 Lanes;
};
template <>
struct Row<16> {
    typedef Lanes16 Lanes;
};

// The value times the x weights is the same for every row of taps, so a row costs one product and one
// addition.
template <int width, int lanes>
void add_rows(float* base, std::int64_t row, std::int64_t plane, const typename Row<lanes>::Lanes& value,
              const PointWeights& weights) {
    typedef typename Row<lanes>::Lanes Lanes;
    for (int k = 0; k < width; k++) {
        const Lanes scaled = value * weights.z[k];
        for (int j = 0; j < width; j++)
            *reinterpret_cast<Lanes*>(base + k * plane + j * row) += scaled * weights.y[j];
    }
}

/// Rows of eight and four lanes: fewer cross a cache line than of sixteen.
template <int width>
void add_split_rows(float* base, std::int64_t row, std::int64_t plane, const Lanes8& first,
                    const Lanes4& rest, const PointWeights& weights) {
    for (int k = 0; k < width; k++) {
        const Lanes8 scaled = first * weights.z[k];
        const Lanes4 scaled_rest = rest * weights.z[k];
        for (int j = 0; j < width; j++) {
            float* at = base + k * plane + j * row;
            *reinterpret_cast<Lanes8*>(at) += scaled * weights.y[j];
            *reinterpret_cast<Lanes4*>(at + 8) += scaled_rest * weights.y[j];
        }
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
        const Lanes8 value = weights.x * sample.re;
        if constexpr (width <= 4) {
            Lanes4 few;
            first_four(value, few);
            add_rows<width, 4>(grid + sample.cell, row, plane, few, weights);
        } else {
            add_rows<width, 8>(grid + sample.cell, row, plane, value, weights);
        }
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
        Lanes8 first;
        interleaved_first_four(re, im, first);
        if constexpr (width <= 4) {
            add_rows<width, 8>(base, row, plane, first, weights);
        } else if constexpr (width <= 6) {
            Lanes4 next;
            interleaved_next_two(re, im, next);
            add_split_rows<width>(base, row, plane, first, next, weights);
        } else {
            Lanes16 all;
            interleaved(re, im, all);
            add_rows<width, 16>(base, row, plane, all, weights);
        }
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

/// Copies that no store can change, so that the loops below become vectors.
struct OwnRotation {
    float m[9];
};
static inline OwnRotation own_rotation(const float* rotation) {
    OwnRotation own;
    for (int i = 0; i < 9; i++) own.m[i] = rotation[i];
    return own;
}

/// Fields of the records; `im` changes its sign where the Friedel mate stands for a sample.
void place_points(const GridLayout& layout, int width, const float* rotation,
                  const float* __restrict__ points, std::int64_t count, std::int32_t* __restrict__ cell,
                  float* __restrict__ tx, float* __restrict__ ty, float* __restrict__ tz,
                  float* __restrict__ im) {
    const GridLayout own = layout;
    const OwnRotation r = own_rotation(rotation);
    for (std::int64_t p = 0; p < count; p++) {
        const GridPoint point = place_point(r.m, points[2 * p], points[2 * p + 1], own.padded, width);
        cell[p] = static_cast<std::int32_t>(grid_index(own, point.x, point.y, point.z));
        tx[p] = point.tx;
        ty[p] = point.ty;
        tz[p] = point.tz;
        im[p] = point.conjugate ? -im[p] : im[p];
    }
}

}  // namespace

void find_bricks(const GridLayout& layout, int width, BrickCounts counts, const float* rotation,
                 const float* __restrict__ points, std::int64_t count, std::int32_t* __restrict__ brick) {
    const GridLayout own = layout;
    const OwnRotation r = own_rotation(rotation);
    for (std::int64_t p = 0; p < count; p++)
        brick[p] =
            brick_of(place_point(r.m, points[2 * p], points[2 * p + 1], own.padded, width), own, counts);
}

void place_image(const GridLayout& layout, int width, const ImageSamples& image, const PlacedImage& out) {
    for (std::int64_t p = 0; p < image.kept; p++) {
        out.re[p] = image.image_weight * image.point_weights[p];
        out.im[p] = 0;
    }
    if (image.values)
        for (std::int64_t p = 0; p < image.kept; p++) {
            const float weight = out.re[p],
                        *value = image.values + 2 * static_cast<std::int64_t>(image.index[p]);
            out.re[p] = weight * value[0];
            out.im[p] = weight * value[1];
        }
    place_points(layout, width, image.rotation, image.points, image.kept, out.cell, out.tx, out.ty, out.tz,
                 out.im);
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
