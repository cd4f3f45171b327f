#include <algorithm>
#include <cmath>
#include <vector>

#include "context.hpp"
#include "entries.hpp"
#include "kernels/central_slice.hpp"
#include "kernels/panel_packing.hpp"
#include "kernels/polar_images.hpp"
#include "pose/polar_transform.hpp"
#include "resident.hpp"

namespace tumble::cuda {
namespace {

void require_search(const SearchArguments& a) {
    if (a.ring_count < 1) refuse("polar grid: found no rings, expected at least one");
    if (a.angles != 64 && a.angles != 128 && a.angles != 256 && a.angles != 512)
        refuse("polar grid: found " + std::to_string(a.angles) + " angles, expected 64, 128, 256 or 512");
    if (a.order_count < 1 || a.order_count > a.angles / 2 + 1)
        refuse("angular basis: found " + std::to_string(a.order_count) + " orders, expected 1 to " + std::to_string(a.angles / 2 + 1));
    for (std::int64_t m = 0; m < a.order_count; m++)
        if (a.rank[m] < 0 || a.rank[m] > a.ring_count)
            refuse("angular basis: found rank " + std::to_string(a.rank[m]) + " of order " + std::to_string(m) + ", expected 0 to " +
                   std::to_string(a.ring_count));
}

/// Functions of the basis of order m as the operands hold them: padded for the matrix instruction.
int padded_rank(const SearchArguments& a, std::int64_t m) {
    constexpr int step = DeviceSearch::rank_step;
    return (a.rank[m] + step - 1) / step * step;
}

SearchSizes sizes_of(const SearchArguments& a, const DeviceImages& images) {
    SearchSizes sizes{images.images, images.box, a.direction_count, a.ring_count, a.angles, a.order_count, 0};
    for (std::int64_t m = 0; m < a.order_count; m++) sizes.inner += padded_rank(a, m);
    return sizes;
}

/// The basis as the packing and the scores read it: DeviceSearch's rank, inner, order_begin, d_rank, basis, harmonic.
void set_basis(Device& device, const SearchArguments& a, DeviceSearch& search) {
    search.orders = static_cast<int>(a.order_count);
    search.rank.assign(a.rank, a.rank + a.order_count);
    std::vector<int> begin{0}, harmonic;
    for (int m = 0; m < search.orders; m++) {
        begin.push_back(begin.back() + padded_rank(a, m));
        harmonic.resize(static_cast<std::size_t>(begin.back()), harmonic_slot(a.angles, m));
    }
    search.inner = begin.back();
    std::vector<float> basis(static_cast<std::size_t>(a.ring_count) * static_cast<std::size_t>(search.inner), 0.0f);
    const double* vector = a.basis_vectors;
    for (int m = 0; m < search.orders; m++)
        for (int function = 0; function < a.rank[m]; function++)
            for (std::int64_t r = 0; r < a.ring_count; r++)
                basis[static_cast<std::size_t>(r * search.inner + begin[static_cast<std::size_t>(m)] + function)] = static_cast<float>(*vector++);
    search.order_begin = to_device<int>(device, begin, "offsets of the angular orders");
    search.d_rank = to_device<int>(device, search.rank, "ranks of the angular orders");
    search.harmonic = to_device<int>(device, harmonic, "places of the harmonics");
    search.basis = to_device<float>(device, basis, "the angular basis");
}

/// Ring weights and the factors of the harmonics of directions and rows (pose/packing.cpp).
void set_rings(Device& device, const SearchArguments& a, DeviceSearch& search) {
    const auto rings = static_cast<std::size_t>(a.ring_count);
    search.rings = static_cast<int>(rings);
    std::vector<float> direction_scale, row_scale;
    for (std::size_t r = 0; r < rings; r++) {
        direction_scale.push_back(static_cast<float>(std::sqrt(a.rings[r]) / a.angles));
        row_scale.push_back(static_cast<float>(0.5 * static_cast<double>(a.weights[r]) / std::sqrt(a.rings[r])));
    }
    search.ring_weights = to_device(device, std::span(a.weights, rings), "ring weights");
    search.direction_scale = to_device<float>(device, direction_scale, "factors of the directions");
    search.row_scale = to_device<float>(device, row_scale, "factors of the rows");
}

/// Slices and packs `at_once` directions at a time, a number of whole blocks or all.
void set_directions(Device& device, const DeviceTransform& transform, const SearchArguments& a, std::int64_t at_once, DeviceSearch& search) {
    constexpr std::int64_t block = DeviceSearch::block_directions;
    const std::int64_t points = a.ring_count * (a.angles / 2), blocks = (a.direction_count + block - 1) / block;
    search.directions = a.direction_count;
    search.operands = DeviceBuffer<float>(device, static_cast<std::size_t>(2 * blocks * block * search.inner), "operands of the directions");
    search.power = DeviceBuffer<float>(device, static_cast<std::size_t>(blocks * block), "powers of the directions");
    if (blocks == 0) return;
    const auto rotations =
        to_device(device, std::span(a.directions, 9 * static_cast<std::size_t>(a.direction_count)), "rotations of the directions");
    DeviceBuffer<float2> slices(device, static_cast<std::size_t>(at_once * points), "polar slices");
    for (std::int64_t first = 0; first < a.direction_count; first += at_once) {
        const std::int64_t count = std::min(at_once, a.direction_count - first);
        sample_slices(device, transform, rotations.data() + 9 * first, count, search.points.data(), points, slices.data());
        pack_directions(device, search, slices.data(), first, count);
    }
}

}  // namespace

std::int32_t search_create(Context* context, const Images* images, const Transform* transform, const SearchArguments* a, Search** out) {
    *out = nullptr;
    return on_device_from_host(context, a, [&](Device& device) {
        require_search(*a);
        const DeviceMemory memory = device.memory();
        const Cut cut = search_cut(memory, sizes_of(*a, behind(images)));
        require(memory, cut.take.least,
                "a search of " + std::to_string(a->direction_count) + " directions for " + std::to_string(behind(images).images) + " images");
        DeviceSearch search;
        search.angles = a->angles;
        set_basis(device, *a, search);
        set_rings(device, *a, search);
        const PolarGrid grid{{a->rings, a->rings + a->ring_count}, a->angles};
        const std::vector<FrequencyPoint> points = grid.points();
        search.points = to_device(device, std::span(reinterpret_cast<const float2*>(points.data()), points.size()), "polar grid");
        set_directions(device, behind(transform), *a, cut.at_once, search);
        search.images = behind(images).images;
        search.samples = polar_samples(device, behind(images), points);
        device.synchronize("packing of the directions");
        hand_out(out, std::move(search));
    });
}

void search_destroy(Context* context, Search* search) {
    destroy(context, search);
}

std::int32_t rows_create(Context* context, const Search* search, const RowArguments* a, Rows** out) {
    *out = nullptr;
    return on_device_from_host(context, a, [&](Device& device) {
        const DeviceSearch& s = behind(search);
        const auto count = static_cast<std::size_t>(a->count);
        std::vector<float2> shifts(count);
        for (std::size_t r = 0; r < count; r++) {
            if (a->images[r] < 0 || a->images[r] >= s.images)
                refuse("rows: image " + std::to_string(a->images[r]) + " is outside the samples given");
            shifts[r] = {static_cast<float>(a->shifts_px[2 * r]), static_cast<float>(a->shifts_px[2 * r + 1])};
        }
        require(device.memory(), rows_take(a->count, s.inner).least, std::to_string(a->count) + " rows of a search");
        const auto d_images = to_device(device, std::span(a->images, count), "images of the rows");
        const auto d_shifts = to_device<float2>(device, shifts, "shifts of the rows");
        DeviceRows rows = pack_rows(device, s, d_images.data(), d_shifts.data(), a->count);
        device.synchronize("packing of the rows");
        hand_out(out, std::move(rows));
    });
}

void rows_destroy(Context* context, Rows* rows) {
    destroy(context, rows);
}

}  // namespace tumble::cuda
