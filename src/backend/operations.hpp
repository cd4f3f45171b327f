#pragma once
// The seam between the reconstruction and what computes: one table of batch operations a backend.
//
// Everything here is plain C in layout (pointers, fixed-width numbers, opaque handles; no STL, no templates), so that a
// module built by another compiler agrees on it. One table a backend (CPU, CUDA, a test's), obtained by one exported
// symbol (loader.hpp). A null entry means "this backend has not got it".
//
// - Entries return a status (0 good; hundreds as in the C ABI: 1xx argument, 2xx input data, 3xx memory, 4xx device and
//   backend, 5xx numerical, 6xx cancelled, 9xx internal); `error_text` gives one plain sentence for the last failure on a
//   context. Destroying accepts null and cannot fail.
// - `memory` says where the arrays of an argument struct lie. A backend refuses a memory space that it cannot reach (400).
//   Handles keep what a device holds between calls; their layout is the backend's own.
// - Arrays are borrowed for the call, but for those of ImageArrays: they stay untouched until the images are destroyed, so
//   that the CPU side reads them where they lie.
// - Complex numbers are pairs (re, im) of float. Rotations are row-major. Units, frames and formulas: pose/*.hpp and
//   fourier/*.hpp, whose functions the entries stand for.
// - One thread at a time a context. Results do not depend on batches or on the number of threads.
#include <cstddef>
#include <cstdint>

