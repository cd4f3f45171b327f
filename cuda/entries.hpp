#pragma once
// The entries of the CUDA side's table: the functions that backend/operations.hpp describes, under the same names. Each
// family has a file: atom_entries, copy_entry, image_entries, slice_entries, pose_entries, equation_entries, search_entries.
#include "backend/operations.hpp"

namespace tumble::cuda {

using namespace tumble::backend;

std::int32_t images_create(Context*, const ImageArrays*, Images** out);
void images_destroy(Context*, Images*);
std::int32_t image_means(Context*, const MeansArguments*);
std::int32_t images_prepare(Context*, const PreparationArguments*, Images** out);
std::int32_t images_set_weights(Context*, Images*, const float* weights);
std::int32_t images_negate(Context*, Images*);

std::int32_t transform_create(Context*, const TransformArguments*, Transform** out);
void transform_destroy(Context*, Transform*);
std::int32_t sample_slices(Context*, const Transform*, const SliceArguments*);

std::int32_t score_poses(Context*, const Images*, const Transform*, const CandidateArguments*);
std::int32_t polish_poses(Context*, const Images*, const Transform*, const CandidateArguments*);
std::int32_t polish_shifts(Context*, const Images*, const Transform*, const CandidateArguments*);

std::int32_t equations_create(Context*, std::int32_t box, const Equations* from, Equations** out);
void equations_destroy(Context*, Equations*);
std::int32_t equations_accumulate(Context*, Equations*, const Images*, const AccumulateArguments*);
std::int32_t equations_accumulate_shares(Context*, Equations*, const ImageShare* shares, std::int64_t share_count,
                                         const AccumulateArguments*);
std::int32_t equations_add(Context*, Equations*, const Equations*);
std::int32_t equations_subtract(Context*, Equations*, const Equations*);
std::int32_t solve(Context*, const Equations*, const SolveArguments*);

std::int32_t search_create(Context*, const Images*, const Transform*, const SearchArguments*, Search** out);
void search_destroy(Context*, Search*);
std::int32_t rows_create(Context*, const Search*, const RowArguments*, Rows** out);
void rows_destroy(Context*, Rows*);
std::int32_t score_pairs(Context*, const Search*, const Rows*, const PairScoreArguments*);
std::int32_t score_curves(Context*, const Search*, const Rows*, const CurveArguments*);
std::int32_t best_pairs(Context*, const Search*, const Rows*, const BestArguments*);
std::int32_t soft_pairs(Context*, const Search*, const Rows*, const SoftArguments*);
std::int32_t hill_climb(Context*, const Search*, const Rows*, const ClimbArguments*);

std::int32_t profile_sums(Context*, const Images*, const AtomArguments*);
std::int32_t atom_gradients(Context*, const Images*, const AtomArguments*);
std::int32_t overlap_sums(Context*, const OverlapArguments*);
std::int32_t copy_bytes(Context*, const CopyArguments*);

}  // namespace tumble::cuda
