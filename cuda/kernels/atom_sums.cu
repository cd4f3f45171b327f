#include "kernels/atom_sums.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>
#include <string>
#include <vector>

#include "atoms/half_plane_grid.hpp"
#include "kernels/shared_memory.hpp"
#include "kernels/two_floats.hpp"
#include "runtime/launch.hpp"

namespace tumble::cuda {
namespace {

using backend::AtomArguments;

constexpr int factor_threads = 128;    // of the kernel that fills the tables of factors
constexpr int tile = 16;               // rows and columns of a block of structure factors
constexpr int tile_side = 8;           // threads along each: a thread has 2 x 2 cells
constexpr int tile_threads = tile_side * tile_side;
constexpr int chunk = 32;              // atoms whose factors a tile keeps in shared memory
constexpr int tile_stride = chunk + 1;  // so that the rows of a chunk begin in different banks
constexpr int group_rows = 4;          // rows that a warp takes at once where it sums over a plane
constexpr int lanes = 32;              // atoms are padded to a multiple
constexpr int gradient_warps = 8;
constexpr int gradient_threads = gradient_warps * lanes;
constexpr int gradient_sums = 6;       // value, x, y of the direct and of the depth part
constexpr int gradient_blocks = 2;     // a multiprocessor at least: without it ptxas spills to fit three
constexpr int residual_threads = 256;
constexpr int sum_threads = 128;
constexpr int most_images = 32768;     // of a batch: the height of a grid of blocks
constexpr int profile_products = 5;    // |G|^2, Re(G conj D), |D|^2, Re(X conj G), Re(X conj D)

/// Pose of an image, with its weight.
struct DevicePose {
    float rotation[9], shift_A[2], weight;
};

/// Where an image's arrays of a batch lie. Cells: rows ky = 0 .. rows - 1 of columns kx = 0 .. side - 1; a cell stands for
/// (kx, ky) and (-kx, ky).
struct Sizes {
    int atoms;  // padded to a multiple of `lanes`
    int side, rows;
    float spacing_per_A;
    __host__ __device__ int cells() const { return side * rows; }
};

/// Points of the cells' two sides, -1 where there is none: the second side is empty where kx = 0.
struct CellPoints {
    const int *right, *left;
};

/// exp(-2 pi i k u) for whole k; the product k u is reduced to half a turn before it is rounded.
__device__ inline float2 wave(float k, float u) {
    float s, c;
    sincospif(-2.0f * fmaf(k, u, -rintf(k * u)), &s, &c);
    return make_float2(c, s);
}

/// Tables of one axis factor a (image, atom): columns [image][kx][atom], rows [image][ky][atom], and the depth along the beam.
__global__ void __launch_bounds__(factor_threads)
    wave_factors(const DevicePose* __restrict__ poses, const float* __restrict__ positions, Sizes sizes, int images,
                 float2* __restrict__ columns, float2* __restrict__ rows, float* __restrict__ depth) {
    const long long all = static_cast<long long>(images) * sizes.atoms;
    for (long long item = blockIdx.x * static_cast<long long>(factor_threads) + threadIdx.x; item < all;
         item += static_cast<long long>(gridDim.x) * factor_threads) {
        const long long image = item / sizes.atoms;
        const int atom = static_cast<int>(item % sizes.atoms);
        const float* r = poses[image].rotation;
        const float x = positions[atom], y = positions[sizes.atoms + atom], z = positions[2 * sizes.atoms + atom];
        const float u = fmaf(r[0], x, fmaf(r[1], y, fmaf(r[2], z, poses[image].shift_A[0]))) * sizes.spacing_per_A;
        const float v = fmaf(r[3], x, fmaf(r[4], y, fmaf(r[5], z, poses[image].shift_A[1]))) * sizes.spacing_per_A;
        depth[item] = fmaf(r[6], x, fmaf(r[7], y, r[8] * z));
        float2* column = columns + image * sizes.side * sizes.atoms + atom;
        for (int k = 0; k < sizes.side; k++) column[static_cast<long long>(k) * sizes.atoms] = wave(static_cast<float>(k), u);
        float2* row = rows + image * sizes.rows * sizes.atoms + atom;
        for (int k = 0; k < sizes.rows; k++) row[static_cast<long long>(k) * sizes.atoms] = wave(static_cast<float>(k), v);
    }
}

/// Products of a row's factor c and a column's e: with them both sides of the cell are c e = (rr - ii) + i (ri + ir) and
/// c conj(e) = (rr + ii) + i (ir - ri).
struct Products {
    float rr, ii, ri, ir;
    __device__ void add(float2 c, float2 e) {
        rr = fmaf(c.x, e.x, rr);
        ii = fmaf(c.y, e.y, ii);
        ri = fmaf(c.x, e.y, ri);
        ir = fmaf(c.y, e.x, ir);
    }
    __device__ float4 sides() const { return make_float4(rr - ii, ri + ir, rr + ii, ir - ri); }
};

/// Structure factors of a tile of an image's cells, summed in the order of atoms: out [image][cell][part](right, left side), part
/// 0 by height, part 1 by height times depth. blockIdx: (column of tiles, row of tiles, image). ends[group of rows]: columns
/// beyond hold no points, and a tile of such is left out.
template <int parts>
__global__ void __launch_bounds__(tile_threads)
    structure_factors(const float2* __restrict__ columns, const float2* __restrict__ rows, const float* __restrict__ depth,
                      const float* __restrict__ heights, const int* __restrict__ ends, Sizes sizes, float4* __restrict__ out) {
    const int first_column = static_cast<int>(blockIdx.x) * tile, first_row = static_cast<int>(blockIdx.y) * tile;
    const long long image = blockIdx.z;
    int end = 0;
    for (int row = first_row; row < min(first_row + tile, sizes.rows); row += group_rows) end = max(end, ends[row / group_rows]);
    if (first_column >= end) return;

    float4* row_factors = shared_memory<float4>();  // [row][atom]: the factor times the height, and that times the depth
    float2* column_factors = reinterpret_cast<float2*>(row_factors + tile * tile_stride);  // [column][atom]
    const int x = static_cast<int>(threadIdx.x) % tile_side, y = static_cast<int>(threadIdx.x) / tile_side;
    Products sums[2][2][parts] = {};
    for (int first = 0; first < sizes.atoms; first += chunk) {
        for (int i = static_cast<int>(threadIdx.x); i < tile * chunk; i += tile_threads) {
            const int line = i / chunk, atom = i % chunk;
            float4 row = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
            float2 column = make_float2(0.0f, 0.0f);
            if (first_row + line < sizes.rows) {
                const float2 f = rows[(image * sizes.rows + first_row + line) * sizes.atoms + first + atom];
                const float h = heights[first + atom], hz = h * depth[image * sizes.atoms + first + atom];
                row = make_float4(h * f.x, h * f.y, hz * f.x, hz * f.y);
            }
            if (first_column + line < sizes.side)
                column = columns[(image * sizes.side + first_column + line) * sizes.atoms + first + atom];
            row_factors[line * tile_stride + atom] = row;
            column_factors[line * tile_stride + atom] = column;
        }
        __syncthreads();
#pragma unroll 4
        for (int atom = 0; atom < chunk; atom++) {
            const float4 c[2] = {row_factors[y * tile_stride + atom], row_factors[(y + tile_side) * tile_stride + atom]};
            const float2 e[2] = {column_factors[x * tile_stride + atom], column_factors[(x + tile_side) * tile_stride + atom]};
#pragma unroll
            for (int i = 0; i < 2; i++)
#pragma unroll
                for (int j = 0; j < 2; j++) {
                    sums[i][j][0].add(make_float2(c[i].x, c[i].y), e[j]);
                    if constexpr (parts == 2) sums[i][j][1].add(make_float2(c[i].z, c[i].w), e[j]);
                }
        }
        __syncthreads();
    }
#pragma unroll
    for (int i = 0; i < 2; i++)
#pragma unroll
        for (int j = 0; j < 2; j++) {
            const int row = first_row + y + i * tile_side, column = first_column + x + j * tile_side;
            if (row >= sizes.rows || column >= sizes.side) continue;
            float4* to = out + (image * sizes.cells() + row * sizes.side + column) * parts;
#pragma unroll
            for (int part = 0; part < parts; part++) to[part] = sums[i][j][part].sides();
        }
}

__device__ inline float product(float2 a, float2 b) {
    return fmaf(a.x, b.x, a.y * b.y);
}
__device__ inline float2 side_of(float4 both, bool left) {
    return left ? make_float2(both.z, both.w) : make_float2(both.x, both.y);
}

/// Adds a batch's images, in their order, to sums over images of weight times the products of the profile: [side][product][cell],
/// each in two floats. A thread has one side of a cell; blockIdx.y: the side.
template <int parts>
__global__ void __launch_bounds__(sum_threads)
    add_products(const float4* __restrict__ factors, const float2* __restrict__ values, const DevicePose* __restrict__ poses,
                 CellPoints cells, Sizes sizes, long long points, int images, float2* __restrict__ sums) {
    const bool left = blockIdx.y == 1;
    const int* point_of = left ? cells.left : cells.right;
    for (int cell = static_cast<int>(blockIdx.x) * sum_threads + static_cast<int>(threadIdx.x); cell < sizes.cells();
         cell += static_cast<int>(gridDim.x) * sum_threads) {
        const int point = point_of[cell];
        if (point < 0) continue;
        float2* mine = sums + static_cast<long long>(blockIdx.y) * profile_products * sizes.cells() + cell;
        float2 total[profile_products];
#pragma unroll
        for (int q = 0; q < profile_products; q++) total[q] = mine[static_cast<long long>(q) * sizes.cells()];
        for (int i = 0; i < images; i++) {
            const float weight = poses[i].weight;
            if (weight == 0.0f) continue;
            const float4* from = factors + (static_cast<long long>(i) * sizes.cells() + cell) * parts;
            const float2 image = values[i * points + point], g = side_of(from[0], left);
            add_to(total[0], weight * product(g, g));
            add_to(total[3], weight * product(image, g));
            if constexpr (parts == 2) {
                const float2 d = side_of(from[1], left);
                add_to(total[1], weight * product(g, d));
                add_to(total[2], weight * product(d, d));
                add_to(total[4], weight * product(image, d));
            }
        }
#pragma unroll
        for (int q = 0; q < profile_products; q++) mine[static_cast<long long>(q) * sizes.cells()] = total[q];
    }
}

/// Of a block, in a fixed order; valid in thread 0. `places`: a float a warp in shared memory.
__device__ inline float block_sum(float value, float* places) {
#pragma unroll
    for (int step = lanes / 2; step > 0; step /= 2) value += __shfl_xor_sync(0xffffffffu, value, step);
    if (threadIdx.x % lanes == 0) places[threadIdx.x / lanes] = value;
    __syncthreads();
    float sum = 0.0f;
    if (threadIdx.x == 0)
        for (int warp = 0; warp < residual_threads / lanes; warp++) sum += places[warp];
    __syncthreads();
    return sum;
}

/// Turns structure factors in place into what the gradient sums over: with W = weight f (X - A) on the two sides of a cell, W right
/// + W left and W right - W left, likewise for the depth part. A block an image; profile: f and g of each cell. out[image]:
/// likelihood and residual.
template <int parts>
__global__ void __launch_bounds__(residual_threads)
    residuals(const float2* __restrict__ values, const float* __restrict__ weights, const float2* __restrict__ profile,
              CellPoints points_of, Sizes sizes, long long points, float4* __restrict__ factors, float2* __restrict__ out) {
    const long long image = blockIdx.x;
    const float2* x = values + image * points;
    float likelihood = 0.0f, square = 0.0f;
    for (int cell = static_cast<int>(threadIdx.x); cell < sizes.cells(); cell += residual_threads) {
        float4* here = factors + (image * sizes.cells() + cell) * parts;
        const float2 f = profile[cell];
        float2 direct[2] = {}, depth[2] = {};
#pragma unroll
        for (int side = 0; side < 2; side++) {
            const int point = side == 0 ? points_of.right[cell] : points_of.left[cell];
            if (point < 0) continue;
            const float2 g = side_of(here[0], side == 1), value = x[point];
            float2 model = make_float2(f.x * g.x, f.x * g.y);
            if constexpr (parts == 2) {
                const float2 d = side_of(here[1], side == 1);
                model = make_float2(fmaf(f.y, d.x, model.x), fmaf(f.y, d.y, model.y));
            }
            const float2 rest = make_float2(value.x - model.x, value.y - model.y);
            const float w = weights[point];
            square = fmaf(w, product(rest, rest), square);
            // |X|^2 - |X - A|^2 without the difference of squares.
            likelihood = fmaf(w, product(model, make_float2(value.x + rest.x, value.y + rest.y)), likelihood);
            direct[side] = make_float2(w * f.x * rest.x, w * f.x * rest.y);
            depth[side] = make_float2(w * f.y * rest.x, w * f.y * rest.y);
        }
        here[0] = make_float4(direct[0].x + direct[1].x, direct[0].y + direct[1].y, direct[0].x - direct[1].x, direct[0].y - direct[1].y);
        if constexpr (parts == 2)
            here[1] = make_float4(depth[0].x + depth[1].x, depth[0].y + depth[1].y, depth[0].x - depth[1].x, depth[0].y - depth[1].y);
    }
    float* places = shared_memory<float>();
    likelihood = block_sum(likelihood, places);
    square = block_sum(square, places);
    if (threadIdx.x == 0) out[image] = make_float2(likelihood, square);
}

/// Sums along a row of cells for one atom, with ex = conj of the column's factor: T = sum ex W and X = sum kx ex W.
struct RowSums {
    float t_re, t_im, x_re, x_im;
    /// w: sum and difference of the two sides; e, ke: the column's factor and kx times it.
    __device__ void add(float4 w, float2 e, float2 ke) {
        t_re = fmaf(e.x, w.x, fmaf(e.y, w.w, t_re));
        t_im = fmaf(e.x, w.y, fmaf(-e.y, w.z, t_im));
        x_re = fmaf(ke.x, w.z, fmaf(ke.y, w.y, x_re));
        x_im = fmaf(ke.x, w.w, fmaf(-ke.y, w.x, x_im));
    }
};

/// Derivatives of an image's log-likelihood, without its weight, by each atom: out [image][atom](x, y, z in the particle's frame,
/// height). A block has 32 atoms; its warps share the groups of rows, and their sums are added in the order of warps.
/// blockIdx: (atoms, image).
template <int parts>
__global__ void __launch_bounds__(gradient_threads, gradient_blocks)
    gradients(const float4* __restrict__ residual, const float2* __restrict__ columns, const float2* __restrict__ rows,
              const float* __restrict__ depth, const float* __restrict__ heights, const DevicePose* __restrict__ poses,
              const int* __restrict__ ends, Sizes sizes, float4* __restrict__ out) {
    const int lane = static_cast<int>(threadIdx.x) % lanes, warp = static_cast<int>(threadIdx.x) / lanes;
    const int atom = static_cast<int>(blockIdx.x) * lanes + lane;
    const long long image = blockIdx.y;
    const float2* column = columns + image * sizes.side * sizes.atoms + atom;
    const float2* row = rows + image * sizes.rows * sizes.atoms + atom;
    float value[parts] = {}, x[parts] = {}, y[parts] = {};
    for (int group = warp; group < sizes.rows / group_rows; group += gradient_warps) {
        const float4* w = residual + (image * sizes.cells() + group * group_rows * sizes.side) * parts;
        RowSums sums[group_rows][parts] = {};
        const int end = ends[group];
#pragma unroll 2
        for (int k = 0; k < end; k++) {
            const float2 e = column[static_cast<long long>(k) * sizes.atoms];
            const float2 ke = make_float2(static_cast<float>(k) * e.x, static_cast<float>(k) * e.y);
#pragma unroll
            for (int r = 0; r < group_rows; r++)
#pragma unroll
                for (int part = 0; part < parts; part++) sums[r][part].add(w[(r * sizes.side + k) * parts + part], e, ke);
        }
#pragma unroll
        for (int r = 0; r < group_rows; r++) {
            const int ky = group * group_rows + r;
            const float2 f = row[static_cast<long long>(ky) * sizes.atoms];
#pragma unroll
            for (int part = 0; part < parts; part++) {
                const RowSums& s = sums[r][part];
                value[part] += fmaf(f.x, s.t_re, f.y * s.t_im);
                x[part] += fmaf(f.x, s.x_im, -f.y * s.x_re);
                y[part] = fmaf(static_cast<float>(ky), fmaf(f.x, s.t_im, -f.y * s.t_re), y[part]);
            }
        }
    }
    float* places = shared_memory<float>();  // [warp][sum][lane]
#pragma unroll
    for (int part = 0; part < parts; part++) {
        float* mine = places + (warp * gradient_sums + 3 * part) * lanes + lane;
        mine[0] = value[part];
        mine[lanes] = x[part];
        mine[2 * lanes] = y[part];
    }
    __syncthreads();
    if (warp > 0) return;
    float total[gradient_sums] = {};
#pragma unroll
    for (int q = 0; q < 3 * parts; q++)
        for (int other = 0; other < gradient_warps; other++) total[q] += places[(other * gradient_sums + q) * lanes + lane];
    const float h = heights[atom], z = depth[image * sizes.atoms + atom];
    const float turn = -12.5663706f * sizes.spacing_per_A * h;  // 2 Re(conj(-2 pi i k e) r) = -4 pi k Im(conj(e) r)
    const float along_x = turn * fmaf(z, total[4], total[1]), along_y = turn * fmaf(z, total[5], total[2]);
    const float along_z = 2.0f * h * total[3];
    const float* r = poses[image].rotation;
    out[image * sizes.atoms + atom] =
        make_float4(fmaf(r[0], along_x, fmaf(r[3], along_y, r[6] * along_z)), fmaf(r[1], along_x, fmaf(r[4], along_y, r[7] * along_z)),
                    fmaf(r[2], along_x, fmaf(r[5], along_y, r[8] * along_z)), 2.0f * fmaf(z, total[3], total[0]));
}

/// Adds a batch's images, in their order, to the sums over images: [atom][unknown](sum, sum of squares), each in two floats.
__global__ void __launch_bounds__(sum_threads)
    add_gradients(const float* __restrict__ gradients, const DevicePose* __restrict__ poses, Sizes sizes, int images,
                  float4* __restrict__ sums) {
    const int unknowns = 4 * sizes.atoms;
    for (int item = static_cast<int>(blockIdx.x) * sum_threads + static_cast<int>(threadIdx.x); item < unknowns;
         item += static_cast<int>(gridDim.x) * sum_threads) {
        const float4 before = sums[item];
        float2 sum = make_float2(before.x, before.y), squares = make_float2(before.z, before.w);
        for (int i = 0; i < images; i++) {
            const float weight = poses[i].weight;
            if (weight == 0.0f) continue;
            const float value = weight * gradients[static_cast<long long>(i) * unknowns + item];
            add_to(sum, value);
            add_to(squares, value * value);
        }
        sums[item] = make_float4(sum.x, sum.y, squares.x, squares.y);
    }
}

int padded(std::int64_t count, int multiple) {
    return static_cast<int>((count + multiple - 1) / multiple * multiple);
}

/// What does not change from batch to batch, on the device.
struct Scene {
    HalfPlaneGrid grid;
    Sizes sizes{};
    int parts;
    std::vector<int> right, left;  // [cell]
    DeviceBuffer<int> d_right, d_left, ends;
    DeviceBuffer<float> positions, heights;
    DeviceBuffer<DevicePose> poses;  // of the range's images
    std::int64_t count;

