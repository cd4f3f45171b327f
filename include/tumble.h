/** @file
 * tumble: from images of one tumbling nanocrystal to its atoms. The C interface: the only header that other languages need.
 *
 * Conventions (docs/conventions.md): right-handed frame, beam along +z; image x = column (fastest in memory), y = row; a map is
 * (z, y, x) with x fastest; the origin is pixel or voxel N/2. A pose (R, t) takes the particle to the laboratory, r_lab =
 * R r_particle, and puts its centre at t in the image. Lengths in angstrom, angles in degrees. A Fortran array a(x, y, image) or
 * a Julia array a[x, y, image] is the same memory as the C array (image, y, x): reverse shape and strides, copy nothing.
 * Rotation matrices are nine numbers, row by row; a column-major caller hands over the transpose.
 *
 * Every function that can fail returns a tumble_status: TUMBLE_OK or a code of one of the groups below. Callers branch on the
 * group; codes may be added. One plain sentence with it is kept for the thread (tumble_last_error) and on the context; success
 * does not clear it. Handles are made through an out pointer, which is NULL after a failure, and given back by the destroy
 * function of their kind, which accepts NULL; they may be destroyed in any order and on any thread. Nothing of the process is
 * touched: no output, no signal handler, no locale, no working directory.
 *
 * Thread lines: "any" = may be called at any time from any thread; "handle" = one thread at a time for each handle.
 */
#ifndef TUMBLE_H
#define TUMBLE_H

#include <stdint.h>

/** Marks what the shared library exports. */
#if defined(_WIN32)
#define TUMBLE_API
#else
#define TUMBLE_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Versions ---------------------------------------------------------------------------------------------------------- */

/** Raised by every incompatible change of this header. */
#define TUMBLE_ABI 0

/** The ABI number of the library in use. Thread: any. */
TUMBLE_API int32_t tumble_abi_number(void);
/** "0.1.0" of the library in use; lives as long as the process. Thread: any. */
TUMBLE_API const char *tumble_version(void);
/** 1 if this build can use `name` on this machine ("cuda", "hdf5"; "handle_checks": a handle that has been destroyed is refused),
 * else 0, also for unknown names and NULL. Thread: any. */
TUMBLE_API int32_t tumble_capability(const char *name);

/* ---- Status ------------------------------------------------------------------------------------------------------------ */

/** TUMBLE_OK, or a code of one of the groups 1xx to 9xx. */
typedef int32_t tumble_status;

#define TUMBLE_OK 0              /**< good */
#define TUMBLE_E_ARGUMENT 100    /**< 1xx argument: an argument cannot be what it is */
#define TUMBLE_E_NULL 101        /**< a pointer that must not be NULL is */
#define TUMBLE_E_KEY 102         /**< no option or property of that name */
#define TUMBLE_E_ARRAY 103       /**< shape, strides, type or memory of an array */
#define TUMBLE_E_STRUCT_SIZE 104 /**< struct_size is not set */
#define TUMBLE_E_INPUT 200       /**< 2xx input: a file, images or options that cannot work */
#define TUMBLE_E_NO_MEMORY 300   /**< 3xx machine: out of memory */
#define TUMBLE_E_SYSTEM 301      /**< disk full, no permission, ... */
#define TUMBLE_E_DEVICE 400      /**< 4xx device: absent, or of the wrong kind */
#define TUMBLE_E_UNSUPPORTED 500 /**< 5xx data: the images do not support a result */
#define TUMBLE_E_CANCELLED 600   /**< 6xx cancelled by the caller; a checkpoint has been written where one was asked for */
#define TUMBLE_E_INTERNAL 900    /**< 9xx a fault of ours */

/** status / 100. Thread: any. */
TUMBLE_API int32_t tumble_status_group(tumble_status status);
/** A few words for a status; for a code that this library does not know those of its group. Never NULL; lives as long as the
 * process. Thread: any. */
TUMBLE_API const char *tumble_status_text(tumble_status status);
/** The sentence of the last failure on this thread: what, where, found, expected. Never NULL; valid until the next failure on
 * this thread. Thread: any. */
TUMBLE_API const char *tumble_last_error(void);

/* ---- Arrays ------------------------------------------------------------------------------------------------------------ */

