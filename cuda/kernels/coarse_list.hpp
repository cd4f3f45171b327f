#pragma once
// Each view at the best of an image's rows: twin of pose/coarse_list.hpp. Lists of the best views are chosen from it by choice.hpp.
#include <cstdint>

#include "kernels/choice.hpp"

namespace tumble::cuda {

/// best[image][view] = highest score of the image's rows plus their prior, row[image][view] = which, counted from the image's first.
/// scores: [row][view] of rows first_row[first_image] on; first_row: [image + 1], in device memory; prior: [row of the panel].
void best_rows(Device& device, const float* scores, const float* prior, const std::int64_t* first_row, std::int64_t first_image,
               std::int64_t images, std::int64_t views, float* best, int* row);

/// out[image][k] = row[image][view of list entry k], for the entries that were found. Candidates of the lists are views.
void rows_of_lists(Device& device, const CandidateKey* keys, const int* found, int capacity, const int* row, std::int64_t images,
                   std::int64_t views, int* out);

}  // namespace tumble::cuda