    Scene(Device& device, const DeviceImages& images, const AtomArguments& a);
    CellPoints points() const { return {d_right.data(), d_left.data()}; }
    std::size_t cells() const { return static_cast<std::size_t>(sizes.cells()); }
};

HalfPlaneGrid grid_of(Device& device, const DeviceImages& images) {
    std::vector<float2> points(static_cast<std::size_t>(images.points));
    copy_to_host(device, images.frequencies.data(), points.size(), points.data());
    device.synchronize("copy of the frequencies");
    std::vector<FrequencyPoint> frequencies;
    for (const float2& p : points) frequencies.push_back({p.x, p.y});
    return {frequencies, images.box, images.pixel_size_A};
}

Scene::Scene(Device& device, const DeviceImages& images, const AtomArguments& a)
    : grid(grid_of(device, images)), parts(a.with_depth ? 2 : 1), count(a.image_count) {
    if (a.shell_count != grid.shells())
        refuse("found " + std::to_string(a.shell_count) + " shells of the profile, expected the points' " + std::to_string(grid.shells()));
    sizes.atoms = padded(std::max<std::int64_t>(a.atom_count, 1), lanes);
    sizes.side = grid.reach + 1;
    sizes.rows = padded(grid.reach + 1, group_rows);
    sizes.spacing_per_A = static_cast<float>(grid.spacing_per_A);
    right.assign(cells(), -1);
    left.assign(cells(), -1);
    std::vector<int> last(static_cast<std::size_t>(sizes.rows / group_rows), 0);
    for (std::size_t p = 0; p < grid.row.size(); p++) {
        const int kx = grid.column[p] - grid.reach, ky = grid.row[p];
        (kx >= 0 ? right : left)[static_cast<std::size_t>(ky * sizes.side + std::abs(kx))] = static_cast<int>(p);
        int& end = last[static_cast<std::size_t>(ky / group_rows)];
        end = std::max(end, std::abs(kx) + 1);
    }
    const auto atoms = static_cast<std::size_t>(sizes.atoms), known = static_cast<std::size_t>(a.atom_count);
    std::vector<float> flat(3 * atoms, 0.0f), h(atoms, 0.0f);  // beyond the last atom, some without height
    for (std::size_t atom = 0; atom < known; atom++) {
        for (std::size_t axis = 0; axis < 3; axis++) flat[axis * atoms + atom] = static_cast<float>(a.positions_A[3 * atom + axis]);
        h[atom] = static_cast<float>(a.heights[atom]);
    }
    std::vector<DevicePose> all(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < all.size(); i++) {
        const std::size_t image = static_cast<std::size_t>(a.first_image) + i;
        const double* pose = a.poses + 11 * image;
        for (int k = 0; k < 9; k++) all[i].rotation[k] = static_cast<float>(pose[k]);
        for (int k = 0; k < 2; k++) all[i].shift_A[k] = static_cast<float>(pose[9 + k]);
        all[i].weight = a.image_weights[image];
    }
    d_right = to_device<int>(device, right, "points of the cells");
    d_left = to_device<int>(device, left, "points of the cells");
    ends = to_device<int>(device, last, "ends of the rows");
    positions = to_device<float>(device, flat, "positions of the atoms");
    heights = to_device<float>(device, h, "heights of the atoms");
    poses = to_device<DevicePose>(device, all, "poses of the images");
}

/// Scratch memory for as many images as are worked on at once.
struct Batch {
    int images;
    DeviceBuffer<float2> columns, rows;
    DeviceBuffer<float> depth;
    DeviceBuffer<float4> factors;  // structure factors, then residuals