/* Types of elements. */
#define TUMBLE_FLOAT32 1 /**< float */
#define TUMBLE_FLOAT64 2 /**< double */
#define TUMBLE_INT32 3   /**< int32_t */
#define TUMBLE_UINT8 4   /**< uint8_t */
#define TUMBLE_INT8 5    /**< int8_t */
#define TUMBLE_INT16 6   /**< int16_t */
#define TUMBLE_UINT16 7  /**< uint16_t */

/* Memory, by the numbers of DLPack. */
#define TUMBLE_MEMORY_HOST 1   /**< of the host */
#define TUMBLE_MEMORY_CUDA 2   /**< of the device that operators compute on; refused with TUMBLE_E_DEVICE by all other functions */
#define TUMBLE_MEMORY_PINNED 3 /**< of the host, pinned by CUDA: as TUMBLE_MEMORY_HOST */

/** Length of tumble_array's shape and stride. */
#define TUMBLE_MAX_DIMENSIONS 8

/** An array that belongs to the caller, or, where a comment says "borrowed", to a handle. The slowest axis comes first; strides
 * count elements and may be negative or leave gaps. */
typedef struct tumble_array {
    uint64_t struct_size; /**< sizeof(tumble_array), set by the caller */
    void *data;           /**< element (0, 0, ...) */
    int32_t dtype;        /**< TUMBLE_FLOAT32, ... */
    int32_t memory;       /**< TUMBLE_MEMORY_HOST, ... */
    int32_t device;       /**< number of the device; 0 for host memory */
    int32_t dimensions;   /**< how many entries of shape and stride count */
    int64_t shape[TUMBLE_MAX_DIMENSIONS];  /**< elements along each axis */
    int64_t stride[TUMBLE_MAX_DIMENSIONS]; /**< elements from one to the next along each axis */
} tumble_array;

/* ---- Context ----------------------------------------------------------------------------------------------------------- */

/** What long work reports to and how it is stopped. */
typedef struct tumble_context tumble_context;

/** How far work is. */
typedef struct tumble_progress {
    uint64_t struct_size; /**< set by the library: fields beyond it do not exist */
    const char *stage;    /**< "prepare", "first model", "rounds", ...; valid during the call */
    double fraction;      /**< of the stage that is done, 0 to 1 */
    int32_t round;        /**< rounds of the search that are done */
    int32_t reserved;     /**< 0 */
} tumble_progress;

/** Called from the thread that called the library, at most ten times a second within a stage. Any other function of this header
 * may be called from inside, but none that takes the same context. A value other than 0 cancels: the work returns
 * TUMBLE_E_CANCELLED, and tumble_context_callback_value tells the value. */
typedef int32_t (*tumble_progress_callback)(const tumble_progress *progress, void *user);
/** One line worth keeping, without a line end; valid during the call. Called as the above. */
typedef void (*tumble_log_callback)(const char *line, void *user);

/** Thread: any. Fails with TUMBLE_E_NO_MEMORY. */
TUMBLE_API tumble_status tumble_context_create(tumble_context **context);
/** Not while it is in use. Thread: handle. */
TUMBLE_API void tumble_context_destroy(tumble_context *context);
/** NULL for none. `user` is handed to every call and is not looked at. Thread: handle. */
TUMBLE_API tumble_status tumble_context_set_progress(tumble_context *context, tumble_progress_callback callback, void *user);
/** The same for lines of the log. Thread: handle. */
TUMBLE_API tumble_status tumble_context_set_log(tumble_context *context, tumble_log_callback callback, void *user);
/** Memory of the caller's for arrays: `bytes` above 0, aligned for doubles; NULL where there is none left. */
typedef void *(*tumble_allocate_callback)(uint64_t bytes, void *user);
/** Takes back what the other gave. */
typedef void (*tumble_free_callback)(void *memory, void *user);
/** From now on the arrays of results and atoms that are made with the context, and of those that come from a run made with it, lie in
 * memory of the caller's: one block an array, taken when they are made and given back when they are destroyed, each in the thread
 * that does so. Both functions must work until then, whatever becomes of the context. NULL for both: the library's own memory. Where
 * no memory is given the work fails with TUMBLE_E_NO_MEMORY. Fails with TUMBLE_E_NULL for one of the two. Thread: handle. */
