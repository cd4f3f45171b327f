# Written by capi/generate_bindings.py from include/tumble.h: change the header, not this file.

const TUMBLE_ABI = 0
const TUMBLE_OK = 0
const TUMBLE_E_ARGUMENT = 100
const TUMBLE_E_NULL = 101
const TUMBLE_E_KEY = 102
const TUMBLE_E_ARRAY = 103
const TUMBLE_E_STRUCT_SIZE = 104
const TUMBLE_E_INPUT = 200
const TUMBLE_E_NO_MEMORY = 300
const TUMBLE_E_SYSTEM = 301
const TUMBLE_E_DEVICE = 400
const TUMBLE_E_UNSUPPORTED = 500
const TUMBLE_E_CANCELLED = 600
const TUMBLE_E_INTERNAL = 900
const TUMBLE_FLOAT32 = 1
const TUMBLE_FLOAT64 = 2
const TUMBLE_INT32 = 3
const TUMBLE_UINT8 = 4
const TUMBLE_INT8 = 5
const TUMBLE_INT16 = 6
const TUMBLE_UINT16 = 7
const TUMBLE_MEMORY_HOST = 1
const TUMBLE_MEMORY_CUDA = 2
const TUMBLE_MEMORY_PINNED = 3
const TUMBLE_MAX_DIMENSIONS = 8
const TUMBLE_OPTION_INT64 = 1
const TUMBLE_OPTION_FLOAT64 = 2
const TUMBLE_OPTION_TEXT = 3

struct tumble_array
    struct_size::UInt64
    data::Ptr{Cvoid}
    dtype::Int32
    memory::Int32
    device::Int32
    dimensions::Int32
    shape::NTuple{TUMBLE_MAX_DIMENSIONS, Int64}
    stride::NTuple{TUMBLE_MAX_DIMENSIONS, Int64}
end

# Nothing but its size is set.
tumble_array() = tumble_array(sizeof(tumble_array), C_NULL, 0, 0, 0, 0, ntuple(_ -> 0, TUMBLE_MAX_DIMENSIONS), ntuple(_ -> 0, TUMBLE_MAX_DIMENSIONS))

struct tumble_progress
    struct_size::UInt64
    stage::Ptr{UInt8}
    fraction::Float64
    round::Int32
    reserved::Int32
end

# Nothing but its size is set.
tumble_progress() = tumble_progress(sizeof(tumble_progress), C_NULL, 0, 0, 0)

struct tumble_option
    struct_size::UInt64
    name::Ptr{UInt8}
    unit::Ptr{UInt8}
    default_value::Ptr{UInt8}
    choices::Ptr{UInt8}
    text::Ptr{UInt8}
    minimum::Float64
    maximum::Float64
    type::Int32
    reserved::Int32
end

# Nothing but its size is set.
tumble_option() = tumble_option(sizeof(tumble_option), C_NULL, C_NULL, C_NULL, C_NULL, C_NULL, 0, 0, 0, 0)

struct tumble_plan
    struct_size::UInt64
    box::Int64
    host_bytes::UInt64
    seconds::Float64
end

# Nothing but its size is set.
tumble_plan() = tumble_plan(sizeof(tumble_plan), 0, 0, 0)

struct tumble_scoring
    struct_size::UInt64
    low_per_A::Float64
    high_per_A::Float64
    shift_sigma_A::Float64
end

# Nothing but its size is set.
tumble_scoring() = tumble_scoring(sizeof(tumble_scoring), 0, 0, 0)

tumble_abi_number() =
    @ccall $(symbol(:tumble_abi_number))()::Int32

tumble_version() =
    @ccall $(symbol(:tumble_version))()::Cstring

tumble_capability(name) =
    @ccall $(symbol(:tumble_capability))(name::Cstring)::Int32

tumble_status_group(status) =
    @ccall $(symbol(:tumble_status_group))(status::Int32)::Int32

tumble_status_text(status) =
    @ccall $(symbol(:tumble_status_text))(status::Int32)::Cstring

