"""Written by capi/generate_bindings.py from include/tumble.h: change the header, not this file."""
from ctypes import (CFUNCTYPE, POINTER, Structure, c_char_p, c_double, c_int32, c_int64, c_uint64, c_void_p)

TUMBLE_ABI = 0
TUMBLE_OK = 0
TUMBLE_E_ARGUMENT = 100
TUMBLE_E_NULL = 101
TUMBLE_E_KEY = 102
TUMBLE_E_ARRAY = 103
TUMBLE_E_STRUCT_SIZE = 104
TUMBLE_E_INPUT = 200
TUMBLE_E_NO_MEMORY = 300
TUMBLE_E_SYSTEM = 301
TUMBLE_E_DEVICE = 400
TUMBLE_E_UNSUPPORTED = 500
TUMBLE_E_CANCELLED = 600
TUMBLE_E_INTERNAL = 900
TUMBLE_FLOAT32 = 1
TUMBLE_FLOAT64 = 2
TUMBLE_INT32 = 3
TUMBLE_UINT8 = 4
TUMBLE_INT8 = 5
TUMBLE_INT16 = 6
TUMBLE_UINT16 = 7
TUMBLE_MEMORY_HOST = 1
TUMBLE_MEMORY_CUDA = 2
TUMBLE_MEMORY_PINNED = 3
TUMBLE_MAX_DIMENSIONS = 8
TUMBLE_OPTION_INT64 = 1
TUMBLE_OPTION_FLOAT64 = 2
TUMBLE_OPTION_TEXT = 3


class tumble_array(Structure):
    _fields_ = [
        ("struct_size", c_uint64),
        ("data", c_void_p),
        ("dtype", c_int32),
        ("memory", c_int32),
        ("device", c_int32),
        ("dimensions", c_int32),
        ("shape", c_int64 * TUMBLE_MAX_DIMENSIONS),
        ("stride", c_int64 * TUMBLE_MAX_DIMENSIONS),
    ]


class tumble_progress(Structure):
    _fields_ = [
        ("struct_size", c_uint64),
        ("stage", c_char_p),
        ("fraction", c_double),
        ("round", c_int32),
        ("reserved", c_int32),
    ]


class tumble_option(Structure):
    _fields_ = [
        ("struct_size", c_uint64),
        ("name", c_char_p),
        ("unit", c_char_p),
        ("default_value", c_char_p),
        ("choices", c_char_p),
        ("text", c_char_p),
        ("minimum", c_double),
        ("maximum", c_double),
        ("type", c_int32),
        ("reserved", c_int32),
    ]


class tumble_plan(Structure):
    _fields_ = [
        ("struct_size", c_uint64),
        ("box", c_int64),
        ("host_bytes", c_uint64),
        ("seconds", c_double),
    ]


class tumble_scoring(Structure):
    _fields_ = [
        ("struct_size", c_uint64),
        ("low_per_A", c_double),
        ("high_per_A", c_double),
        ("shift_sigma_A", c_double),
    ]


tumble_progress_callback = CFUNCTYPE(c_int32, POINTER(tumble_progress), c_void_p)
tumble_log_callback = CFUNCTYPE(None, c_char_p, c_void_p)
tumble_allocate_callback = CFUNCTYPE(c_void_p, c_uint64, c_void_p)
tumble_free_callback = CFUNCTYPE(None, c_void_p, c_void_p)