TUMBLE_API tumble_status tumble_context_set_allocator(tumble_context *context, tumble_allocate_callback allocate,
                                                      tumble_free_callback give_back, void *user);
/** Stops the work that uses the context, or the next that will, within a second or so. The request is used up by the work that
 * it stops. Thread: any, and from a signal handler. NULL is ignored. */
TUMBLE_API void tumble_context_cancel(tumble_context *context);
/** The value other than 0 that the progress callback returned last; 0 if it never did. Thread: handle. */
TUMBLE_API tumble_status tumble_context_callback_value(const tumble_context *context, int32_t *value);
/** The sentence of the last failure of work that used the context; "" if there was none. Valid until the next failure of such
 * work. Never NULL. Thread: handle. */
TUMBLE_API const char *tumble_context_error(const tumble_context *context);

/* ---- Options ----------------------------------------------------------------------------------------------------------- */

#define TUMBLE_OPTION_INT64 1   /**< tumble_options_set_int64 */
#define TUMBLE_OPTION_FLOAT64 2 /**< tumble_options_set_float64 */
#define TUMBLE_OPTION_TEXT 3    /**< tumble_options_set_text */

/** One line of the table of options. The strings live as long as the process. */
typedef struct tumble_option {
    uint64_t struct_size; /**< sizeof(tumble_option), set by the caller */
    const char *name;          /**< as the functions tumble_options_set_... take it */
    const char *unit;          /**< "A", or "" */
    const char *default_value; /**< as text; "" where the option must be set */
    const char *choices;       /**< words that a text may be, separated by |; "" for free text */
    const char *text;          /**< one line */
    double minimum;            /**< of numbers; infinite where unbounded */
    double maximum;            /**< likewise */
    int32_t type;              /**< TUMBLE_OPTION_INT64, ...; switches are 0 or 1 */
    int32_t reserved;          /**< 0 */
} tumble_option;

/** Thread: any. */
TUMBLE_API int32_t tumble_option_count(void);
/** Line `index`, 0 .. count - 1, of the table. Fails with TUMBLE_E_ARGUMENT for another index. Thread: any. */
TUMBLE_API tumble_status tumble_option_describe(int32_t index, tumble_option *option);

/** Options of a reconstruction and what it starts from. Without poses and without a reference the start is blind. */
typedef struct tumble_options tumble_options;

/** All options at their defaults. Thread: any. */
TUMBLE_API tumble_status tumble_options_create(tumble_options **options);
/** Thread: handle. */
TUMBLE_API void tumble_options_destroy(tumble_options *options);
/** Fails with TUMBLE_E_KEY for an unknown name and TUMBLE_E_ARGUMENT for a value that the table does not allow; the options are
 * then unchanged. Thread: handle. */
TUMBLE_API tumble_status tumble_options_set_int64(tumble_options *options, const char *name, int64_t value);
/** As tumble_options_set_int64. Thread: handle. */
TUMBLE_API tumble_status tumble_options_set_float64(tumble_options *options, const char *name, double value);
/** As tumble_options_set_int64; the text is copied. Thread: handle. */
TUMBLE_API tumble_status tumble_options_set_text(tumble_options *options, const char *name, const char *value);
/** Start from these poses: `rotations` float64 (image, 3, 3), `shifts_A` float64 (image, 2), x then y. Copied. Fails with
 * TUMBLE_E_ARRAY. Thread: handle. */
TUMBLE_API tumble_status tumble_options_set_poses(tumble_options *options, const tumble_array *rotations,
                                                  const tumble_array *shifts_A);
/** Start from this map: float32 (n, n, n), voxels of `voxel_A`; resampled where box or voxel differ from the images'. Copied.
 * Fails with TUMBLE_E_ARRAY. Thread: handle. */
TUMBLE_API tumble_status tumble_options_set_reference(tumble_options *options, const tumble_array *map, double voxel_A);
/** Half, 1 or 2, of each image: int32 (image). Copied. Without it: blocks of ten images in turn. Thread: handle. */
TUMBLE_API tumble_status tumble_options_set_halves(tumble_options *options, const tumble_array *halves);