tumble_last_error() =
    @ccall $(symbol(:tumble_last_error))()::Cstring

tumble_context_create(context) =
    @ccall $(symbol(:tumble_context_create))(context::Ptr{Ptr{Cvoid}})::Int32

tumble_context_destroy(context) =
    @ccall $(symbol(:tumble_context_destroy))(context::Ptr{Cvoid})::Cvoid

tumble_context_set_progress(context, callback, user) =
    @ccall $(symbol(:tumble_context_set_progress))(context::Ptr{Cvoid}, callback::Ptr{Cvoid}, user::Ptr{Cvoid})::Int32

tumble_context_set_log(context, callback, user) =
    @ccall $(symbol(:tumble_context_set_log))(context::Ptr{Cvoid}, callback::Ptr{Cvoid}, user::Ptr{Cvoid})::Int32

tumble_context_set_allocator(context, allocate, give_back, user) =
    @ccall $(symbol(:tumble_context_set_allocator))(context::Ptr{Cvoid}, allocate::Ptr{Cvoid}, give_back::Ptr{Cvoid}, user::Ptr{Cvoid})::Int32

tumble_context_cancel(context) =
    @ccall $(symbol(:tumble_context_cancel))(context::Ptr{Cvoid})::Cvoid

tumble_context_callback_value(context, value) =
    @ccall $(symbol(:tumble_context_callback_value))(context::Ptr{Cvoid}, value::Ptr{Int32})::Int32

tumble_context_error(context) =
    @ccall $(symbol(:tumble_context_error))(context::Ptr{Cvoid})::Cstring

tumble_option_count() =
    @ccall $(symbol(:tumble_option_count))()::Int32

tumble_option_describe(index, option) =
    @ccall $(symbol(:tumble_option_describe))(index::Int32, option::Ptr{tumble_option})::Int32

tumble_options_create(options) =
    @ccall $(symbol(:tumble_options_create))(options::Ptr{Ptr{Cvoid}})::Int32

tumble_options_destroy(options) =
    @ccall $(symbol(:tumble_options_destroy))(options::Ptr{Cvoid})::Cvoid

tumble_options_set_int64(options, name, value) =
    @ccall $(symbol(:tumble_options_set_int64))(options::Ptr{Cvoid}, name::Cstring, value::Int64)::Int32

tumble_options_set_float64(options, name, value) =
    @ccall $(symbol(:tumble_options_set_float64))(options::Ptr{Cvoid}, name::Cstring, value::Float64)::Int32

tumble_options_set_text(options, name, value) =
    @ccall $(symbol(:tumble_options_set_text))(options::Ptr{Cvoid}, name::Cstring, value::Cstring)::Int32

tumble_options_set_poses(options, rotations, shifts_A) =
    @ccall $(symbol(:tumble_options_set_poses))(options::Ptr{Cvoid}, rotations::Ptr{tumble_array}, shifts_A::Ptr{tumble_array})::Int32

tumble_options_set_reference(options, map, voxel_A) =
    @ccall $(symbol(:tumble_options_set_reference))(options::Ptr{Cvoid}, map::Ptr{tumble_array}, voxel_A::Float64)::Int32

tumble_options_set_halves(options, halves) =
    @ccall $(symbol(:tumble_options_set_halves))(options::Ptr{Cvoid}, halves::Ptr{tumble_array})::Int32

tumble_stack_read(path, stack) =
    @ccall $(symbol(:tumble_stack_read))(path::Cstring, stack::Ptr{Ptr{Cvoid}})::Int32

tumble_stack_destroy(stack) =
    @ccall $(symbol(:tumble_stack_destroy))(stack::Ptr{Cvoid})::Cvoid

tumble_stack_images(stack, images) =
    @ccall $(symbol(:tumble_stack_images))(stack::Ptr{Cvoid}, images::Ptr{tumble_array})::Int32

tumble_stack_pixel_size(stack, pixel_size_A) =
    @ccall $(symbol(:tumble_stack_pixel_size))(stack::Ptr{Cvoid}, pixel_size_A::Ptr{Float64})::Int32