# name: (result, arguments)
PROTOTYPES = {
    "tumble_abi_number": (c_int32, []),
    "tumble_version": (c_char_p, []),
    "tumble_capability": (c_int32, [c_char_p]),
    "tumble_status_group": (c_int32, [c_int32]),
    "tumble_status_text": (c_char_p, [c_int32]),
    "tumble_last_error": (c_char_p, []),
    "tumble_context_create": (c_int32, [POINTER(c_void_p)]),
    "tumble_context_destroy": (None, [c_void_p]),
    "tumble_context_set_progress": (c_int32, [c_void_p, tumble_progress_callback, c_void_p]),
    "tumble_context_set_log": (c_int32, [c_void_p, tumble_log_callback, c_void_p]),
    "tumble_context_set_allocator": (c_int32, [c_void_p, tumble_allocate_callback, tumble_free_callback, c_void_p]),
    "tumble_context_cancel": (None, [c_void_p]),
    "tumble_context_callback_value": (c_int32, [c_void_p, POINTER(c_int32)]),
    "tumble_context_error": (c_char_p, [c_void_p]),
    "tumble_option_count": (c_int32, []),
    "tumble_option_describe": (c_int32, [c_int32, POINTER(tumble_option)]),
    "tumble_options_create": (c_int32, [POINTER(c_void_p)]),
    "tumble_options_destroy": (None, [c_void_p]),
    "tumble_options_set_int64": (c_int32, [c_void_p, c_char_p, c_int64]),
    "tumble_options_set_float64": (c_int32, [c_void_p, c_char_p, c_double]),
    "tumble_options_set_text": (c_int32, [c_void_p, c_char_p, c_char_p]),
    "tumble_options_set_poses": (c_int32, [c_void_p, POINTER(tumble_array), POINTER(tumble_array)]),
    "tumble_options_set_reference": (c_int32, [c_void_p, POINTER(tumble_array), c_double]),
    "tumble_options_set_halves": (c_int32, [c_void_p, POINTER(tumble_array)]),
    "tumble_stack_read": (c_int32, [c_char_p, POINTER(c_void_p)]),
    "tumble_stack_destroy": (None, [c_void_p]),
    "tumble_stack_images": (c_int32, [c_void_p, POINTER(tumble_array)]),
    "tumble_stack_pixel_size": (c_int32, [c_void_p, POINTER(c_double)]),
    "tumble_map_write": (c_int32, [c_char_p, POINTER(tumble_array), c_double]),
    "tumble_plan_query": (c_int32, [POINTER(tumble_array), c_void_p, POINTER(tumble_plan)]),
    "tumble_reconstruct": (c_int32, [c_void_p, POINTER(tumble_array), c_void_p, POINTER(c_void_p)]),
    "tumble_result_destroy": (None, [c_void_p]),
    "tumble_result_array": (c_int32, [c_void_p, c_char_p, POINTER(tumble_array)]),
    "tumble_result_number": (c_int32, [c_void_p, c_char_p, POINTER(c_double)]),
    "tumble_result_text": (c_int32, [c_void_p, c_char_p, c_char_p, c_int64, POINTER(c_int64)]),
    "tumble_run_create": (c_int32, [c_void_p, POINTER(tumble_array), c_void_p, POINTER(c_void_p)]),
    "tumble_run_destroy": (None, [c_void_p]),
    "tumble_run_step": (c_int32, [c_void_p, c_void_p, POINTER(c_int32)]),
    "tumble_run_number": (c_int32, [c_void_p, c_char_p, POINTER(c_double)]),
    "tumble_run_stage": (c_char_p, [c_void_p]),
    "tumble_run_array": (c_int32, [c_void_p, c_char_p, POINTER(tumble_array)]),
    "tumble_run_save": (c_int32, [c_void_p, c_char_p]),
    "tumble_run_take_result": (c_int32, [c_void_p, POINTER(c_void_p)]),
    "tumble_device_create": (c_int32, [c_char_p, c_int32, POINTER(c_void_p)]),
    "tumble_device_destroy": (None, [c_void_p]),
    "tumble_device_name": (c_char_p, [c_void_p]),
    "tumble_device_set_stream": (c_int32, [c_void_p, c_void_p]),
    "tumble_images_create": (c_int32, [c_void_p, c_void_p, POINTER(tumble_array), c_double, c_double, c_int32, POINTER(c_void_p)]),
    "tumble_images_destroy": (None, [c_void_p]),
    "tumble_images_number": (c_int32, [c_void_p, c_char_p, POINTER(c_double)]),
    "tumble_images_match_map": (c_int32, [c_void_p, POINTER(tumble_array), c_double, POINTER(tumble_array)]),
    "tumble_transform_create": (c_int32, [c_void_p, POINTER(tumble_array), c_double, POINTER(c_void_p)]),
    "tumble_transform_destroy": (None, [c_void_p]),
    "tumble_transform_slices": (c_int32, [c_void_p, POINTER(tumble_array), POINTER(tumble_array), POINTER(tumble_array)]),
    "tumble_poses_score": (c_int32, [c_void_p, c_void_p, POINTER(tumble_scoring), POINTER(tumble_array), POINTER(tumble_array), POINTER(tumble_array), POINTER(tumble_array)]),
    "tumble_poses_polish": (c_int32, [c_void_p, c_void_p, POINTER(tumble_scoring), c_int32, POINTER(tumble_array), POINTER(tumble_array), POINTER(tumble_array), POINTER(tumble_array)]),
    "tumble_poses_search_shifts": (c_int32, [c_void_p, c_void_p, POINTER(tumble_scoring), c_int32, POINTER(tumble_array), POINTER(tumble_array), POINTER(tumble_array), POINTER(tumble_array)]),
    "tumble_search_create": (c_int32, [c_void_p, c_void_p, POINTER(tumble_scoring), c_double, c_double, c_int64, POINTER(c_void_p)]),
    "tumble_search_destroy": (None, [c_void_p]),
    "tumble_search_number": (c_int32, [c_void_p, c_char_p, POINTER(c_double)]),
    "tumble_search_climb": (c_int32, [c_void_p, c_double, c_int64, c_int32, POINTER(tumble_array), POINTER(tumble_array), POINTER(tumble_array), POINTER(tumble_array), POINTER(tumble_array)]),
    "tumble_search_best": (c_int32, [c_void_p, POINTER(tumble_array), POINTER(tumble_array), POINTER(tumble_array), POINTER(tumble_array)]),
    "tumble_equations_create": (c_int32, [c_void_p, POINTER(c_void_p)]),
    "tumble_equations_destroy": (None, [c_void_p]),
    "tumble_equations_insert": (c_int32, [c_void_p, POINTER(tumble_scoring), POINTER(tumble_array), POINTER(tumble_array), POINTER(tumble_array), POINTER(tumble_array)]),
    "tumble_equations_add": (c_int32, [c_void_p, c_void_p, c_int32]),
    "tumble_equations_solve": (c_int32, [c_void_p, c_double, c_int32, POINTER(tumble_array)]),
    "tumble_maps_correlate": (c_int32, [c_void_p, POINTER(tumble_array), POINTER(tumble_array), POINTER(tumble_array), c_double, c_int64, POINTER(tumble_array)]),
    "tumble_curve_resolution": (c_int32, [POINTER(tumble_array), POINTER(tumble_array), c_double, POINTER(c_double)]),
    "tumble_map_restore": (c_int32, [c_void_p, POINTER(tumble_array), POINTER(tumble_array), POINTER(tumble_array)]),
    "tumble_map_find_mask": (c_int32, [c_void_p, POINTER(tumble_array), c_double, POINTER(tumble_array)]),
    "tumble_atoms_find": (c_int32, [c_void_p, POINTER(tumble_array), POINTER(tumble_array), POINTER(tumble_array), c_double, c_char_p, c_double, c_double, c_int32, POINTER(c_void_p)]),
    "tumble_atoms_refine": (c_int32, [c_void_p, c_void_p, POINTER(tumble_array), POINTER(tumble_array), POINTER(tumble_array), POINTER(tumble_array), c_void_p, POINTER(c_void_p)]),
    "tumble_atoms_destroy": (None, [c_void_p]),
    "tumble_atoms_array": (c_int32, [c_void_p, c_char_p, POINTER(tumble_array)]),
}