/* ---- Files ------------------------------------------------------------------------------------------------------------- */

/** A stack of particle images in memory. */
typedef struct tumble_stack tumble_stack;

/** Reads an MRC stack (all modes, plain or gzip) of square images. Fails with TUMBLE_E_INPUT, TUMBLE_E_SYSTEM. Thread: any. */
TUMBLE_API tumble_status tumble_stack_read(const char *path, tumble_stack **stack);
/** Thread: handle. */
TUMBLE_API void tumble_stack_destroy(tumble_stack *stack);
/** Borrowed until the stack is destroyed: float32 (image, y, x). Thread: any. */
TUMBLE_API tumble_status tumble_stack_images(const tumble_stack *stack, tumble_array *images);
/** In A, from the header; 0 where it does not say. Thread: any. */
TUMBLE_API tumble_status tumble_stack_pixel_size(const tumble_stack *stack, double *pixel_size_A);
/** Writes a map, float32 (n, n, n), as an MRC file; nothing stands at `path` before it is whole. Fails with TUMBLE_E_ARRAY,
 * TUMBLE_E_SYSTEM. Thread: any. */
TUMBLE_API tumble_status tumble_map_write(const char *path, const tumble_array *map, double voxel_A);

/* ---- Reconstruction ---------------------------------------------------------------------------------------------------- */

/** What a run will need, estimated. */
typedef struct tumble_plan {
    uint64_t struct_size; /**< sizeof(tumble_plan), set by the caller */
    int64_t box;          /**< side of the cropped images and maps that the search works on, in pixels */
    uint64_t host_bytes;  /**< memory of the host */
    double seconds;       /**< time that the whole will take here */
} tumble_plan;

/** Before any work: only the shape of `images` is looked at, its data may be NULL. Fails with TUMBLE_E_INPUT for options that
 * cannot work. Thread: any. */
TUMBLE_API tumble_status tumble_plan_query(const tumble_array *images, const tumble_options *options, tumble_plan *plan);

/** What came out of a reconstruction. */
typedef struct tumble_result tumble_result;

/** From images to atoms: the whole. `images` (image, y, x), square, of any type of the list above, contrast or counts of either
 * sign; borrowed for the call, not changed, and not copied where it is float32 without gaps. The same seed gives the same
 * result for any number of threads. Images that do not support a structure are no failure: the result's verdict then says
 * "failed". Fails with TUMBLE_E_INPUT, TUMBLE_E_UNSUPPORTED (no particle in the images), TUMBLE_E_CANCELLED. Thread: handle. */
TUMBLE_API tumble_status tumble_reconstruct(tumble_context *context, const tumble_array *images, const tumble_options *options,
                                            tumble_result **result);
/** Thread: handle. */
TUMBLE_API void tumble_result_destroy(tumble_result *result);

/** One of the result's arrays, borrowed until the result is destroyed; never copied. Fails with TUMBLE_E_KEY.
 *   maps, float32 (z, y, x), box and voxel of the images:
 *     map          restored, atoms positive        half1, half2   unfiltered half maps       mask   0 to 1
 *   atoms, in the order of the map's peaks, the strongest first; their heights are fitted afterwards:
 *     atom_positions  float64 (atom, 3), A from the map's origin      atom_sigmas   float64 (atom, 3), standard errors, A
 *     atom_heights    float64 (atom), relative to the median          atom_widths   float64 (atom), Gaussian sigma, A
 *     atom_half_distances  float64 (atom), A, between the two half maps; 0 where not known
 *   images, in the order of the stack:
 *     rotations    float64 (image, 3, 3)           shifts         float64 (image, 2), A
 *     scores       float64 (image), log-likelihood ratio, held out    margins   float64 (image)
 *     halves       int32 (image), 1 or 2           rejected       int32 (image), 0 or 1
 *   Fourier shells: fsc_frequencies (1/A), fsc_unmasked, fsc_masked, fsc_corrected   float64 (shell)
 * Thread: any. */
TUMBLE_API tumble_status tumble_result_array(const tumble_result *result, const char *name, tumble_array *array);