tumble_map_write(path, map, voxel_A) =
    @ccall $(symbol(:tumble_map_write))(path::Cstring, map::Ptr{tumble_array}, voxel_A::Float64)::Int32

tumble_plan_query(images, options, plan) =
    @ccall $(symbol(:tumble_plan_query))(images::Ptr{tumble_array}, options::Ptr{Cvoid}, plan::Ptr{tumble_plan})::Int32

tumble_reconstruct(context, images, options, result) =
    @ccall $(symbol(:tumble_reconstruct))(context::Ptr{Cvoid}, images::Ptr{tumble_array}, options::Ptr{Cvoid}, result::Ptr{Ptr{Cvoid}})::Int32

tumble_result_destroy(result) =
    @ccall $(symbol(:tumble_result_destroy))(result::Ptr{Cvoid})::Cvoid

tumble_result_array(result, name, array) =
    @ccall $(symbol(:tumble_result_array))(result::Ptr{Cvoid}, name::Cstring, array::Ptr{tumble_array})::Int32

tumble_result_number(result, name, value) =
    @ccall $(symbol(:tumble_result_number))(result::Ptr{Cvoid}, name::Cstring, value::Ptr{Float64})::Int32

tumble_result_text(result, name, buffer, capacity, needed) =
    @ccall $(symbol(:tumble_result_text))(result::Ptr{Cvoid}, name::Cstring, buffer::Ptr{UInt8}, capacity::Int64, needed::Ptr{Int64})::Int32

tumble_run_create(context, images, options, run) =
    @ccall $(symbol(:tumble_run_create))(context::Ptr{Cvoid}, images::Ptr{tumble_array}, options::Ptr{Cvoid}, run::Ptr{Ptr{Cvoid}})::Int32

tumble_run_destroy(run) =
    @ccall $(symbol(:tumble_run_destroy))(run::Ptr{Cvoid})::Cvoid

tumble_run_step(context, run, steps_left) =
    @ccall $(symbol(:tumble_run_step))(context::Ptr{Cvoid}, run::Ptr{Cvoid}, steps_left::Ptr{Int32})::Int32

tumble_run_number(run, name, value) =
    @ccall $(symbol(:tumble_run_number))(run::Ptr{Cvoid}, name::Cstring, value::Ptr{Float64})::Int32

tumble_run_stage(run) =
    @ccall $(symbol(:tumble_run_stage))(run::Ptr{Cvoid})::Cstring

tumble_run_array(run, name, array) =
    @ccall $(symbol(:tumble_run_array))(run::Ptr{Cvoid}, name::Cstring, array::Ptr{tumble_array})::Int32

tumble_run_save(run, path) =
    @ccall $(symbol(:tumble_run_save))(run::Ptr{Cvoid}, path::Cstring)::Int32

tumble_run_take_result(run, result) =
    @ccall $(symbol(:tumble_run_take_result))(run::Ptr{Cvoid}, result::Ptr{Ptr{Cvoid}})::Int32

tumble_device_create(name, threads, device) =
    @ccall $(symbol(:tumble_device_create))(name::Cstring, threads::Int32, device::Ptr{Ptr{Cvoid}})::Int32

tumble_device_destroy(device) =
    @ccall $(symbol(:tumble_device_destroy))(device::Ptr{Cvoid})::Cvoid

tumble_device_name(device) =
    @ccall $(symbol(:tumble_device_name))(device::Ptr{Cvoid})::Cstring

tumble_device_set_stream(device, stream) =
    @ccall $(symbol(:tumble_device_set_stream))(device::Ptr{Cvoid}, stream::Ptr{Cvoid})::Int32

tumble_images_create(context, device, stack, pixel_size_A, diameter_A, dark_atoms, images) =
    @ccall $(symbol(:tumble_images_create))(context::Ptr{Cvoid}, device::Ptr{Cvoid}, stack::Ptr{tumble_array}, pixel_size_A::Float64, diameter_A::Float64, dark_atoms::Int32, images::Ptr{Ptr{Cvoid}})::Int32