namespace tumble::backend {

/// Raised by any change of a struct or a signature; a module of another number is refused. New entries go to the end.
inline constexpr std::uint32_t abi_version = 4;

/// Memory spaces, with DLPack's numbers.
enum Memory : std::int32_t { memory_host = 1, memory_cuda = 2 };

enum Status : std::int32_t {
    status_good = 0,
    status_argument = 100,
    status_input = 200,
    status_memory = 300,
    status_device = 400,
    status_missing = 410,  ///< the backend has not got the operation
    status_numerical = 500,
    status_cancelled = 600,
    status_internal = 900
};

struct Context;
struct Images;
struct Transform;
struct Equations;
struct Search;
struct Rows;

struct ContextArguments {
    std::int32_t device;        ///< number of the device, from 0
    std::int32_t threads;       ///< of the CPU; 0: all cores
    void* host_threads;         ///< the caller's ThreadPool (core/threads.hpp) for the built-in CPU side, or null
    char* error;                ///< receives the sentence when no context can be made, NUL-terminated; may be null
    std::int64_t error_capacity;
};

/// A device, for people to read and for plans to count with.
struct DeviceDescription {
    char name[96];  ///< NUL-terminated
    std::uint64_t total_bytes, free_bytes;
    std::int32_t major, minor;  ///< compute capability; 0 of the CPU
    std::int32_t multiprocessors, reserved;
};

/// PreparedImages (pose/prepared_images.hpp).
struct ImageArrays {
    std::int64_t images, points;
    std::int32_t box, memory;
    double pixel_size_A, particle_radius_A;
    const float* point_frequencies;  ///< [point](x, y), cycles per pixel
    const float* values;             ///< [image][point](re, im)
    const float* weights;            ///< [point]
    const float* real_space;         ///< [image][box][box]
};

struct TransformArguments {
    const float* map;  ///< box^3
    std::int32_t box, memory;
    std::int32_t window_width, reserved;
    double window_padding;  ///< padding that the window's shape is made for
    double padding_factor;  ///< of the grid
};

struct SliceArguments {
    const float* rotations;  ///< [rotation][9]
    const float* points;     ///< [point](x, y)
    std::int64_t rotation_count, point_count;
    float* out;  ///< [rotation][point](re, im)
    std::int32_t memory, reserved;
};

/// PoseCandidate (pose/pose_polish.hpp).
struct Candidate {
    std::int64_t image;
    double rotation[9];
    double shift_A[2];
    double score;
};
struct CandidateArguments {
    Candidate* candidates;  ///< changed in place
    std::int64_t count;
    std::int64_t first_point, last_point;  ///< the band, of the images' points
    double shift_sigma_A, smallest_step;
    std::int32_t steps, memory;
};

/// WeightedPose (pose/image_equations.hpp).
struct PoseWeight {
    std::int64_t image;
    double rotation[9];
    double shift_A[2];
    float weight;
    float reserved;
};
struct AccumulateArguments {
    const PoseWeight* poses;
    std::int64_t count;
    std::int64_t first_point, last_point;
    double window_padding, padding_factor;
    std::int32_t window_width, memory;
};

/// Images of one of several contexts, and poses that name them by their numbers there.
struct ImageShare {
    Context* context;
    const Images* images;
    const PoseWeight* poses;
    std::int64_t count;
};

/// SolveOptions (fourier/density_compensation.hpp).
struct SolveArguments {
    const double* prior;  ///< [shell], or null
    const float* mask;    ///< box^3, or null
    std::int64_t prior_count;
    double tolerance;
    float* map;  ///< box^3, written
    std::int32_t steps, memory;
};

/// What all orientations are scored with: PolarGrid, AngularBasis, ring weights, directions (pose/score.hpp).
struct SearchArguments {
    const double* rings;   ///< [ring], cycles per pixel
    const float* weights;  ///< [ring]
    const std::int32_t* rank;     ///< [order]
    const double* basis_vectors;  ///< [order][rank of the order][ring]
    const float* directions;      ///< [direction][9]
    std::int64_t ring_count, order_count, direction_count;
    std::int32_t angles, memory;
};
struct RowArguments {
    const std::int64_t* images;  ///< [row]
    const double* shifts_px;     ///< [row](x, y)
    std::int64_t count;
    std::int32_t memory, reserved;
};

/// SearchPair (pose/search_rows.hpp).
struct Pair {
    std::int64_t row, direction;
    std::int32_t mirror;
    float score;
};
struct PairScoreArguments {
    const float* threshold;  ///< [row], or null
    float* maxima;           ///< [row][direction][hemisphere]
    std::int32_t memory, reserved;
};
struct CurveArguments {
    const Pair* pairs;
    std::int64_t count;
    float* curves;  ///< [pair][in-plane angle]
    std::int32_t memory, reserved;
};

/// SearchRows: image i of the batch owns the rows first_row[i] .. first_row[i + 1] - 1.
struct Batch {
    const std::int64_t* first_row;  ///< [images + 1]
    const std::int64_t* numbers;    ///< [image]: keys of the random streams; null: first_image, first_image + 1, ...
    std::int64_t images, first_image;
};
struct BestArguments {
    Batch batch;
    const float* incumbent;  ///< [image], or null
    std::int64_t batch_rows;
    float cut;
    std::int32_t count;   ///< pairs an image at most
    Pair* pairs;          ///< [image][count], best first
    std::int64_t* found;  ///< [image]: how many
    std::int32_t memory, reserved;
};
struct WeighedPair {
    Pair pair;
    double weight;
};
struct SoftArguments {
    Batch batch;
    double temperature, smallest_weight;
    std::int64_t batch_rows;
    WeighedPair* pairs;   ///< [image][count], best first
    std::int64_t* found;  ///< [image]: how many
    std::int32_t count, memory;
};
struct ClimbStep {
    Pair pair;
    std::int64_t visited;
    std::int32_t improved, reserved;
};
struct ClimbArguments {
    Batch batch;
    const float* previous;           ///< [image]
    const std::int64_t* views;       ///< the images' lists one after the other, or null: all views
    const std::int64_t* first_view;  ///< [images + 1], where each list begins; null with `views`
    std::uint64_t seed;
    std::uint32_t pass, purpose;  ///< of the random stream (core/random.hpp)
    std::int64_t batch_rows;
    ClimbStep* steps;  ///< [image]
    std::int32_t memory, reserved;
};

/// Sizes that a run's memory on a device is counted from; 0 where the run has no such part.
struct RunSizes {
    std::int64_t images, points, box;
    double padding_factor;
    std::int64_t window_width;
    std::int64_t poses;                       ///< inserted at a time
    std::int64_t insertion_beside, solution_beside;  ///< normal equations that are held while others are made, and during a solution
    std::int64_t transforms;                  ///< held at a time
    std::int64_t candidates;                  ///< polished at a time
    std::int64_t rings, angles, orders;       ///< of the search
    std::int64_t harmonics;                   ///< rank of the angular basis, all orders together
    std::int64_t directions, rows, images_a_batch;  ///< rows: of a batch
    std::int64_t height, width;                     ///< of the raw images, where they are prepared on the device
    std::int64_t noise_frequencies;                 ///< of a raw image's spectrum that its noise is measured at
};
/// What the run takes of a device as it is now, and how it is cut. Of the CPU, whose work is not cut: memory of the machine
/// and zeros.
struct RunPlan {
    std::uint64_t free_bytes, total_bytes;
    std::uint64_t images_bytes, equations_bytes, transforms_bytes, search_bytes;  ///< what stays between calls, at its largest
    std::uint64_t peak_bytes;   ///< at the worst moment, scratch arrays included
    std::uint64_t least_bytes;  ///< the same with the smallest cuts
    std::int64_t poses_at_once;  ///< inserted
    std::int64_t directions_at_once, rows_at_once, candidates_at_once;
    char shortage[288];  ///< empty, or why the run does not fit: a sentence, NUL-terminated
};
/// AtomScene (atoms/atom_sums.hpp), and what is summed over its images.
struct AtomArguments {
    const double* poses;         ///< [image](rotation 9, shift 2 in A), of all images
    const float* image_weights;  ///< [image]
    const double* positions_A;   ///< [atom](x, y, z)
    const double* heights;       ///< [atom]
    std::int64_t first_image, image_count, atom_count;
    std::int64_t shell_count;
    const double *direct, *depth;   ///< [shell]: the profile; depth null where it is not fitted. Not read by profile_sums
    double* profile_sums;           ///< [shell][8], added to by profile_sums (ProfileSums::Shell), else not touched
    double *gradient, *scatter;     ///< [atom](x, y, z, height), added to by atom_gradients
    double *likelihood, *residual;  ///< [image_count], written by atom_gradients
    std::int32_t with_depth, memory;
};
/// OverlapTable, WeightedView and OverlapSums (atoms/projected_overlap.hpp).
struct OverlapArguments {
    const double* apart_A;  ///< [pair](x, y, z)
    const double* views;    ///< [view](beam 3, weight)
    const double* table;    ///< [entry](t, t1, t3)
    double limit, per_step;
    std::int64_t pair_count, view_count, table_count;
    double* sums;  ///< [pair](t, slope 3, xx, xy, xz, yy, yz, zz)
    std::int32_t memory, reserved;
};
/// Bytes between the host and the memory of the context's device, for arrays of the library's caller.
struct CopyArguments {
    void* to;
    const void* from;
    std::int64_t bytes;
    std::int32_t memory_to, memory_from;
    void* stream;             ///< the caller's, a cudaStream_t of the device; null: its default stream
    std::int32_t own_stream;  ///< 1: the context's own stream; `stream` is not looked at
    std::int32_t reserved;
};

/// image_means (pose/image_preparation.hpp).
struct MeansArguments {
    const float* stack;  ///< [image][height][width]
    std::int64_t images, height, width;
    double from_px;
    double* means;  ///< [image](outside, inside, smallest, largest)
    std::int32_t memory, reserved;
};
/// SettledPreparation and transform_images (pose/image_preparation.hpp).
struct PreparationArguments {
    const float* stack;              ///< [image][height][width]
    const double* contrast;          ///< [image](background, factor)
    const float* point_frequencies;  ///< [point](x, y) of half_plane(box)
    std::int64_t images, height, width, points;
    double pixel_size_A, particle_radius_A, mask_radius_A;
    float* values;          ///< [image][point](re, im), written
    float* real_space;      ///< [image][box][box], written. Either may be null where the side keeps copies of its own
    double* inside_power;   ///< [box / 2 + 1]
    double* outside_power;  ///< [min(height, width) / 2 + 1]; not touched where too little of the images is outside
    std::int32_t box, memory;
};

struct Operations {
    std::uint64_t struct_size;  ///< sizeof(Operations) as the backend knows it
    std::uint32_t abi_version;
    std::uint32_t reserved;
    const char* name;         ///< "cpu", "cuda"
    const char* description;  ///< one line for `tumble info`