/** A number. Fails with TUMBLE_E_KEY.
 *   resolution_0143_A, resolution_05_A (1 / frequency where the corrected FSC falls below; 0 where not known), atoms,
 *   atoms_precision_pm, atoms_half_precision_pm, images_rejected, particle_diameter_A, largest_gap_deg, turn_deg,
 *   contrast_inverted (0 or 1), verdict (0 ok, 1 doubtful, 2 failed), peak_memory_bytes
 * Thread: any. */
TUMBLE_API tumble_status tumble_result_number(const tumble_result *result, const char *name, double *value);

/** A text, copied with its NUL to `buffer` of `capacity` bytes as far as it fits; `needed`, which may be NULL, gets the bytes of
 * the whole with its NUL. Fails with TUMBLE_E_KEY, and with TUMBLE_E_ARGUMENT where it does not fit (capacity 0 asks for the
 * size alone and does not fail).
 *   verdict ("ok", "doubtful", "failed"), reasons (sentences, one a line), start, device, element
 * Thread: any. */
TUMBLE_API tumble_status tumble_result_text(const tumble_result *result, const char *name, char *buffer, int64_t capacity,
                                            int64_t *needed);

/* ---- Step by step ------------------------------------------------------------------------------------------------------ */

/** A reconstruction that the caller drives: look in, draw, stop and go on between its steps. All steps together give what
 * tumble_reconstruct gives, bit for bit. */
typedef struct tumble_run tumble_run;

/** Prepares the images (as for tumble_reconstruct; borrowed for the call: what is needed is kept) and copies the options. With the
 * option `resume` the steps in the file that the option `checkpoint` names are not done again. Fails with TUMBLE_E_INPUT,
 * TUMBLE_E_CANCELLED. Thread: handle. */
TUMBLE_API tumble_status tumble_run_create(tumble_context *context, const tumble_array *images, const tumble_options *options,
                                           tumble_run **run);
/** Thread: handle. */
TUMBLE_API void tumble_run_destroy(tumble_run *run);
/** One step: the first poses, a round of the search, a round of the half sets, or the final maps and atoms. `steps_left`, which
 * may be NULL, is 0 after the last and 1 before. Where it fails, cancelled or not, the run is as before the step, and the step can
 * be done again. Fails with TUMBLE_E_UNSUPPORTED, TUMBLE_E_CANCELLED. Thread: handle, of the run and of the context. */
TUMBLE_API tumble_status tumble_run_step(tumble_context *context, tumble_run *run, int32_t *steps_left);
/** What is known so far: moved (share of the images that turned by more than 5 deg in the last round), explained (held-out score
 * over what a perfect model would have), rounds, box, voxel_A (of the run's map). Fails with TUMBLE_E_KEY. Thread: handle. */
TUMBLE_API tumble_status tumble_run_number(const tumble_run *run, const char *name, double *value);
/** Kind of the last step: "start", "rounds", "halves" or "done". Lives as long as the process. NULL for NULL. Thread: handle. */
TUMBLE_API const char *tumble_run_stage(const tumble_run *run);
/** Borrowed until the run's next step or its end. Every pose that an image may have, those of an image one after the other, the
 * best first: image int32 (pose), weight float64 (pose), its posterior share; rotations float64 (pose, 3, 3); shifts float64
 * (pose, 2), A. map float32 (z, y, x): of all images, before the last round. Empty before the first step. Fails with TUMBLE_E_KEY.
 * Thread: handle. */
TUMBLE_API tumble_status tumble_run_array(const tumble_run *run, const char *name, tumble_array *array);
/** Writes a checkpoint of the steps done so far; nothing stands at `path` before it is whole. Fails with TUMBLE_E_SYSTEM, and with
 * TUMBLE_E_INPUT in a build without HDF5. Thread: handle. */
TUMBLE_API tumble_status tumble_run_save(const tumble_run *run, const char *path);
/** After the last step; moves the result out, so once. Fails with TUMBLE_E_INPUT before that. Thread: handle. */
TUMBLE_API tumble_status tumble_run_take_result(tumble_run *run, tumble_result **result);

/* ---- Operators --------------------------------------------------------------------------------------------------------- */

