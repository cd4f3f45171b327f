#include "fourier/central_slice_kernel.hpp"

#include "fourier/window_lanes.hpp"

namespace tumble::TUMBLE_ISA {

namespace {

// The x weights are the same for every row of taps: rows are summed first, eight complex numbers at once, and
// weighted and reduced at the end.
template <int width>
void sample(const float* grid, const GridLayout& layout, const WindowTaps& taps, const float* rotation,
            const float* points, std::int64_t count, float* out) {
    const std::int64_t row = 2 * static_cast<std::int64_t>(layout.stride), plane = row * layout.rows;
    for (std::int64_t p = 0; p < count; p++, out += 2) {
        const float x = points[2 * p], y = points[2 * p + 1];
        if (!inside_nyquist(x, y)) {
            out[0] = out[1] = 0;
            continue;
        }
        const GridPoint point = place_point(rotation, x, y, layout.padded, width);
        PointWeights weights;
        point_weights(taps, point.tx, point.ty, point.tz, weights);
        const float* base = grid + 2 * grid_index(layout, point.x, point.y, point.z);
        Lanes16 sum{}, twice;
        for (int k = 0; k < width; k++) {
            Lanes16 plane_sum{};
            for (int j = 0; j < width; j++)
                plane_sum += *reinterpret_cast<const Lanes16*>(base + k * plane + j * row) * weights.y[j];
            sum += plane_sum * weights.z[k];
        }
        each_twice(weights.x, twice);
        sum *= twice;
        float re, im;
        even_odd_sums(sum, re, im);
        out[0] = re;
        out[1] = point.conjugate ? -im : im;
    }
}

}  // namespace

void sample_points(const float* grid, const GridLayout& layout, const WindowTaps& taps, const float* rotation,
                   const float* points, std::int64_t count, float* out) {
    switch (taps.width) {
        case 2:
            return sample<2>(grid, layout, taps, rotation, points, count, out);
        case 3:
            return sample<3>(grid, layout, taps, rotation, points, count, out);
        case 4:
            return sample<4>(grid, layout, taps, rotation, points, count, out);
        case 5:
            return sample<5>(grid, layout, taps, rotation, points, count, out);
        case 6:
            return sample<6>(grid, layout, taps, rotation, points, count, out);
        case 7:
            return sample<7>(grid, layout, taps, rotation, points, count, out);
        default:
            return sample<8>(grid, layout, taps, rotation, points, count, out);
    }
}

}  // namespace tumble::TUMBLE_ISA
