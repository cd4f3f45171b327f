/* tumble: from images of one tumbling nanocrystal to its atoms. The C interface: the only header that other languages need.
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

#if defined(_WIN32)
#define TUMBLE_API
#else
#define TUMBLE_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Versions ---------------------------------------------------------------------------------------------------------- */

/* Raised by every incompatible change of this header. */
#define TUMBLE_ABI 0

/* The ABI number of the library in use. Thread: any. */
TUMBLE_API int32_t tumble_abi_number(void);
/* "0.1.0" of the library in use; lives as long as the process. Thread: any. */
TUMBLE_API const char *tumble_version(void);
/* 1 if this build can use `name` on this machine ("cuda", "hdf5"), else 0, also for unknown names and NULL. Thread: any. */
TUMBLE_API int32_t tumble_capability(const char *name);

/* ---- Status ------------------------------------------------------------------------------------------------------------ */

typedef int32_t tumble_status;

#define TUMBLE_OK 0
#define TUMBLE_E_ARGUMENT 100    /* 1xx argument: an argument cannot be what it is */
#define TUMBLE_E_NULL 101        /*     a pointer that must not be NULL is */
#define TUMBLE_E_KEY 102         /*     no option or property of that name */
#define TUMBLE_E_ARRAY 103       /*     shape, strides, type or memory of an array */
#define TUMBLE_E_STRUCT_SIZE 104 /*     struct_size is not set */
#define TUMBLE_E_INPUT 200       /* 2xx input: a file, images or options that cannot work */
#define TUMBLE_E_NO_MEMORY 300   /* 3xx machine: out of memory */
#define TUMBLE_E_SYSTEM 301      /*     disk full, no permission, ... */
#define TUMBLE_E_DEVICE 400      /* 4xx device: absent, or of the wrong kind */
#define TUMBLE_E_UNSUPPORTED 500 /* 5xx data: the images do not support a result */
#define TUMBLE_E_CANCELLED 600   /* 6xx cancelled by the caller; a checkpoint has been written where one was asked for */
#define TUMBLE_E_INTERNAL 900    /* 9xx a fault of ours */

/* status / 100. Thread: any. */
TUMBLE_API int32_t tumble_status_group(tumble_status status);
/* A few words for a status; for a code that this library does not know those of its group. Never NULL; lives as long as the
 * process. Thread: any. */
TUMBLE_API const char *tumble_status_text(tumble_status status);
/* The sentence of the last failure on this thread: what, where, found, expected. Never NULL; valid until the next failure on
 * this thread. Thread: any. */
TUMBLE_API const char *tumble_last_error(void);

/* ---- Arrays ------------------------------------------------------------------------------------------------------------ */

#define TUMBLE_FLOAT32 1
#define TUMBLE_FLOAT64 2
#define TUMBLE_INT32 3
#define TUMBLE_UINT8 4
#define TUMBLE_INT8 5
#define TUMBLE_INT16 6
#define TUMBLE_UINT16 7

/* Numbers of DLPack. */
#define TUMBLE_MEMORY_HOST 1
#define TUMBLE_MEMORY_CUDA 2

#define TUMBLE_MAX_DIMENSIONS 8

/* An array that belongs to the caller, or, where a comment says "borrowed", to a handle. The slowest axis comes first; strides
 * count elements and may be negative or leave gaps. */
typedef struct tumble_array {
    uint64_t struct_size; /* sizeof(tumble_array), set by the caller */
    void *data;           /* element (0, 0, ...) */
    int32_t dtype;        /* TUMBLE_FLOAT32, ... */
    int32_t memory;       /* TUMBLE_MEMORY_HOST */
    int32_t device;       /* number of the device; 0 for host memory */
    int32_t dimensions;
    int64_t shape[TUMBLE_MAX_DIMENSIONS];
    int64_t stride[TUMBLE_MAX_DIMENSIONS];
} tumble_array;

/* ---- Context ----------------------------------------------------------------------------------------------------------- */

/* What long work reports to and how it is stopped. */
typedef struct tumble_context tumble_context;

typedef struct tumble_progress {
    uint64_t struct_size; /* set by the library: fields beyond it do not exist */
    const char *stage;    /* "prepare", "first model", "rounds", ...; valid during the call */
    double fraction;      /* of the stage that is done, 0 to 1 */
    int32_t round;        /* rounds of the search that are done */
    int32_t reserved;
} tumble_progress;