tumble_images_destroy(images) =
    @ccall $(symbol(:tumble_images_destroy))(images::Ptr{Cvoid})::Cvoid

tumble_images_number(images, name, value) =
    @ccall $(symbol(:tumble_images_number))(images::Ptr{Cvoid}, name::Cstring, value::Ptr{Float64})::Int32

tumble_images_match_map(images, map, voxel_A, matched) =
    @ccall $(symbol(:tumble_images_match_map))(images::Ptr{Cvoid}, map::Ptr{tumble_array}, voxel_A::Float64, matched::Ptr{tumble_array})::Int32

tumble_transform_create(device, map, voxel_A, transform) =
    @ccall $(symbol(:tumble_transform_create))(device::Ptr{Cvoid}, map::Ptr{tumble_array}, voxel_A::Float64, transform::Ptr{Ptr{Cvoid}})::Int32

tumble_transform_destroy(transform) =
    @ccall $(symbol(:tumble_transform_destroy))(transform::Ptr{Cvoid})::Cvoid

tumble_transform_slices(transform, rotations, frequencies, slices) =
    @ccall $(symbol(:tumble_transform_slices))(transform::Ptr{Cvoid}, rotations::Ptr{tumble_array}, frequencies::Ptr{tumble_array}, slices::Ptr{tumble_array})::Int32

tumble_poses_score(prepared, transform, scoring, images, rotations, shifts_A, scores) =
    @ccall $(symbol(:tumble_poses_score))(prepared::Ptr{Cvoid}, transform::Ptr{Cvoid}, scoring::Ptr{tumble_scoring}, images::Ptr{tumble_array}, rotations::Ptr{tumble_array}, shifts_A::Ptr{tumble_array}, scores::Ptr{tumble_array})::Int32

tumble_poses_polish(prepared, transform, scoring, steps, images, rotations, shifts_A, scores) =
    @ccall $(symbol(:tumble_poses_polish))(prepared::Ptr{Cvoid}, transform::Ptr{Cvoid}, scoring::Ptr{tumble_scoring}, steps::Int32, images::Ptr{tumble_array}, rotations::Ptr{tumble_array}, shifts_A::Ptr{tumble_array}, scores::Ptr{tumble_array})::Int32

tumble_poses_search_shifts(prepared, transform, scoring, steps, images, rotations, shifts_A, scores) =
    @ccall $(symbol(:tumble_poses_search_shifts))(prepared::Ptr{Cvoid}, transform::Ptr{Cvoid}, scoring::Ptr{tumble_scoring}, steps::Int32, images::Ptr{tumble_array}, rotations::Ptr{tumble_array}, shifts_A::Ptr{tumble_array}, scores::Ptr{tumble_array})::Int32

tumble_search_create(prepared, transform, scoring, shift_radius_A, shift_step_A, seed, search) =
    @ccall $(symbol(:tumble_search_create))(prepared::Ptr{Cvoid}, transform::Ptr{Cvoid}, scoring::Ptr{tumble_scoring}, shift_radius_A::Float64, shift_step_A::Float64, seed::Int64, search::Ptr{Ptr{Cvoid}})::Int32

tumble_search_destroy(search) =
    @ccall $(symbol(:tumble_search_destroy))(search::Ptr{Cvoid})::Cvoid

tumble_search_number(search, name, value) =
    @ccall $(symbol(:tumble_search_number))(search::Ptr{Cvoid}, name::Cstring, value::Ptr{Float64})::Int32

tumble_search_climb(search, neighbourhood, seed, pass, images, rotations, shifts_A, scores, improved) =
    @ccall $(symbol(:tumble_search_climb))(search::Ptr{Cvoid}, neighbourhood::Float64, seed::Int64, pass::Int32, images::Ptr{tumble_array}, rotations::Ptr{tumble_array}, shifts_A::Ptr{tumble_array}, scores::Ptr{tumble_array}, improved::Ptr{tumble_array})::Int32