/* The steps of a reconstruction one by one, for a host that has a search or a schedule of its own. Objects keep the device that
 * they were made on alive. "device" on a thread line: one thread at a time for a device and everything made on it. Output arrays
 * belong to the caller, are written in any layout, and have the type that is said; they must not overlap inputs. On a device of
 * CUDA each array may lie in host memory or in that of this device, where outputs must have no gaps; on the CPU, device memory is
 * refused with TUMBLE_E_DEVICE. Arrays of a device go through host memory at present. An argument
 * `images` of poses is int32 (pose), the number of each pose's image, or NULL: image 0, 1, ... in order. Contexts may be NULL where
 * nothing is to be reported. */

/** Where operators compute, and their threads. */
typedef struct tumble_device tumble_device;
/** `name`: "auto", "cpu", "cuda", "cuda:N", several as in "cuda:0,1", or "cuda:all"; threads 0: all cores. Fails with TUMBLE_E_INPUT. Thread: any. */
TUMBLE_API tumble_status tumble_device_create(const char *name, int32_t threads, tumble_device **device);
/** Thread: device. */
TUMBLE_API void tumble_device_destroy(tumble_device *device);
/** "cpu", or "cuda:0"; lives as long as the device. NULL for NULL. Thread: device. */
TUMBLE_API const char *tumble_device_name(const tumble_device *device);
/** The stream, a cudaStream_t of this device or NULL for CUDA's default stream, in whose order arrays in the device's memory are
 * read and written: inputs after what the stream was given before the call; outputs are there when the call returns. Kept, and must
 * live, until another is set or the device is destroyed. Until one is set nothing is waited for: inputs must be complete when a call
 * is made. Fails with TUMBLE_E_DEVICE on the CPU. Thread: device. */
TUMBLE_API tumble_status tumble_device_set_stream(tumble_device *device, void *stream);

/** Images made ready for scoring: normalised, masked, cropped to a working box, transformed, their noise measured. */
typedef struct tumble_images tumble_images;
/** `stack` (image, y, x) as for tumble_reconstruct. diameter_A 0: measured. dark_atoms 1: the images are multiplied by -1. Fails
 * with TUMBLE_E_INPUT, TUMBLE_E_CANCELLED. Thread: device. */
TUMBLE_API tumble_status tumble_images_create(tumble_context *context, tumble_device *device, const tumble_array *stack,
                                              double pixel_size_A, double diameter_A, int32_t dark_atoms, tumble_images **images);
/** Thread: device. */
TUMBLE_API void tumble_images_destroy(tumble_images *images);
/** count, box (pixels of the working box), pixel_size_A, particle_radius_A, mask_radius_A. Fails with TUMBLE_E_KEY. Thread:
 * device. */
TUMBLE_API tumble_status tumble_images_number(const tumble_images *images, const char *name, double *value);
/** A density (n, n, n) with voxels of `voxel_A` as a reference for the images: on their working box and pixel, each Fourier shell
 * scaled to the power of the images' signal. `matched`: float32 (box, box, box). Fails with TUMBLE_E_INPUT. Thread: device. */
TUMBLE_API tumble_status tumble_images_match_map(const tumble_images *images, const tumble_array *map, double voxel_A,
                                                 const tumble_array *matched);

/** A map's padded transform. */
typedef struct tumble_transform tumble_transform;
/** `map` (n, n, n), any n from 8 on; not kept. Fails with TUMBLE_E_ARRAY. Thread: device. */
TUMBLE_API tumble_status tumble_transform_create(tumble_device *device, const tumble_array *map, double voxel_A,
                                                 tumble_transform **transform);
/** Thread: device. */
TUMBLE_API void tumble_transform_destroy(tumble_transform *transform);
/** Central slices: `slices` float32 (rotation, frequency, 2), real and imaginary part of F(R^T (kx, ky, 0)), the origin-centred
 * transform of the map's projection, forward exp(-2 pi i k.x), unnormalised. `rotations` float64 (rotation, 3, 3); `frequencies`
 * float64 (frequency, 2), cycles per voxel, x then y; beyond 0.5 the slice is 0. Thread: device. */
TUMBLE_API tumble_status tumble_transform_slices(const tumble_transform *transform, const tumble_array *rotations,
                                                 const tumble_array *frequencies, const tumble_array *slices);

