! Written by capi/generate_bindings.py from include/tumble.h: change the header, not this file.
module tumble_c
    use, intrinsic :: iso_c_binding
    implicit none
    public

    integer(c_int32_t), parameter :: TUMBLE_ABI = 0
    integer(c_int32_t), parameter :: TUMBLE_OK = 0
    integer(c_int32_t), parameter :: TUMBLE_E_ARGUMENT = 100
    integer(c_int32_t), parameter :: TUMBLE_E_NULL = 101
    integer(c_int32_t), parameter :: TUMBLE_E_KEY = 102
    integer(c_int32_t), parameter :: TUMBLE_E_ARRAY = 103
    integer(c_int32_t), parameter :: TUMBLE_E_STRUCT_SIZE = 104
    integer(c_int32_t), parameter :: TUMBLE_E_INPUT = 200
    integer(c_int32_t), parameter :: TUMBLE_E_NO_MEMORY = 300
    integer(c_int32_t), parameter :: TUMBLE_E_SYSTEM = 301
    integer(c_int32_t), parameter :: TUMBLE_E_DEVICE = 400
    integer(c_int32_t), parameter :: TUMBLE_E_UNSUPPORTED = 500
    integer(c_int32_t), parameter :: TUMBLE_E_CANCELLED = 600
    integer(c_int32_t), parameter :: TUMBLE_E_INTERNAL = 900
    integer(c_int32_t), parameter :: TUMBLE_FLOAT32 = 1
    integer(c_int32_t), parameter :: TUMBLE_FLOAT64 = 2
    integer(c_int32_t), parameter :: TUMBLE_INT32 = 3
    integer(c_int32_t), parameter :: TUMBLE_UINT8 = 4
    integer(c_int32_t), parameter :: TUMBLE_INT8 = 5
    integer(c_int32_t), parameter :: TUMBLE_INT16 = 6
    integer(c_int32_t), parameter :: TUMBLE_UINT16 = 7
    integer(c_int32_t), parameter :: TUMBLE_MEMORY_HOST = 1
    integer(c_int32_t), parameter :: TUMBLE_MEMORY_CUDA = 2
    integer(c_int32_t), parameter :: TUMBLE_MEMORY_PINNED = 3
    integer(c_int32_t), parameter :: TUMBLE_MAX_DIMENSIONS = 8
    integer(c_int32_t), parameter :: TUMBLE_OPTION_INT64 = 1
    integer(c_int32_t), parameter :: TUMBLE_OPTION_FLOAT64 = 2
    integer(c_int32_t), parameter :: TUMBLE_OPTION_TEXT = 3

    type, bind(C) :: tumble_array
        integer(c_int64_t) :: struct_size = 0
        type(c_ptr) :: data = c_null_ptr
        integer(c_int32_t) :: dtype = 0
        integer(c_int32_t) :: memory = 0
        integer(c_int32_t) :: device = 0
        integer(c_int32_t) :: dimensions = 0
        integer(c_int64_t) :: shape(TUMBLE_MAX_DIMENSIONS) = 0
        integer(c_int64_t) :: stride(TUMBLE_MAX_DIMENSIONS) = 0
    end type tumble_array

    type, bind(C) :: tumble_progress
        integer(c_int64_t) :: struct_size = 0
        type(c_ptr) :: stage = c_null_ptr
        real(c_double) :: fraction = 0
        integer(c_int32_t) :: round = 0
        integer(c_int32_t) :: reserved = 0
    end type tumble_progress

    type, bind(C) :: tumble_option
        integer(c_int64_t) :: struct_size = 0
        type(c_ptr) :: name = c_null_ptr
        type(c_ptr) :: unit = c_null_ptr
        type(c_ptr) :: default_value = c_null_ptr
        type(c_ptr) :: choices = c_null_ptr
        type(c_ptr) :: text = c_null_ptr
        real(c_double) :: minimum = 0
        real(c_double) :: maximum = 0
        integer(c_int32_t) :: type = 0
        integer(c_int32_t) :: reserved = 0
    end type tumble_option

    type, bind(C) :: tumble_plan
        integer(c_int64_t) :: struct_size = 0
        integer(c_int64_t) :: box = 0
        integer(c_int64_t) :: host_bytes = 0
        real(c_double) :: seconds = 0
    end type tumble_plan

    type, bind(C) :: tumble_scoring
        integer(c_int64_t) :: struct_size = 0
        real(c_double) :: low_per_A = 0
        real(c_double) :: high_per_A = 0
        real(c_double) :: shift_sigma_A = 0
    end type tumble_scoring

    interface
        function tumble_abi_number() bind(C, name="tumble_abi_number") result(answer)
            import
            integer(c_int32_t) :: answer
        end function tumble_abi_number
        function tumble_version() bind(C, name="tumble_version") result(answer)
            import
            type(c_ptr) :: answer
        end function tumble_version
        function tumble_capability(name) bind(C, name="tumble_capability") result(answer)
            import
            character(kind=c_char), intent(in) :: name(*)
            integer(c_int32_t) :: answer
        end function tumble_capability
        function tumble_status_group(status) bind(C, name="tumble_status_group") result(answer)
            import
            integer(c_int32_t), value :: status
            integer(c_int32_t) :: answer
        end function tumble_status_group
        function tumble_status_text(status) bind(C, name="tumble_status_text") result(answer)
            import
            integer(c_int32_t), value :: status
            type(c_ptr) :: answer
        end function tumble_status_text
        function tumble_last_error() bind(C, name="tumble_last_error") result(answer)
            import
            type(c_ptr) :: answer
        end function tumble_last_error
        function tumble_context_create(context) bind(C, name="tumble_context_create") result(answer)
            import
            type(c_ptr), intent(out) :: context
            integer(c_int32_t) :: answer
        end function tumble_context_create
        subroutine tumble_context_destroy(context) bind(C, name="tumble_context_destroy")
            import
            type(c_ptr), value :: context
        end subroutine tumble_context_destroy
        function tumble_context_set_progress(context, callback, user) bind(C, &
            name="tumble_context_set_progress") result(answer)
            import
            type(c_ptr), value :: context
            type(c_funptr), value :: callback
            type(c_ptr), value :: user
            integer(c_int32_t) :: answer
        end function tumble_context_set_progress
        function tumble_context_set_log(context, callback, user) bind(C, name="tumble_context_set_log") &
            result(answer)
            import
            type(c_ptr), value :: context
            type(c_funptr), value :: callback
            type(c_ptr), value :: user
            integer(c_int32_t) :: answer
        end function tumble_context_set_log
        function tumble_context_set_allocator(context, allocate, give_back, user) bind(C, &
            name="tumble_context_set_allocator") result(answer)
            import
            type(c_ptr), value :: context
            type(c_funptr), value :: allocate
            type(c_funptr), value :: give_back
            type(c_ptr), value :: user
            integer(c_int32_t) :: answer
        end function tumble_context_set_allocator
        subroutine tumble_context_cancel(context) bind(C, name="tumble_context_cancel")
            import
            type(c_ptr), value :: context
        end subroutine tumble_context_cancel
        function tumble_context_callback_value(context, value) bind(C, name="tumble_context_callback_value") &
            result(answer)
            import
            type(c_ptr), value :: context
            integer(c_int32_t), intent(out) :: value
            integer(c_int32_t) :: answer
        end function tumble_context_callback_value
        function tumble_context_error(context) bind(C, name="tumble_context_error") result(answer)
            import
            type(c_ptr), value :: context
            type(c_ptr) :: answer
        end function tumble_context_error
        function tumble_option_count() bind(C, name="tumble_option_count") result(answer)
            import
            integer(c_int32_t) :: answer
        end function tumble_option_count
        function tumble_option_describe(index, option) bind(C, name="tumble_option_describe") result(answer)
            import
            integer(c_int32_t), value :: index
            type(tumble_option), intent(inout) :: option
            integer(c_int32_t) :: answer
        end function tumble_option_describe
        function tumble_options_create(options) bind(C, name="tumble_options_create") result(answer)
            import
            type(c_ptr), intent(out) :: options
            integer(c_int32_t) :: answer
        end function tumble_options_create
        subroutine tumble_options_destroy(options) bind(C, name="tumble_options_destroy")
            import
            type(c_ptr), value :: options
        end subroutine tumble_options_destroy
        function tumble_options_set_int64(options, name, value) bind(C, name="tumble_options_set_int64") &
            result(answer)
            import
            type(c_ptr), value :: options
            character(kind=c_char), intent(in) :: name(*)
            integer(c_int64_t), value :: value
            integer(c_int32_t) :: answer
        end function tumble_options_set_int64
        function tumble_options_set_float64(options, name, value) bind(C, name="tumble_options_set_float64") &
            result(answer)
            import
            type(c_ptr), value :: options
            character(kind=c_char), intent(in) :: name(*)
            real(c_double), value :: value
            integer(c_int32_t) :: answer
        end function tumble_options_set_float64
        function tumble_options_set_text(options, name, value) bind(C, name="tumble_options_set_text") &
            result(answer)
            import
            type(c_ptr), value :: options
            character(kind=c_char), intent(in) :: name(*)
            character(kind=c_char), intent(in) :: value(*)
            integer(c_int32_t) :: answer
        end function tumble_options_set_text
        function tumble_options_set_poses(options, rotations, shifts_A) bind(C, name="tumble_options_set_poses") &
            result(answer)
            import
            type(c_ptr), value :: options
            type(tumble_array), intent(in) :: rotations
            type(tumble_array), intent(in) :: shifts_A
            integer(c_int32_t) :: answer
        end function tumble_options_set_poses
        function tumble_options_set_reference(options, map, voxel_A) bind(C, &
            name="tumble_options_set_reference") result(answer)
            import
            type(c_ptr), value :: options
            type(tumble_array), intent(in) :: map
            real(c_double), value :: voxel_A
            integer(c_int32_t) :: answer
        end function tumble_options_set_reference
        function tumble_options_set_halves(options, halves) bind(C, name="tumble_options_set_halves") &
            result(answer)
            import
            type(c_ptr), value :: options
            type(tumble_array), intent(in) :: halves
            integer(c_int32_t) :: answer
        end function tumble_options_set_halves
        function tumble_stack_read(path, stack) bind(C, name="tumble_stack_read") result(answer)
            import
            character(kind=c_char), intent(in) :: path(*)
            type(c_ptr), intent(out) :: stack
            integer(c_int32_t) :: answer
        end function tumble_stack_read
        subroutine tumble_stack_destroy(stack) bind(C, name="tumble_stack_destroy")
            import
            type(c_ptr), value :: stack
        end subroutine tumble_stack_destroy
        function tumble_stack_images(stack, images) bind(C, name="tumble_stack_images") result(answer)
            import
            type(c_ptr), value :: stack
            type(tumble_array), intent(inout) :: images
            integer(c_int32_t) :: answer
        end function tumble_stack_images
        function tumble_stack_pixel_size(stack, pixel_size_A) bind(C, name="tumble_stack_pixel_size") &
            result(answer)
            import
            type(c_ptr), value :: stack
            real(c_double), intent(out) :: pixel_size_A
            integer(c_int32_t) :: answer
        end function tumble_stack_pixel_size
        function tumble_map_write(path, map, voxel_A) bind(C, name="tumble_map_write") result(answer)
            import
            character(kind=c_char), intent(in) :: path(*)
            type(tumble_array), intent(in) :: map
            real(c_double), value :: voxel_A
            integer(c_int32_t) :: answer
        end function tumble_map_write
        function tumble_plan_query(images, options, plan) bind(C, name="tumble_plan_query") result(answer)
            import
            type(tumble_array), intent(in) :: images
            type(c_ptr), value :: options
            type(tumble_plan), intent(inout) :: plan
            integer(c_int32_t) :: answer
        end function tumble_plan_query
        function tumble_reconstruct(context, images, options, result) bind(C, name="tumble_reconstruct") &
            result(answer)
            import
            type(c_ptr), value :: context
            type(tumble_array), intent(in) :: images
            type(c_ptr), value :: options
            type(c_ptr), intent(out) :: result
            integer(c_int32_t) :: answer
        end function tumble_reconstruct
        subroutine tumble_result_destroy(result) bind(C, name="tumble_result_destroy")
            import
            type(c_ptr), value :: result
        end subroutine tumble_result_destroy
        function tumble_result_array(result, name, array) bind(C, name="tumble_result_array") result(answer)
            import
            type(c_ptr), value :: result
            character(kind=c_char), intent(in) :: name(*)
            type(tumble_array), intent(inout) :: array
            integer(c_int32_t) :: answer
        end function tumble_result_array
        function tumble_result_number(result, name, value) bind(C, name="tumble_result_number") result(answer)
            import
            type(c_ptr), value :: result
            character(kind=c_char), intent(in) :: name(*)
            real(c_double), intent(out) :: value
            integer(c_int32_t) :: answer
        end function tumble_result_number
        function tumble_result_text(result, name, buffer, capacity, needed) bind(C, name="tumble_result_text") &
            result(answer)
            import
            type(c_ptr), value :: result
            character(kind=c_char), intent(in) :: name(*)
            character(kind=c_char), intent(out) :: buffer(*)
            integer(c_int64_t), value :: capacity
            integer(c_int64_t), intent(out) :: needed
            integer(c_int32_t) :: answer
        end function tumble_result_text
        function tumble_run_create(context, images, options, run) bind(C, name="tumble_run_create") &
            result(answer)
            import
            type(c_ptr), value :: context
            type(tumble_array), intent(in) :: images
            type(c_ptr), value :: options
            type(c_ptr), intent(out) :: run
            integer(c_int32_t) :: answer
        end function tumble_run_create
        subroutine tumble_run_destroy(run) bind(C, name="tumble_run_destroy")
            import
            type(c_ptr), value :: run
        end subroutine tumble_run_destroy
        function tumble_run_step(context, run, steps_left) bind(C, name="tumble_run_step") result(answer)
            import
            type(c_ptr), value :: context
            type(c_ptr), value :: run
            integer(c_int32_t), intent(out) :: steps_left
            integer(c_int32_t) :: answer
        end function tumble_run_step
        function tumble_run_number(run, name, value) bind(C, name="tumble_run_number") result(answer)
            import
            type(c_ptr), value :: run
            character(kind=c_char), intent(in) :: name(*)
            real(c_double), intent(out) :: value
            integer(c_int32_t) :: answer
        end function tumble_run_number
        function tumble_run_stage(run) bind(C, name="tumble_run_stage") result(answer)
            import
            type(c_ptr), value :: run
            type(c_ptr) :: answer
        end function tumble_run_stage
        function tumble_run_array(run, name, array) bind(C, name="tumble_run_array") result(answer)
            import
            type(c_ptr), value :: run
            character(kind=c_char), intent(in) :: name(*)
            type(tumble_array), intent(inout) :: array
            integer(c_int32_t) :: answer
        end function tumble_run_array
        function tumble_run_save(run, path) bind(C, name="tumble_run_save") result(answer)
            import
            type(c_ptr), value :: run
            character(kind=c_char), intent(in) :: path(*)
            integer(c_int32_t) :: answer
        end function tumble_run_save
        function tumble_run_take_result(run, result) bind(C, name="tumble_run_take_result") result(answer)
            import
            type(c_ptr), value :: run
            type(c_ptr), intent(out) :: result
            integer(c_int32_t) :: answer
        end function tumble_run_take_result
        function tumble_device_create(name, threads, device) bind(C, name="tumble_device_create") result(answer)
            import
            character(kind=c_char), intent(in) :: name(*)
            integer(c_int32_t), value :: threads
            type(c_ptr), intent(out) :: device
            integer(c_int32_t) :: answer
        end function tumble_device_create
        subroutine tumble_device_destroy(device) bind(C, name="tumble_device_destroy")
            import
            type(c_ptr), value :: device
        end subroutine tumble_device_destroy
        function tumble_device_name(device) bind(C, name="tumble_device_name") result(answer)
            import
            type(c_ptr), value :: device
            type(c_ptr) :: answer
        end function tumble_device_name
        function tumble_device_set_stream(device, stream) bind(C, name="tumble_device_set_stream") &
            result(answer)
            import
            type(c_ptr), value :: device
            type(c_ptr), value :: stream
            integer(c_int32_t) :: answer
        end function tumble_device_set_stream
        function tumble_images_create(context, device, stack, pixel_size_A, diameter_A, dark_atoms, images) &
            bind(C, name="tumble_images_create") result(answer)
            import
            type(c_ptr), value :: context
            type(c_ptr), value :: device
            type(tumble_array), intent(in) :: stack
            real(c_double), value :: pixel_size_A
            real(c_double), value :: diameter_A
            integer(c_int32_t), value :: dark_atoms
            type(c_ptr), intent(out) :: images
            integer(c_int32_t) :: answer
        end function tumble_images_create
        subroutine tumble_images_destroy(images) bind(C, name="tumble_images_destroy")
            import
            type(c_ptr), value :: images
        end subroutine tumble_images_destroy
        function tumble_images_number(images, name, value) bind(C, name="tumble_images_number") result(answer)
            import
            type(c_ptr), value :: images
            character(kind=c_char), intent(in) :: name(*)
            real(c_double), intent(out) :: value
            integer(c_int32_t) :: answer
        end function tumble_images_number
        function tumble_images_match_map(images, map, voxel_A, matched) bind(C, name="tumble_images_match_map") &
            result(answer)
            import
            type(c_ptr), value :: images
            type(tumble_array), intent(in) :: map
            real(c_double), value :: voxel_A
            type(tumble_array), intent(in) :: matched
            integer(c_int32_t) :: answer
        end function tumble_images_match_map
        function tumble_transform_create(device, map, voxel_A, transform) bind(C, &
            name="tumble_transform_create") result(answer)
            import
            type(c_ptr), value :: device
            type(tumble_array), intent(in) :: map
            real(c_double), value :: voxel_A
            type(c_ptr), intent(out) :: transform
            integer(c_int32_t) :: answer
        end function tumble_transform_create
        subroutine tumble_transform_destroy(transform) bind(C, name="tumble_transform_destroy")
            import
            type(c_ptr), value :: transform
        end subroutine tumble_transform_destroy
        function tumble_transform_slices(transform, rotations, frequencies, slices) bind(C, &
            name="tumble_transform_slices") result(answer)
            import
            type(c_ptr), value :: transform
            type(tumble_array), intent(in) :: rotations
            type(tumble_array), intent(in) :: frequencies
            type(tumble_array), intent(in) :: slices
            integer(c_int32_t) :: answer
        end function tumble_transform_slices
        function tumble_poses_score(prepared, transform, scoring, images, rotations, shifts_A, scores) bind(C, &
            name="tumble_poses_score") result(answer)
            import
            type(c_ptr), value :: prepared
            type(c_ptr), value :: transform
            type(tumble_scoring), intent(in) :: scoring
            type(c_ptr), value :: images
            type(tumble_array), intent(in) :: rotations
            type(tumble_array), intent(in) :: shifts_A
            type(tumble_array), intent(in) :: scores
            integer(c_int32_t) :: answer
        end function tumble_poses_score
        function tumble_poses_polish(prepared, transform, scoring, steps, images, rotations, shifts_A, scores) &
            bind(C, name="tumble_poses_polish") result(answer)
            import
            type(c_ptr), value :: prepared
            type(c_ptr), value :: transform
            type(tumble_scoring), intent(in) :: scoring
            integer(c_int32_t), value :: steps
            type(c_ptr), value :: images
            type(tumble_array), intent(in) :: rotations
            type(tumble_array), intent(in) :: shifts_A
            type(tumble_array), intent(in) :: scores
            integer(c_int32_t) :: answer
        end function tumble_poses_polish
        function tumble_poses_search_shifts(prepared, transform, scoring, steps, images, rotations, shifts_A, &
            scores) bind(C, name="tumble_poses_search_shifts") result(answer)
            import
            type(c_ptr), value :: prepared
            type(c_ptr), value :: transform
            type(tumble_scoring), intent(in) :: scoring
            integer(c_int32_t), value :: steps
            type(c_ptr), value :: images
            type(tumble_array), intent(in) :: rotations
            type(tumble_array), intent(in) :: shifts_A
            type(tumble_array), intent(in) :: scores
            integer(c_int32_t) :: answer
        end function tumble_poses_search_shifts
        function tumble_search_create(prepared, transform, scoring, shift_radius_A, shift_step_A, seed, search) &
            bind(C, name="tumble_search_create") result(answer)
            import
            type(c_ptr), value :: prepared
            type(c_ptr), value :: transform
            type(tumble_scoring), intent(in) :: scoring
            real(c_double), value :: shift_radius_A
            real(c_double), value :: shift_step_A
            integer(c_int64_t), value :: seed
            type(c_ptr), intent(out) :: search
            integer(c_int32_t) :: answer
        end function tumble_search_create
        subroutine tumble_search_destroy(search) bind(C, name="tumble_search_destroy")
            import
            type(c_ptr), value :: search
        end subroutine tumble_search_destroy
        function tumble_search_number(search, name, value) bind(C, name="tumble_search_number") result(answer)
            import
            type(c_ptr), value :: search
            character(kind=c_char), intent(in) :: name(*)
            real(c_double), intent(out) :: value
            integer(c_int32_t) :: answer
        end function tumble_search_number
        function tumble_search_climb(search, neighbourhood, seed, pass, images, rotations, shifts_A, scores, &
            improved) bind(C, name="tumble_search_climb") result(answer)
            import
            type(c_ptr), value :: search
            real(c_double), value :: neighbourhood
            integer(c_int64_t), value :: seed
            integer(c_int32_t), value :: pass
            type(c_ptr), value :: images
            type(tumble_array), intent(in) :: rotations
            type(tumble_array), intent(in) :: shifts_A
            type(tumble_array), intent(in) :: scores
            type(c_ptr), value :: improved
            integer(c_int32_t) :: answer
        end function tumble_search_climb
        function tumble_search_best(search, images, rotations, shifts_A, scores) bind(C, &
            name="tumble_search_best") result(answer)
            import
            type(c_ptr), value :: search
            type(c_ptr), value :: images
            type(tumble_array), intent(in) :: rotations
            type(tumble_array), intent(in) :: shifts_A
            type(tumble_array), intent(in) :: scores
            integer(c_int32_t) :: answer
        end function tumble_search_best
        function tumble_equations_create(prepared, equations) bind(C, name="tumble_equations_create") &
            result(answer)
            import
            type(c_ptr), value :: prepared
            type(c_ptr), intent(out) :: equations
            integer(c_int32_t) :: answer
        end function tumble_equations_create
        subroutine tumble_equations_destroy(equations) bind(C, name="tumble_equations_destroy")
            import
            type(c_ptr), value :: equations
        end subroutine tumble_equations_destroy
        function tumble_equations_insert(equations, scoring, images, rotations, shifts_A, weights) bind(C, &
            name="tumble_equations_insert") result(answer)
            import
            type(c_ptr), value :: equations
            type(tumble_scoring), intent(in) :: scoring
            type(c_ptr), value :: images
            type(tumble_array), intent(in) :: rotations
            type(tumble_array), intent(in) :: shifts_A
            type(c_ptr), value :: weights
            integer(c_int32_t) :: answer
        end function tumble_equations_insert
        function tumble_equations_add(equations, other, sign) bind(C, name="tumble_equations_add") &
            result(answer)
            import
            type(c_ptr), value :: equations
            type(c_ptr), value :: other
            integer(c_int32_t), value :: sign
            integer(c_int32_t) :: answer
        end function tumble_equations_add
        function tumble_equations_solve(equations, high_per_A, steps, map) bind(C, &
            name="tumble_equations_solve") result(answer)
            import
            type(c_ptr), value :: equations
            real(c_double), value :: high_per_A
            integer(c_int32_t), value :: steps
            type(tumble_array), intent(in) :: map
            integer(c_int32_t) :: answer
        end function tumble_equations_solve
        function tumble_maps_correlate(device, half1, half2, mask, voxel_A, seed, curves) bind(C, &
            name="tumble_maps_correlate") result(answer)
            import
            type(c_ptr), value :: device
            type(tumble_array), intent(in) :: half1
            type(tumble_array), intent(in) :: half2
            type(c_ptr), value :: mask
            real(c_double), value :: voxel_A
            integer(c_int64_t), value :: seed
            type(tumble_array), intent(in) :: curves
            integer(c_int32_t) :: answer
        end function tumble_maps_correlate
        function tumble_curve_resolution(frequencies, curve, threshold, resolution_A) bind(C, &
            name="tumble_curve_resolution") result(answer)
            import
            type(tumble_array), intent(in) :: frequencies
            type(tumble_array), intent(in) :: curve
            real(c_double), value :: threshold
            real(c_double), intent(out) :: resolution_A
            integer(c_int32_t) :: answer
        end function tumble_curve_resolution
        function tumble_map_restore(device, map, fsc, restored) bind(C, name="tumble_map_restore") &
            result(answer)
            import
            type(c_ptr), value :: device
            type(tumble_array), intent(in) :: map
            type(tumble_array), intent(in) :: fsc
            type(tumble_array), intent(in) :: restored
            integer(c_int32_t) :: answer
        end function tumble_map_restore
        function tumble_map_find_mask(device, map, voxel_A, mask) bind(C, name="tumble_map_find_mask") &
            result(answer)
            import
            type(c_ptr), value :: device
            type(tumble_array), intent(in) :: map
            real(c_double), value :: voxel_A
            type(tumble_array), intent(in) :: mask
            integer(c_int32_t) :: answer
        end function tumble_map_find_mask
        function tumble_atoms_find(context, map, half1, half2, voxel_A, element, min_distance_A, radius_A, &
            threads, atoms) bind(C, name="tumble_atoms_find") result(answer)
            import
            type(c_ptr), value :: context
            type(tumble_array), intent(in) :: map
            type(c_ptr), value :: half1
            type(c_ptr), value :: half2
            real(c_double), value :: voxel_A
            character(kind=c_char), intent(in) :: element(*)
            real(c_double), value :: min_distance_A
            real(c_double), value :: radius_A
            integer(c_int32_t), value :: threads
            type(c_ptr), intent(out) :: atoms
            integer(c_int32_t) :: answer
        end function tumble_atoms_find
        function tumble_atoms_refine(context, prepared, images, rotations, shifts_A, weights, start, atoms) &
            bind(C, name="tumble_atoms_refine") result(answer)
            import
            type(c_ptr), value :: context
            type(c_ptr), value :: prepared
            type(c_ptr), value :: images
            type(tumble_array), intent(in) :: rotations
            type(tumble_array), intent(in) :: shifts_A
            type(c_ptr), value :: weights
            type(c_ptr), value :: start
            type(c_ptr), intent(out) :: atoms
            integer(c_int32_t) :: answer
        end function tumble_atoms_refine
        subroutine tumble_atoms_destroy(atoms) bind(C, name="tumble_atoms_destroy")
            import
            type(c_ptr), value :: atoms
        end subroutine tumble_atoms_destroy
        function tumble_atoms_array(atoms, name, array) bind(C, name="tumble_atoms_array") result(answer)
            import
            type(c_ptr), value :: atoms
            character(kind=c_char), intent(in) :: name(*)
            type(tumble_array), intent(inout) :: array
            integer(c_int32_t) :: answer
        end function tumble_atoms_array
    end interface
end module tumble_c
