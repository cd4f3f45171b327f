! A host that drives the reconstruction itself: it looks in after each step, draws its own progress, cancels half way as a user
! would, and resumes in a new run from the checkpoint: steps IMAGES.mrcs PIXEL_SIZE_A ELEMENT CHECKPOINT.h5
module drawn_progress
    use, intrinsic :: iso_fortran_env, only: error_unit
    use tumble_runs
    implicit none

    type, extends(tumble_listener) :: drawing
        integer :: reports = 0, cancel_at = -1  ! -1: never
    contains
        procedure :: progress
    end type drawing

contains

    subroutine progress(self, cancel)
        class(drawing), intent(inout) :: self
        logical, intent(inout) :: cancel
        write (error_unit, '(2a, i4, a)', advance='no') achar(13), [character(16) :: self%stage], nint(100*self%fraction), ' %'
        self%reports = self%reports + 1
        cancel = self%reports == self%cancel_at
    end subroutine progress

end module drawn_progress

program steps
    use, intrinsic :: iso_fortran_env, only: error_unit
    use tumble
    use tumble_runs
    use drawn_progress
    implicit none
    character(len=512) :: path, word, element, checkpoint
    real(c_double) :: pixel_size
    real(c_float), pointer :: images(:, :, :)
    real(c_double), pointer :: positions(:, :), sigmas(:, :)
    type(drawing), target :: listener
    type(tumble_context) :: context
    type(tumble_options) :: options
    type(tumble_run) :: run
    type(tumble_result) :: result
    type(tumble_array) :: array
    type(c_ptr) :: stack
    logical :: more
    integer :: status, step, a

    if (command_argument_count() /= 4) error stop 'usage: steps IMAGES.mrcs PIXEL_SIZE_A ELEMENT CHECKPOINT.h5'
    call get_command_argument(1, path)
    call get_command_argument(2, word)
    call get_command_argument(3, element)
    call get_command_argument(4, checkpoint)
    read (word, *) pixel_size

    call context%create()
    call context%listen(listener)
    call options%create()
    call options%set('pixel-size', pixel_size)
    call options%set('element', element)
    call options%set('checkpoint', checkpoint)
    call tumble_check(tumble_stack_read(tumble_text(path), stack))
    array = tumble_empty_array()
    call tumble_check(tumble_stack_images(stack, array))
    call tumble_lent(array, images)

    ! The start and one round; then the user loses patience in the middle of the next.
    call run%create(images, options, context)
    do step = 1, 2
        call run%step(more, context)
        call show()
    end do
    listener%cancel_at = listener%reports + 2
    call run%step(more, context, status)
    if (status == TUMBLE_OK) then
        write (error_unit, '(/a)') 'the step ended before it could be cancelled'
    else
        write (error_unit, '(/a)') context%sentence()
        if (status /= TUMBLE_E_CANCELLED) error stop 1
    end if

    listener%cancel_at = -1
    call options%set('resume', 1)
    call run%create(images, options, context)
    more = .true.
    do while (more)
        call run%step(more, context)
        call show()
    end do
    call run%take(result)
    call result%lend('atom_positions', positions)
    call result%lend('atom_sigmas', sigmas)
    print '(a, i0, a)', '# ', size(positions, 2), ' atoms: x y z sigma_x sigma_y sigma_z (A)'
    do a = 1, size(positions, 2)
        print '(5(f0.6, 1x), f0.6)', positions(:, a), sigmas(:, a)
    end do
    call result%destroy()
    call run%destroy()
    call options%destroy()
    call context%destroy()
    call tumble_stack_destroy(stack)

contains

    subroutine show()
        write (error_unit, '(3a, i0, a, f5.1, a, f5.2, a)') achar(13), run%stage(), ': ', nint(run%number('rounds')), ' rounds, ', &
            100*run%number('moved'), ' % of the images moved, ', run%number('explained'), ' of the signal explained'
    end subroutine show

end program steps