/** How poses are scored. */
typedef struct tumble_scoring {
    uint64_t struct_size;  /**< sizeof(tumble_scoring), set by the caller */
    double low_per_A;      /**< band low <= |k| < high, 1/A */
    double high_per_A;     /**< 0: all that the images hold */
    double shift_sigma_A;  /**< prior of the shift: standard deviation on each axis; 0: none */
} tumble_scoring;

/** Log-likelihood ratio of each pose against an empty image, natural-log units, plus the log prior of the shift: `scores` float64
 * (pose). `rotations` float64 (pose, 3, 3), `shifts_A` float64 (pose, 2). The map's voxels must be as large as the images' pixels.
 * Fails with TUMBLE_E_ARRAY, TUMBLE_E_INPUT. Thread: device. */
TUMBLE_API tumble_status tumble_poses_score(const tumble_images *prepared, const tumble_transform *transform,
                                            const tumble_scoring *scoring, const tumble_array *images,
                                            const tumble_array *rotations, const tumble_array *shifts_A,
                                            const tumble_array *scores);
/** Moves each pose, in place, to a local maximum of its score, by at most `steps` damped Gauss-Newton steps over orientation and
 * shift; no score falls. Thread: device. */
TUMBLE_API tumble_status tumble_poses_polish(const tumble_images *prepared, const tumble_transform *transform,
                                             const tumble_scoring *scoring, int32_t steps, const tumble_array *images,
                                             const tumble_array *rotations, const tumble_array *shifts_A,
                                             const tumble_array *scores);
/** The same for the shifts alone. Thread: device. */
TUMBLE_API tumble_status tumble_poses_search_shifts(const tumble_images *prepared, const tumble_transform *transform,
                                                    const tumble_scoring *scoring, int32_t steps, const tumble_array *images,
                                                    const tumble_array *rotations, const tumble_array *shifts_A,
                                                    const tumble_array *scores);

/** All orientations and shifts of a grid, scored in batches. */
typedef struct tumble_search tumble_search;
/** Directions as close as the particle and the band of `scoring` ask for, turned at random by `seed` (0: not); shifts within
 * `shift_radius_A` in steps of `shift_step_A`. The scores of a search have no prior of the shift. Fails with TUMBLE_E_INPUT.
 * Thread: device. */
TUMBLE_API tumble_status tumble_search_create(const tumble_images *prepared, const tumble_transform *transform,
                                              const tumble_scoring *scoring, double shift_radius_A, double shift_step_A,
                                              int64_t seed, tumble_search **search);
/** Thread: device. */
TUMBLE_API void tumble_search_destroy(tumble_search *search);
/** views (directions of the whole sphere), shifts, angles (in-plane). Fails with TUMBLE_E_KEY. Thread: device. */
TUMBLE_API tumble_status tumble_search_number(const tumble_search *search, const char *name, double *value);
/** One pass of stochastic hill climbing: each image visits its candidates in random order (`seed`, its number, `pass`) and takes the
 * first that scores above its entry of `scores`, else the best of all. Rotations, shifts and scores are read and replaced, as for
 * tumble_poses_polish; `improved`, int32 (pose) or NULL, becomes 1 where one was better. `neighbourhood`: share of the views that
 * are visited, those nearest to the present one; 1: all. Start from scores of minus infinity. Thread: device. */
TUMBLE_API tumble_status tumble_search_climb(const tumble_search *search, double neighbourhood, int64_t seed, int32_t pass,
                                             const tumble_array *images, const tumble_array *rotations,
                                             const tumble_array *shifts_A, const tumble_array *scores,
                                             const tumble_array *improved);
/** The best candidate of each image; rotations, shifts and scores are written. Thread: device. */
TUMBLE_API tumble_status tumble_search_best(const tumble_search *search, const tumble_array *images, const tumble_array *rotations,
                                            const tumble_array *shifts_A, const tumble_array *scores);

/** Normal equations of a map: images inserted at their poses. */
typedef struct tumble_equations tumble_equations;
/** Without any image. Thread: device. */
TUMBLE_API tumble_status tumble_equations_create(const tumble_images *prepared, tumble_equations **equations);
/** Thread: device. */
TUMBLE_API void tumble_equations_destroy(tumble_equations *equations);
/** Inserts images at poses, from their samples in the band of `scoring`. `weights` float64 (pose) or NULL: 1. Fails with
 * TUMBLE_E_ARRAY, TUMBLE_E_INPUT. Thread: device. */
