! A reconstruction from Fortran: at once, or step by step so that a program of its own can look in, draw, stop and go on.
!
!     type(tumble_options) :: options
!     type(tumble_run) :: run
!     type(tumble_result) :: result
!     logical :: more
!     call options%create()
!     call options%set('pixel-size', 0.358d0)
!     call options%set('element', 'Pt')
!     call run%create(images, options)
!     more = .true.
!     do while (more)
!         call run%step(more)
!     end do
!     call run%take(result)
!
! Every procedure has an optional status, a code of tumble.h: without it a failure ends the program with its sentence. Objects are
! destroyed explicitly, in any order; `create` gives back what the object held before. A copy by assignment is the same object:
! destroy one of the two. Arrays: see module tumble. One thread at a time for each object.
module tumble_runs
    use tumble
    implicit none
    private
    public :: tumble_listener, tumble_context, tumble_options, tumble_result, tumble_run

    ! What long work reports to: extend it. `progress` is called by the thread that called the library, at most ten times a second
    ! within a stage, when stage, fraction (of the stage) and round have been set; cancel = .true. ends the work with
    ! TUMBLE_E_CANCELLED. `log` gets lines worth keeping; unless it is overridden, `line` is the last.
    type, abstract :: tumble_listener
        character(len=:), allocatable :: stage, line
        real(c_double) :: fraction = 0
        integer :: round = 0
    contains
        procedure(listener_progress), deferred :: progress
        procedure :: log => keep_line
    end type tumble_listener

    abstract interface
        subroutine listener_progress(self, cancel)
            import :: tumble_listener
            class(tumble_listener), intent(inout) :: self
            logical, intent(inout) :: cancel
        end subroutine listener_progress
    end interface

    type :: listener_box
        class(tumble_listener), pointer :: listener => null()
    end type listener_box

    ! Where long work reports to and how it is stopped. cancel() may be called from any thread.
    type :: tumble_context
        type(c_ptr) :: handle = c_null_ptr
        type(listener_box), pointer, private :: box => null()
    contains
        procedure :: create => context_create
        procedure :: listen => context_listen
        procedure :: cancel => context_cancel
        procedure :: sentence => context_sentence
        procedure :: destroy => context_destroy
    end type tumble_context

    ! Options by their names in `tumble help reconstruct`, and what a run starts from: nothing, poses, a map.
    type :: tumble_options
        type(c_ptr) :: handle = c_null_ptr
    contains
        procedure :: create => options_create
        generic :: set => set_int32, set_int64, set_real64, set_text
        procedure, private :: set_int32, set_int64, set_real64, set_text
        procedure :: set_poses
        procedure :: set_reference
        procedure :: set_halves
        procedure :: destroy => options_destroy
    end type tumble_options

    ! What came out: arrays (get, lend), numbers and texts by their names in tumble.h. `reconstruct` is the whole at once.
    type, extends(tumble_arrays) :: tumble_result
    contains
        procedure :: array => result_array
        generic :: reconstruct => reconstruct_real32, reconstruct_described
        procedure, private :: reconstruct_real32, reconstruct_described
        procedure :: number => result_number
        procedure :: text => result_text
        procedure :: destroy => result_destroy
    end type tumble_result

    ! A reconstruction in steps; what `lend` points to changes with the next.
    type, extends(tumble_arrays) :: tumble_run
    contains
        generic :: create => run_create_real32, run_create_described
        procedure, private :: run_create_real32, run_create_described
        procedure :: step => run_step
        procedure :: stage => run_stage
        procedure :: number => run_number
        procedure :: array => run_array
        procedure :: save => run_save
        procedure :: take => run_take
        procedure :: destroy => run_destroy
    end type tumble_run