    /// Devices that can be used now; 0 with a status of the 4xx group where there is no driver.
    std::int32_t (*device_count)(std::int32_t* count);
    std::int32_t (*context_create)(const ContextArguments*, Context** out);
    void (*context_destroy)(Context*);
    const char* (*error_text)(const Context*);  ///< never null; valid until the next call on the context

    std::int32_t (*images_create)(Context*, const ImageArrays*, Images** out);
    void (*images_destroy)(Context*, Images*);
    std::int32_t (*transform_create)(Context*, const TransformArguments*, Transform** out);
    void (*transform_destroy)(Context*, Transform*);
    std::int32_t (*sample_slices)(Context*, const Transform*, const SliceArguments*);

    std::int32_t (*score_poses)(Context*, const Images*, const Transform*, const CandidateArguments*);
    std::int32_t (*polish_poses)(Context*, const Images*, const Transform*, const CandidateArguments*);
    std::int32_t (*polish_shifts)(Context*, const Images*, const Transform*, const CandidateArguments*);

    /// Normal equations of a map of the images' box; a copy of `from`, or without any images where that is null.
    std::int32_t (*equations_create)(Context*, std::int32_t box, const Equations* from, Equations** out);
    void (*equations_destroy)(Context*, Equations*);
    std::int32_t (*equations_accumulate)(Context*, Equations*, const Images*, const AccumulateArguments*);
    std::int32_t (*equations_add)(Context*, Equations*, const Equations*);
    std::int32_t (*equations_subtract)(Context*, Equations*, const Equations*);
    std::int32_t (*solve)(Context*, const Equations*, const SolveArguments*);