    Batch(Device& device, const Scene& scene, std::size_t scratch_bytes) {
        const auto atoms = static_cast<std::size_t>(scene.sizes.atoms), parts = static_cast<std::size_t>(scene.parts);
        const auto side = static_cast<std::size_t>(scene.sizes.side), height = static_cast<std::size_t>(scene.sizes.rows);
        const std::size_t an_image = (side + height) * atoms * sizeof(float2) + scene.cells() * parts * sizeof(float4);
        const auto all = static_cast<std::size_t>(std::clamp<std::int64_t>(scene.count, 1, most_images));
        images = static_cast<int>(std::clamp<std::size_t>(scratch_bytes / an_image, 1, all));
        const auto slots = static_cast<std::size_t>(images);
        columns = {device, slots * side * atoms, "factors of the atoms' columns"};
        rows = {device, slots * height * atoms, "factors of the atoms' rows"};
        depth = {device, slots * atoms, "depths of the atoms"};
        factors = {device, slots * scene.cells() * parts, "structure factors"};
    }
};

unsigned blocks_of(int items, int size) {
    return static_cast<unsigned>((items + size - 1) / size);
}

void fill_factors(Device& device, const Scene& scene, std::int64_t first, int count, Batch& batch) {
    const Sizes& s = scene.sizes;
    launch(device, "wave_factors", wave_factors, one_thread_each(static_cast<std::int64_t>(count) * s.atoms, factor_threads),
           scene.poses.data() + first, scene.positions.data(), s, count, batch.columns.data(), batch.rows.data(), batch.depth.data());
    const LaunchShape shape{dim3(blocks_of(s.side, tile), blocks_of(s.rows, tile), static_cast<unsigned>(count)), dim3(tile_threads),
                            tile * tile_stride * (sizeof(float4) + sizeof(float2))};
    launch(device, "structure_factors", scene.parts == 2 ? structure_factors<2> : structure_factors<1>, shape, batch.columns.data(),
           batch.rows.data(), batch.depth.data(), scene.heights.data(), scene.ends.data(), s, batch.factors.data());
}

/// work(first of the range, count, batch) for the scene's images, their structure factors made.
template <class Work>
void for_batches(Device& device, const Scene& scene, std::size_t scratch_bytes, const Work& work) {
    Batch batch(device, scene, scratch_bytes);
    for (std::int64_t first = 0; first < scene.count; first += batch.images) {
        const int count = static_cast<int>(std::min<std::int64_t>(batch.images, scene.count - first));
        fill_factors(device, scene, first, count, batch);
        work(first, count, batch);
    }
}

double value_of(float2 sum) {
    return static_cast<double>(sum.x) + static_cast<double>(sum.y);
}

/// As ProfileSums::add_image, of the sums over images at one point; shell: 8 numbers a shell, in the order of ProfileSums::Shell.
void add_to_shells(double frequency, double weight, const double (&products)[profile_products], double* shells) {
    const auto s = static_cast<std::size_t>(frequency);
    const double up = frequency - static_cast<double>(s), down = 1 - up;
    double *low = shells + 8 * s, *high = low + 8;
    for (int q = 0; q < 3; q++) {  // gg, gd, dd, and with the next shell
        const double product = weight * products[q];
        low[q] += down * down * product;
        low[3 + q] += down * up * product;
        high[q] += up * up * product;
    }
    for (int q = 0; q < 2; q++) {
        low[6 + q] += down * weight * products[3 + q];
        high[6 + q] += up * weight * products[3 + q];
    }
}

/// f and g at the cells, linear between shells.
std::vector<float2> profile_at_cells(const Scene& scene, const AtomArguments& a) {
    std::vector<float2> out(scene.cells(), make_float2(0, 0));
    for (std::size_t cell = 0; cell < out.size(); cell++) {
        const int point = std::max(scene.right[cell], scene.left[cell]);
        if (point < 0) continue;
        const double frequency = scene.grid.frequency[static_cast<std::size_t>(point)];
        const auto s = static_cast<std::size_t>(frequency);
        const double part = frequency - static_cast<double>(s);
        const auto at = [&](const double* shells) { return static_cast<float>((1 - part) * shells[s] + part * shells[s + 1]); };
        out[cell] = make_float2(at(a.direct), a.with_depth ? at(a.depth) : 0.0f);
    }
    return out;
}

}  // namespace

void add_profile_sums(Device& device, const DeviceImages& images, const AtomArguments& a, std::size_t scratch_bytes) {
    const Scene scene(device, images, a);
    const std::size_t cells = scene.cells();
    DeviceBuffer<float2> sums(device, 2 * profile_products * cells, "sums for the profile");
    clear(device, sums);
    for_batches(device, scene, scratch_bytes, [&](std::int64_t first, int count, Batch& batch) {
        launch(device, "add_products", scene.parts == 2 ? add_products<2> : add_products<1>,
               LaunchShape{dim3(blocks_of(scene.sizes.cells(), sum_threads), 2), dim3(sum_threads), 0}, batch.factors.data(),
               images.values.data() + (a.first_image + first) * images.points, scene.poses.data() + first, scene.points(), scene.sizes,
               images.points, count, sums.data());
    });
    std::vector<float2> found(sums.size());
    std::vector<float> weights(static_cast<std::size_t>(images.points));
    copy_to_host(device, sums.data(), found.size(), found.data());
    copy_to_host(device, images.weights.data(), weights.size(), weights.data());
    device.synchronize("sums for the profile");
    for (std::size_t side = 0; side < 2; side++)
        for (std::size_t cell = 0; cell < cells; cell++) {
            const int point = (side == 0 ? scene.right : scene.left)[cell];
            if (point < 0) continue;
            const auto p = static_cast<std::size_t>(point);
            double products[profile_products];
            for (std::size_t q = 0; q < profile_products; q++) products[q] = value_of(found[(side * profile_products + q) * cells + cell]);
            add_to_shells(scene.grid.frequency[p], static_cast<double>(weights[p]), products, a.profile_sums);
        }
}

void add_atom_gradients(Device& device, const DeviceImages& images, const AtomArguments& a, std::size_t scratch_bytes) {
    const Scene scene(device, images, a);
    const auto atoms = static_cast<std::size_t>(scene.sizes.atoms), count_all = static_cast<std::size_t>(scene.count);
    const auto profile = to_device<float2>(device, profile_at_cells(scene, a), "profile of the atoms");
    DeviceBuffer<float4> sums(device, 4 * atoms, "gradients");
    DeviceBuffer<float2> scores(device, count_all, "likelihoods of the images");
    clear(device, sums);
    DeviceBuffer<float4> parts;
    for_batches(device, scene, scratch_bytes, [&](std::int64_t first, int count, Batch& batch) {
        if (parts.empty()) parts = {device, static_cast<std::size_t>(batch.images) * atoms, "gradients of the images"};
        const bool both = scene.parts == 2;
        launch(device, "residuals", both ? residuals<2> : residuals<1>,
               LaunchShape{dim3(static_cast<unsigned>(count)), dim3(residual_threads), residual_threads / lanes * sizeof(float)},
               images.values.data() + (a.first_image + first) * images.points, images.weights.data(), profile.data(), scene.points(),
               scene.sizes, images.points, batch.factors.data(), scores.data() + first);
        launch(device, "gradients", both ? gradients<2> : gradients<1>,
               LaunchShape{dim3(blocks_of(scene.sizes.atoms, lanes), static_cast<unsigned>(count)), dim3(gradient_threads),
                           gradient_warps * gradient_sums * lanes * sizeof(float)},
               batch.factors.data(), batch.columns.data(), batch.rows.data(), batch.depth.data(), scene.heights.data(),
               scene.poses.data() + first, scene.ends.data(), scene.sizes, parts.data());
        launch(device, "add_gradients", add_gradients, one_thread_each(4 * scene.sizes.atoms, sum_threads),
               reinterpret_cast<const float*>(parts.data()), scene.poses.data() + first, scene.sizes, count, sums.data());
    });
    std::vector<float4> found(sums.size());
    std::vector<float2> likelihoods(count_all);
    copy_to_host(device, sums.data(), found.size(), found.data());
    copy_to_host(device, scores.data(), likelihoods.size(), likelihoods.data());
    device.synchronize("gradients of the atoms");
    for (std::size_t i = 0; i < 4 * static_cast<std::size_t>(a.atom_count); i++) {
        a.gradient[i] += value_of(make_float2(found[i].x, found[i].y));
        a.scatter[i] += value_of(make_float2(found[i].z, found[i].w));
    }
    for (std::size_t i = 0; i < count_all; i++) {
        a.likelihood[i] = static_cast<double>(likelihoods[i].x);
        a.residual[i] = static_cast<double>(likelihoods[i].y);
    }
}

}  // namespace tumble::cuda