contains

    subroutine keep_line(self, line)
        class(tumble_listener), intent(inout) :: self
        character(len=*), intent(in) :: line
        self%line = line
    end subroutine keep_line

    function on_progress(progress, user) bind(C, name="") result(cancel)
        type(tumble_progress), intent(in) :: progress
        type(c_ptr), value :: user
        integer(c_int32_t) :: cancel
        type(listener_box), pointer :: box
        logical :: stop_now
        call c_f_pointer(user, box)
        box%listener%stage = tumble_text_at(progress%stage)
        box%listener%fraction = progress%fraction
        box%listener%round = progress%round
        stop_now = .false.
        call box%listener%progress(stop_now)
        cancel = merge(1_c_int32_t, 0_c_int32_t, stop_now)
    end function on_progress

    subroutine on_log(line, user) bind(C, name="")
        type(c_ptr), value :: line, user
        type(listener_box), pointer :: box
        call c_f_pointer(user, box)
        call box%listener%log(tumble_text_at(line))
    end subroutine on_log

    subroutine context_create(self, status)
        class(tumble_context), intent(inout) :: self
        integer(c_int32_t), intent(out), optional :: status
        call self%destroy()
        call tumble_check(tumble_context_create(self%handle), status)
    end subroutine context_create

    ! The listener must have the target attribute and outlive the context's use.
    subroutine context_listen(self, listener, status)
        class(tumble_context), intent(inout) :: self
        class(tumble_listener), intent(in), target :: listener
        integer(c_int32_t), intent(out), optional :: status
        integer(c_int32_t) :: found
        if (.not. associated(self%box)) allocate (self%box)
        self%box%listener => listener
        found = tumble_context_set_progress(self%handle, c_funloc(on_progress), c_loc(self%box))
        if (found == TUMBLE_OK) found = tumble_context_set_log(self%handle, c_funloc(on_log), c_loc(self%box))
        call tumble_check(found, status)
    end subroutine context_listen

    subroutine context_cancel(self)
        class(tumble_context), intent(in) :: self
        call tumble_context_cancel(self%handle)
    end subroutine context_cancel

    ! Of the last failure of work that used the context.
    function context_sentence(self) result(text)
        class(tumble_context), intent(in) :: self
        character(len=:), allocatable :: text
        text = tumble_text_at(tumble_context_error(self%handle))
    end function context_sentence

    subroutine context_destroy(self)
        class(tumble_context), intent(inout) :: self
        call tumble_context_destroy(self%handle)
        self%handle = c_null_ptr
        if (associated(self%box)) deallocate (self%box)
    end subroutine context_destroy

    subroutine options_create(self, status)
        class(tumble_options), intent(inout) :: self
        integer(c_int32_t), intent(out), optional :: status
        call self%destroy()
        call tumble_check(tumble_options_create(self%handle), status)
    end subroutine options_create

    subroutine set_int32(self, name, value, status)
        class(tumble_options), intent(in) :: self
        character(len=*), intent(in) :: name
        integer(c_int32_t), intent(in) :: value
        integer(c_int32_t), intent(out), optional :: status
        call self%set(name, int(value, c_int64_t), status)
    end subroutine set_int32

    subroutine set_int64(self, name, value, status)
        class(tumble_options), intent(in) :: self
        character(len=*), intent(in) :: name
        integer(c_int64_t), intent(in) :: value
        integer(c_int32_t), intent(out), optional :: status
        call tumble_check(tumble_options_set_int64(self%handle, tumble_text(name), value), status)
    end subroutine set_int64

    subroutine set_real64(self, name, value, status)
        class(tumble_options), intent(in) :: self
        character(len=*), intent(in) :: name
        real(c_double), intent(in) :: value
        integer(c_int32_t), intent(out), optional :: status
        call tumble_check(tumble_options_set_float64(self%handle, tumble_text(name), value), status)
    end subroutine set_real64

    subroutine set_text(self, name, value, status)
        class(tumble_options), intent(in) :: self
        character(len=*), intent(in) :: name, value
        integer(c_int32_t), intent(out), optional :: status
        call tumble_check(tumble_options_set_text(self%handle, tumble_text(name), tumble_text(value)), status)
    end subroutine set_text

    ! rotations(row, column, image), shifts(2, image) in A. Copied.
    subroutine set_poses(self, rotations, shifts, status)
        class(tumble_options), intent(in) :: self
        real(c_double), intent(in), target :: rotations(:, :, :), shifts(:, :)
        integer(c_int32_t), intent(out), optional :: status
        call tumble_check(tumble_options_set_poses(self%handle, tumble_rotations_of(rotations), tumble_array_of(shifts)), status)
    end subroutine set_poses

    subroutine set_reference(self, map, voxel_A, status)
        class(tumble_options), intent(in) :: self
        real(c_float), intent(in), target :: map(:, :, :)
        real(c_double), intent(in) :: voxel_A
        integer(c_int32_t), intent(out), optional :: status
        call tumble_check(tumble_options_set_reference(self%handle, tumble_array_of(map), voxel_A), status)
    end subroutine set_reference

    subroutine set_halves(self, halves, status)
        class(tumble_options), intent(in) :: self
        integer(c_int32_t), intent(in), target :: halves(:)
        integer(c_int32_t), intent(out), optional :: status
        call tumble_check(tumble_options_set_halves(self%handle, tumble_array_of(halves)), status)
    end subroutine set_halves

    subroutine options_destroy(self)
        class(tumble_options), intent(inout) :: self
        call tumble_options_destroy(self%handle)
        self%handle = c_null_ptr
    end subroutine options_destroy

    ! The context's handle; without one that of a new one, which is to be destroyed. NULL, which is refused, if there is none.
    subroutine lend_context(handle, own, context)
        type(c_ptr), intent(out) :: handle, own
        type(tumble_context), intent(in), optional :: context
        own = c_null_ptr
        if (present(context)) then
            handle = context%handle
        else
            if (tumble_context_create(own) /= TUMBLE_OK) own = c_null_ptr
            handle = own
        end if
    end subroutine lend_context

    ! images(x, y, image), where they lie; of another type than real(c_float): tumble_array_of(images).
    subroutine reconstruct_real32(self, images, options, context, status)
        class(tumble_result), intent(inout) :: self
        real(c_float), intent(in), target :: images(:, :, :)
        type(tumble_options), intent(in) :: options
        type(tumble_context), intent(in), optional :: context
        integer(c_int32_t), intent(out), optional :: status
        call self%reconstruct(tumble_array_of(images), options, context, status)
    end subroutine reconstruct_real32

    subroutine reconstruct_described(self, images, options, context, status)
        class(tumble_result), intent(inout) :: self
        type(tumble_array), intent(in) :: images
        type(tumble_options), intent(in) :: options
        type(tumble_context), intent(in), optional :: context
        integer(c_int32_t), intent(out), optional :: status
        type(c_ptr) :: handle, own
        integer(c_int32_t) :: found
        call self%destroy()
        call lend_context(handle, own, context)
        found = tumble_reconstruct(handle, images, options%handle, self%handle)
        call tumble_context_destroy(own)
        call tumble_check(found, status)
    end subroutine reconstruct_described

    subroutine result_array(self, name, array, status)
        class(tumble_result), intent(in) :: self
        character(len=*), intent(in) :: name
        type(tumble_array), intent(out) :: array
        integer(c_int32_t), intent(out), optional :: status
        array = tumble_empty_array()
        call tumble_check(tumble_result_array(self%handle, tumble_text(name), array), status)
    end subroutine result_array

    function result_number(self, name, status) result(value)
        class(tumble_result), intent(in) :: self
        character(len=*), intent(in) :: name
        integer(c_int32_t), intent(out), optional :: status
        real(c_double) :: value
        value = 0
        call tumble_check(tumble_result_number(self%handle, tumble_text(name), value), status)
    end function result_number

    function result_text(self, name, status) result(text)
        class(tumble_result), intent(in) :: self
        character(len=*), intent(in) :: name
        integer(c_int32_t), intent(out), optional :: status
        character(len=:), allocatable :: text
        character(kind=c_char), allocatable :: letters(:)
        integer(c_int64_t) :: needed, whole, i
        integer(c_int32_t) :: found
        text = ''
        needed = 0
        allocate (letters(0))
        found = tumble_result_text(self%handle, tumble_text(name), letters, 0_c_int64_t, needed)
        if (found == TUMBLE_OK) then
            deallocate (letters)
            allocate (letters(needed))
            found = tumble_result_text(self%handle, tumble_text(name), letters, needed, whole)
        end if
        if (found == TUMBLE_OK) then
            deallocate (text)
            allocate (character(len=needed - 1) :: text)
            do i = 1, needed - 1
                text(i:i) = letters(i)
            end do
        end if
        call tumble_check(found, status)
    end function result_text

    subroutine result_destroy(self)
        class(tumble_result), intent(inout) :: self
        call tumble_result_destroy(self%handle)
        self%handle = c_null_ptr
    end subroutine result_destroy

    ! Prepares the images, as for reconstruct.
    subroutine run_create_real32(self, images, options, context, status)
        class(tumble_run), intent(inout) :: self
        real(c_float), intent(in), target :: images(:, :, :)
        type(tumble_options), intent(in) :: options
        type(tumble_context), intent(in), optional :: context
        integer(c_int32_t), intent(out), optional :: status
        call self%create(tumble_array_of(images), options, context, status)
    end subroutine run_create_real32

    subroutine run_create_described(self, images, options, context, status)
        class(tumble_run), intent(inout) :: self
        type(tumble_array), intent(in) :: images
        type(tumble_options), intent(in) :: options
        type(tumble_context), intent(in), optional :: context
        integer(c_int32_t), intent(out), optional :: status
        type(c_ptr) :: handle, own
        integer(c_int32_t) :: found
        call self%destroy()
        call lend_context(handle, own, context)
        found = tumble_run_create(handle, images, options%handle, self%handle)
        call tumble_context_destroy(own)
        call tumble_check(found, status)
    end subroutine run_create_described

    ! One step; more: whether there are further ones. After a failure the run is as before the step, which can be done again.
    subroutine run_step(self, more, context, status)
        class(tumble_run), intent(in) :: self
        logical, intent(out) :: more
        type(tumble_context), intent(in), optional :: context
        integer(c_int32_t), intent(out), optional :: status
        type(c_ptr) :: handle, own
        integer(c_int32_t) :: left, found
        call lend_context(handle, own, context)
        left = 1
        found = tumble_run_step(handle, self%handle, left)
        call tumble_context_destroy(own)
        call tumble_check(found, status)
        more = left /= 0
    end subroutine run_step

    ! Kind of the last step: start, rounds, halves or done.
    function run_stage(self) result(text)
        class(tumble_run), intent(in) :: self
        character(len=:), allocatable :: text
        text = tumble_text_at(tumble_run_stage(self%handle))
    end function run_stage

    function run_number(self, name, status) result(value)
        class(tumble_run), intent(in) :: self
        character(len=*), intent(in) :: name
        integer(c_int32_t), intent(out), optional :: status
        real(c_double) :: value
        value = 0
        call tumble_check(tumble_run_number(self%handle, tumble_text(name), value), status)
    end function run_number

    subroutine run_array(self, name, array, status)
        class(tumble_run), intent(in) :: self
        character(len=*), intent(in) :: name
        type(tumble_array), intent(out) :: array
        integer(c_int32_t), intent(out), optional :: status
        array = tumble_empty_array()
        call tumble_check(tumble_run_array(self%handle, tumble_text(name), array), status)
    end subroutine run_array

    ! A checkpoint of the steps done so far; to go on from it: options checkpoint and resume.
    subroutine run_save(self, path, status)
        class(tumble_run), intent(in) :: self
        character(len=*), intent(in) :: path
        integer(c_int32_t), intent(out), optional :: status
        call tumble_check(tumble_run_save(self%handle, tumble_text(path)), status)
    end subroutine run_save

    ! After the last step, once.
    subroutine run_take(self, result, status)
        class(tumble_run), intent(in) :: self
        type(tumble_result), intent(inout) :: result
        integer(c_int32_t), intent(out), optional :: status
        call result%destroy()
        call tumble_check(tumble_run_take_result(self%handle, result%handle), status)
    end subroutine run_take

    subroutine run_destroy(self)
        class(tumble_run), intent(inout) :: self
        call tumble_run_destroy(self%handle)
        self%handle = c_null_ptr
    end subroutine run_destroy

end module tumble_runs