/* Called from the thread that called the library, at most ten times a second within a stage. Any other function of this header
 * may be called from inside, but none that takes the same context. A value other than 0 cancels: the work returns
 * TUMBLE_E_CANCELLED, and tumble_context_callback_value tells the value. */
typedef int32_t (*tumble_progress_callback)(const tumble_progress *progress, void *user);
/* One line worth keeping, without a line end; valid during the call. Called as the above. */
typedef void (*tumble_log_callback)(const char *line, void *user);

/* Thread: any. Fails with TUMBLE_E_NO_MEMORY. */
TUMBLE_API tumble_status tumble_context_create(tumble_context **context);
/* Not while it is in use. Thread: handle. */
TUMBLE_API void tumble_context_destroy(tumble_context *context);
/* NULL for none. `user` is handed to every call and is not looked at. Thread: handle. */
TUMBLE_API tumble_status tumble_context_set_progress(tumble_context *context, tumble_progress_callback callback, void *user);
TUMBLE_API tumble_status tumble_context_set_log(tumble_context *context, tumble_log_callback callback, void *user);
/* Stops the work that uses the context, or the next that will, within a second or so. The request is used up by the work that
 * it stops. Thread: any, and from a signal handler. NULL is ignored. */
TUMBLE_API void tumble_context_cancel(tumble_context *context);
/* The value other than 0 that the progress callback returned last; 0 if it never did. Thread: handle. */
TUMBLE_API tumble_status tumble_context_callback_value(const tumble_context *context, int32_t *value);
/* The sentence of the last failure of work that used the context; "" if there was none. Valid until the next failure of such
 * work. Never NULL. Thread: handle. */
TUMBLE_API const char *tumble_context_error(const tumble_context *context);

/* ---- Options ----------------------------------------------------------------------------------------------------------- */

#define TUMBLE_OPTION_INT64 1
#define TUMBLE_OPTION_FLOAT64 2
#define TUMBLE_OPTION_TEXT 3

/* One line of the table of options. The strings live as long as the process. */
typedef struct tumble_option {
    uint64_t struct_size; /* sizeof(tumble_option), set by the caller */
    const char *name;
    const char *unit;          /* "A", or "" */
    const char *default_value; /* as text; "" where the option must be set */
    const char *choices;       /* words that a text may be, separated by |; "" for free text */
    const char *text;          /* one line */
    double minimum;            /* of numbers; infinite where unbounded */
    double maximum;
    int32_t type; /* TUMBLE_OPTION_INT64, ...; switches are 0 or 1 */
    int32_t reserved;
} tumble_option;

/* Thread: any. */
TUMBLE_API int32_t tumble_option_count(void);
/* Line `index`, 0 .. count - 1, of the table. Fails with TUMBLE_E_ARGUMENT for another index. Thread: any. */
TUMBLE_API tumble_status tumble_option_describe(int32_t index, tumble_option *option);

/* Options of a reconstruction and what it starts from. Without poses and without a reference the start is blind. */
typedef struct tumble_options tumble_options;

/* All options at their defaults. Thread: any. */
TUMBLE_API tumble_status tumble_options_create(tumble_options **options);
TUMBLE_API void tumble_options_destroy(tumble_options *options);
/* Fail with TUMBLE_E_KEY for an unknown name and TUMBLE_E_ARGUMENT for a value that the table does not allow; the options are
 * then unchanged. Thread: handle. */
TUMBLE_API tumble_status tumble_options_set_int64(tumble_options *options, const char *name, int64_t value);
TUMBLE_API tumble_status tumble_options_set_float64(tumble_options *options, const char *name, double value);
TUMBLE_API tumble_status tumble_options_set_text(tumble_options *options, const char *name, const char *value);
/* Start from these poses: `rotations` float64 (image, 3, 3), `shifts_A` float64 (image, 2), x then y. Copied. Fails with
 * TUMBLE_E_ARRAY. Thread: handle. */
TUMBLE_API tumble_status tumble_options_set_poses(tumble_options *options, const tumble_array *rotations,
                                                  const tumble_array *shifts_A);
/* Start from this map: float32 (n, n, n), voxels of `voxel_A`; resampled where box or voxel differ from the images'. Copied.
 * Fails with TUMBLE_E_ARRAY. Thread: handle. */
TUMBLE_API tumble_status tumble_options_set_reference(tumble_options *options, const tumble_array *map, double voxel_A);
/* Half, 1 or 2, of each image: int32 (image). Copied. Without it: blocks of ten images in turn. Thread: handle. */
TUMBLE_API tumble_status tumble_options_set_halves(tumble_options *options, const tumble_array *halves);