    /// Slices of the transform at all directions and polar samples of all images, packed for scoring.
    std::int32_t (*search_create)(Context*, const Images*, const Transform*, const SearchArguments*, Search** out);
    void (*search_destroy)(Context*, Search*);
    std::int32_t (*rows_create)(Context*, const Search*, const RowArguments*, Rows** out);
    void (*rows_destroy)(Context*, Rows*);
    std::int32_t (*score_pairs)(Context*, const Search*, const Rows*, const PairScoreArguments*);
    std::int32_t (*score_curves)(Context*, const Search*, const Rows*, const CurveArguments*);
    std::int32_t (*best_pairs)(Context*, const Search*, const Rows*, const BestArguments*);
    std::int32_t (*soft_pairs)(Context*, const Search*, const Rows*, const SoftArguments*);
    std::int32_t (*hill_climb)(Context*, const Search*, const Rows*, const ClimbArguments*);

    /// Device number `device` as it is now. Needs no context.
    std::int32_t (*device_describe)(std::int32_t device, DeviceDescription*);
    /// A run on device number `device`, counted before it starts. Needs no context.
    std::int32_t (*plan_run)(std::int32_t device, const RunSizes*, RunPlan*);

    /// Sums over images of a model of atoms, and over views of the overlaps of pairs of atoms.
    std::int32_t (*profile_sums)(Context*, const Images*, const AtomArguments*);
    std::int32_t (*atom_gradients)(Context*, const Images*, const AtomArguments*);
    std::int32_t (*overlap_sums)(Context*, const OverlapArguments*);

    /// After what the stream was given before; complete at return.
    std::int32_t (*copy_bytes)(Context*, const CopyArguments*);

    std::int32_t (*image_means)(Context*, const MeansArguments*);
    /// Images that have no weights yet, and sums over them of which weights are made (those of several handles can be added). The
    /// arrays of points, values and real-space images are borrowed until the images are destroyed.
    std::int32_t (*images_prepare)(Context*, const PreparationArguments*, Images** out);
    /// weights: [point], in host memory, borrowed until the images are destroyed.
    std::int32_t (*images_set_weights)(Context*, Images*, const float* weights);
    /// Changes the sign of what this side keeps itself; the caller does so with the arrays that are borrowed, afterwards.
    std::int32_t (*images_negate)(Context*, Images*);

    /// equations_accumulate of images that several contexts of this table hold, all of one box and with the same points; the
    /// equations are the first argument's. The poses of the argument struct are not looked at, those of the shares are
    /// inserted. A share may have the first argument as its context, and no context may have two.
    std::int32_t (*equations_accumulate_shares)(Context*, Equations*, const ImageShare* shares, std::int64_t share_count,
                                                const AccumulateArguments*);
};

}  // namespace tumble::backend