tumble_search_best(search, images, rotations, shifts_A, scores) =
    @ccall $(symbol(:tumble_search_best))(search::Ptr{Cvoid}, images::Ptr{tumble_array}, rotations::Ptr{tumble_array}, shifts_A::Ptr{tumble_array}, scores::Ptr{tumble_array})::Int32

tumble_equations_create(prepared, equations) =
    @ccall $(symbol(:tumble_equations_create))(prepared::Ptr{Cvoid}, equations::Ptr{Ptr{Cvoid}})::Int32

tumble_equations_destroy(equations) =
    @ccall $(symbol(:tumble_equations_destroy))(equations::Ptr{Cvoid})::Cvoid

tumble_equations_insert(equations, scoring, images, rotations, shifts_A, weights) =
    @ccall $(symbol(:tumble_equations_insert))(equations::Ptr{Cvoid}, scoring::Ptr{tumble_scoring}, images::Ptr{tumble_array}, rotations::Ptr{tumble_array}, shifts_A::Ptr{tumble_array}, weights::Ptr{tumble_array})::Int32

tumble_equations_add(equations, other, sign) =
    @ccall $(symbol(:tumble_equations_add))(equations::Ptr{Cvoid}, other::Ptr{Cvoid}, sign::Int32)::Int32

tumble_equations_solve(equations, high_per_A, steps, map) =
    @ccall $(symbol(:tumble_equations_solve))(equations::Ptr{Cvoid}, high_per_A::Float64, steps::Int32, map::Ptr{tumble_array})::Int32

tumble_maps_correlate(device, half1, half2, mask, voxel_A, seed, curves) =
    @ccall $(symbol(:tumble_maps_correlate))(device::Ptr{Cvoid}, half1::Ptr{tumble_array}, half2::Ptr{tumble_array}, mask::Ptr{tumble_array}, voxel_A::Float64, seed::Int64, curves::Ptr{tumble_array})::Int32

tumble_curve_resolution(frequencies, curve, threshold, resolution_A) =
    @ccall $(symbol(:tumble_curve_resolution))(frequencies::Ptr{tumble_array}, curve::Ptr{tumble_array}, threshold::Float64, resolution_A::Ptr{Float64})::Int32

tumble_map_restore(device, map, fsc, restored) =
    @ccall $(symbol(:tumble_map_restore))(device::Ptr{Cvoid}, map::Ptr{tumble_array}, fsc::Ptr{tumble_array}, restored::Ptr{tumble_array})::Int32

tumble_map_find_mask(device, map, voxel_A, mask) =
    @ccall $(symbol(:tumble_map_find_mask))(device::Ptr{Cvoid}, map::Ptr{tumble_array}, voxel_A::Float64, mask::Ptr{tumble_array})::Int32

tumble_atoms_find(context, map, half1, half2, voxel_A, element, min_distance_A, radius_A, threads, atoms) =
    @ccall $(symbol(:tumble_atoms_find))(context::Ptr{Cvoid}, map::Ptr{tumble_array}, half1::Ptr{tumble_array}, half2::Ptr{tumble_array}, voxel_A::Float64, element::Cstring, min_distance_A::Float64, radius_A::Float64, threads::Int32, atoms::Ptr{Ptr{Cvoid}})::Int32

tumble_atoms_refine(context, prepared, images, rotations, shifts_A, weights, start, atoms) =
    @ccall $(symbol(:tumble_atoms_refine))(context::Ptr{Cvoid}, prepared::Ptr{Cvoid}, images::Ptr{tumble_array}, rotations::Ptr{tumble_array}, shifts_A::Ptr{tumble_array}, weights::Ptr{tumble_array}, start::Ptr{Cvoid}, atoms::Ptr{Ptr{Cvoid}})::Int32

tumble_atoms_destroy(atoms) =
    @ccall $(symbol(:tumble_atoms_destroy))(atoms::Ptr{Cvoid})::Cvoid

tumble_atoms_array(atoms, name, array) =
    @ccall $(symbol(:tumble_atoms_array))(atoms::Ptr{Cvoid}, name::Cstring, array::Ptr{tumble_array})::Int32