TUMBLE_API tumble_status tumble_equations_insert(tumble_equations *equations, const tumble_scoring *scoring,
                                                 const tumble_array *images, const tumble_array *rotations,
                                                 const tumble_array *shifts_A, const tumble_array *weights);
/** Adds what `other`, of the same images, holds; subtracts it where `sign` is negative. Thread: device. */
TUMBLE_API tumble_status tumble_equations_add(tumble_equations *equations, const tumble_equations *other, int32_t sign);
/** Posterior mean of the map inside the particle's mask, for the measured noise and a prior of the images' signal power; zero
 * beyond high_per_A; at most `steps` conjugate-gradient steps. `map`: float32 (box, box, box) of the working box. Thread:
 * device. */
TUMBLE_API tumble_status tumble_equations_solve(const tumble_equations *equations, double high_per_A, int32_t steps,
                                                const tumble_array *map);

/** Fourier shell correlation of two half maps (n, n, n); `mask`, or NULL, is corrected for by phase randomisation from `seed`.
 * `curves`: float64 (4, n / 2 + 1), rows frequency (1/A), unmasked, masked, corrected. Thread: device. */
TUMBLE_API tumble_status tumble_maps_correlate(tumble_device *device, const tumble_array *half1, const tumble_array *half2,
                                               const tumble_array *mask, double voxel_A, int64_t seed, const tumble_array *curves);
/** 1 / frequency, A, where `curve`, followed outward from its strongest shells, stays below `threshold`; the Nyquist limit where it
 * never does. `frequencies` and `curve`: float64 (shell). Thread: any. */
TUMBLE_API tumble_status tumble_curve_resolution(const tumble_array *frequencies, const tumble_array *curve, double threshold,
                                                 double *resolution_A);
/** The map under the Wiener filter 2 FSC / (1 + FSC): `fsc` float64 (n / 2 + 1), `restored` float32 (n, n, n). Thread: device. */
TUMBLE_API tumble_status tumble_map_restore(tumble_device *device, const tumble_array *map, const tumble_array *fsc,
                                            const tumble_array *restored);
/** Soft mask, 0 to 1, found from the map: float32 (n, n, n). Fails with TUMBLE_E_UNSUPPORTED where nothing stands out. Thread:
 * device. */
TUMBLE_API tumble_status tumble_map_find_mask(tumble_device *device, const tumble_array *map, double voxel_A, const tumble_array *mask);

/** Atoms with error bars. */
typedef struct tumble_atoms tumble_atoms;
/** Atoms of a restored map (n, n, n): detection and joint fit of all. half1 and half2, both or neither (NULL), give the half
 * distances. `element`: "Pt". min_distance_A 0: from the element; radius_A 0: found from the map; threads 0: all cores. Fails with
 * TUMBLE_E_UNSUPPORTED where the map shows no atoms. Thread: handle. */
TUMBLE_API tumble_status tumble_atoms_find(tumble_context *context, const tumble_array *map, const tumble_array *half1,
                                           const tumble_array *half2, double voxel_A, const char *element, double min_distance_A,
                                           double radius_A, int32_t threads, tumble_atoms **atoms);
/** The same atoms at their likeliest places and heights, given the images at their poses, each image at most once; `weights`
 * float64 (pose) or NULL: 1. Thread: device. */
TUMBLE_API tumble_status tumble_atoms_refine(tumble_context *context, const tumble_images *prepared, const tumble_array *images,
                                             const tumble_array *rotations, const tumble_array *shifts_A,
                                             const tumble_array *weights, const tumble_atoms *start, tumble_atoms **atoms);
/** Thread: any. */
TUMBLE_API void tumble_atoms_destroy(tumble_atoms *atoms);
/** Borrowed until the atoms are destroyed: the names atom_... of tumble_result_array. Fails with TUMBLE_E_KEY. Thread: any. */
TUMBLE_API tumble_status tumble_atoms_array(const tumble_atoms *atoms, const char *name, tumble_array *array);

#ifdef __cplusplus
}
#endif

#endif /* TUMBLE_H */