/* ---- Files ------------------------------------------------------------------------------------------------------------- */

/* A stack of particle images in memory. */
typedef struct tumble_stack tumble_stack;

/* Reads an MRC stack (all modes, plain or gzip) of square images. Fails with TUMBLE_E_INPUT, TUMBLE_E_SYSTEM. Thread: any. */
TUMBLE_API tumble_status tumble_stack_read(const char *path, tumble_stack **stack);
TUMBLE_API void tumble_stack_destroy(tumble_stack *stack);
/* Borrowed until the stack is destroyed: float32 (image, y, x). Thread: any. */
TUMBLE_API tumble_status tumble_stack_images(const tumble_stack *stack, tumble_array *images);
/* In A, from the header; 0 where it does not say. Thread: any. */
TUMBLE_API tumble_status tumble_stack_pixel_size(const tumble_stack *stack, double *pixel_size_A);
/* Writes a map, float32 (n, n, n), as an MRC file; nothing stands at `path` before it is whole. Fails with TUMBLE_E_ARRAY,
 * TUMBLE_E_SYSTEM. Thread: any. */
TUMBLE_API tumble_status tumble_map_write(const char *path, const tumble_array *map, double voxel_A);

/* ---- Reconstruction ---------------------------------------------------------------------------------------------------- */

/* What a run will need, estimated. */
typedef struct tumble_plan {
    uint64_t struct_size; /* sizeof(tumble_plan), set by the caller */
    int64_t box;          /* side of the cropped images and maps that the search works on, in pixels */
    uint64_t host_bytes;
    double seconds;
} tumble_plan;

/* Before any work: only the shape of `images` is looked at, its data may be NULL. Fails with TUMBLE_E_INPUT for options that
 * cannot work. Thread: any. */
TUMBLE_API tumble_status tumble_plan_query(const tumble_array *images, const tumble_options *options, tumble_plan *plan);

/* What came out of a reconstruction. */
typedef struct tumble_result tumble_result;

/* From images to atoms: the whole. `images` (image, y, x), square, of any type of the list above, contrast or counts of either
 * sign; borrowed for the call, not changed, and not copied where it is float32 without gaps. The same seed gives the same
 * result for any number of threads. Images that do not support a structure are no failure: the result's verdict then says
 * "failed". Fails with TUMBLE_E_INPUT, TUMBLE_E_UNSUPPORTED (no particle in the images), TUMBLE_E_CANCELLED. Thread: handle. */
TUMBLE_API tumble_status tumble_reconstruct(tumble_context *context, const tumble_array *images, const tumble_options *options,
                                            tumble_result **result);
TUMBLE_API void tumble_result_destroy(tumble_result *result);

/* One of the result's arrays, borrowed until the result is destroyed; never copied. Fails with TUMBLE_E_KEY.
 *   maps, float32 (z, y, x), box and voxel of the images:
 *     map          restored, atoms positive        half1, half2   unfiltered half maps       mask   0 to 1
 *   atoms, strongest first:
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

/* A number. Fails with TUMBLE_E_KEY.
 *   resolution_0143_A, resolution_05_A (1 / frequency where the corrected FSC falls below; 0 where not known), atoms,
 *   atoms_precision_pm, atoms_half_precision_pm, images_rejected, particle_diameter_A, largest_gap_deg, turn_deg,
 *   contrast_inverted (0 or 1), verdict (0 ok, 1 doubtful, 2 failed), peak_memory_bytes
 * Thread: any. */
TUMBLE_API tumble_status tumble_result_number(const tumble_result *result, const char *name, double *value);

/* A text, copied with its NUL to `buffer` of `capacity` bytes as far as it fits; `needed`, which may be NULL, gets the bytes of
 * the whole with its NUL. Fails with TUMBLE_E_KEY, and with TUMBLE_E_ARGUMENT where it does not fit (capacity 0 asks for the
 * size alone and does not fail).
 *   verdict ("ok", "doubtful", "failed"), reasons (sentences, one a line), start, device, element
 * Thread: any. */
TUMBLE_API tumble_status tumble_result_text(const tumble_result *result, const char *name, char *buffer, int64_t capacity,
                                            int64_t *needed);

#ifdef __cplusplus
}
#endif

#endif /* TUMBLE_H */
