! From images to atoms: reconstruct IMAGES.mrcs PIXEL_SIZE_A ELEMENT
! The images lie in an array of the program's own, a section of a larger one, and are handed over where they are.
program reconstruct
    use, intrinsic :: iso_fortran_env, only: error_unit
    use tumble
    implicit none
    character(len=512) :: path, word, element
    real(c_double) :: pixel_size, resolution
    real(c_float), pointer :: read_images(:, :, :)
    real(c_float), allocatable, target :: field(:, :, :)
    real(c_double), pointer :: positions(:, :), sigmas(:, :)
    type(c_ptr) :: context, options, stack, result
    type(tumble_array) :: images, array
    integer :: nx, ny, n, a

    if (command_argument_count() /= 3) error stop 'usage: reconstruct IMAGES.mrcs PIXEL_SIZE_A ELEMENT'
    call get_command_argument(1, path)
    call get_command_argument(2, word)
    call get_command_argument(3, element)
    read (word, *) pixel_size

    call check(tumble_stack_read(tumble_text(path), stack))
    images = tumble_empty_array()
    call check(tumble_stack_images(stack, images))
    call tumble_lent(images, read_images)
    nx = size(read_images, 1)
    ny = size(read_images, 2)
    n = size(read_images, 3)
    allocate (field(nx + 3, ny + 5, n))
    field = 0
    field(2:nx + 1, 4:ny + 3, :) = read_images
    call tumble_stack_destroy(stack)

    call check(tumble_context_create(context))
    call check(tumble_options_create(options))
    call check(tumble_options_set_float64(options, tumble_text('pixel-size'), pixel_size))
    call check(tumble_options_set_text(options, tumble_text('element'), tumble_text(element)))
    call check(tumble_reconstruct(context, tumble_array_of(field(2:nx + 1, 4:ny + 3, :)), options, result))

    call check(tumble_result_number(result, tumble_text('resolution_0143_A'), resolution))
    array = tumble_empty_array()
    call check(tumble_result_array(result, tumble_text('atom_positions'), array))
    call tumble_lent(array, positions)
    call check(tumble_result_array(result, tumble_text('atom_sigmas'), array))
    call tumble_lent(array, sigmas)
    print '(a, f0.3, a, i0, a)', '# resolution ', resolution, ' A, ', size(positions, 2), &
        ' atoms: x y z sigma_x sigma_y sigma_z (A)'
    do a = 1, size(positions, 2)
        print '(5(f0.6, 1x), f0.6)', positions(:, a), sigmas(:, a)
    end do
    call tumble_result_destroy(result)
    call tumble_options_destroy(options)
    call tumble_context_destroy(context)

contains

    subroutine check(status)
        integer(c_int32_t), intent(in) :: status
        if (status == TUMBLE_OK) return
        write (error_unit, '(2a)') 'tumble: ', tumble_sentence()
        error stop 1
    end subroutine check

end program reconstruct
