#include "kernels/coarse_list.hpp"

#include <algorithm>

#include "runtime/launch.hpp"

namespace tumble::cuda {
namespace {

constexpr int view_threads = 128;
constexpr std::int64_t most_blocks_y = 65535;

/// A thread a view; blockIdx.y: image.
__global__ void __launch_bounds__(view_threads)
    keep_best_rows(const float* __restrict__ scores, const float* __restrict__ prior, const std::int64_t* __restrict__ first_row,
                   std::int64_t first_image, std::int64_t images, std::int64_t views, float* __restrict__ best, int* __restrict__ row) {
    const std::int64_t begin_of_scores = first_row[first_image];
    for (std::int64_t i = blockIdx.y; i < images; i += gridDim.y) {
        const std::int64_t begin = first_row[first_image + i], end = first_row[first_image + i + 1];
        for (std::int64_t v = blockIdx.x * static_cast<std::int64_t>(view_threads) + threadIdx.x; v < views;
             v += static_cast<std::int64_t>(gridDim.x) * view_threads) {
            float highest = -__builtin_inff();
            int found = 0;
            for (std::int64_t r = begin; r < end; r++) {
                const float score = scores[(r - begin_of_scores) * views + v] + prior[r];
                if (score > highest) {
                    highest = score;
                    found = static_cast<int>(r - begin);
                }
            }
            best[i * views + v] = highest;
            row[i * views + v] = found;
        }
    }
}

__global__ void __launch_bounds__(view_threads)
    pick_rows(const CandidateKey* __restrict__ keys, const int* __restrict__ found, int capacity, const int* __restrict__ row,
              std::int64_t images, std::int64_t views, int* __restrict__ out) {
    for (std::int64_t i = blockIdx.x; i < images; i += gridDim.x)
        for (int k = static_cast<int>(threadIdx.x); k < found[i]; k += view_threads)
            out[i * capacity + k] = row[i * views + static_cast<std::uint32_t>(~keys[i * capacity + k])];
}

}  // namespace

void best_rows(Device& device, const float* scores, const float* prior, const std::int64_t* first_row, std::int64_t first_image,
               std::int64_t images, std::int64_t views, float* best, int* row) {
    LaunchShape shape = one_thread_each(views, view_threads);
    shape.grid.y = static_cast<unsigned>(std::min(images, most_blocks_y));
    launch(device, "keep_best_rows", keep_best_rows, shape, scores, prior, first_row, first_image, images, views, best, row);
}

void rows_of_lists(Device& device, const CandidateKey* keys, const int* found, int capacity, const int* row, std::int64_t images,
                   std::int64_t views, int* out) {
    launch(device, "pick_rows", pick_rows, LaunchShape{dim3(static_cast<unsigned>(images)), dim3(view_threads), 0}, keys, found, capacity, row,
           images, views, out);
}

}  // namespace tumble::cuda
