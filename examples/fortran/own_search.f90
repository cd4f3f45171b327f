! A host that has a search of its own and takes the operators alone: it scores random orientations of every image against a
! density, keeps the best, polishes it, and says how the scores grew: own_search IMAGES.mrcs PIXEL_SIZE_A DENSITY.mrc TRIES
! Images and rotations are sections of larger arrays of the program's own, and go in and out where they lie.
program own_search
    use tumble
    use tumble_operators
    implicit none
    character(len=512) :: path, density_path, word
    integer(c_int64_t) :: state = 1
    integer :: tries, k, i, nx, ny, n
    real(c_double) :: pixel_A, voxel_A
    real(c_float), allocatable, target :: stack(:, :, :), field(:, :, :), density(:, :, :), matched(:, :, :)
    real(c_double), allocatable, target :: turns(:, :, :, :), shifts(:, :), scores(:), best_scores(:)
    type(tumble_device) :: device
    type(tumble_images) :: images
    type(tumble_transform) :: transform
    type(tumble_scoring) :: band

    if (command_argument_count() /= 4) error stop 'usage: own_search IMAGES.mrcs PIXEL_SIZE_A DENSITY.mrc TRIES'
    call get_command_argument(1, path)
    call get_command_argument(2, word)
    read (word, *) pixel_A
    call get_command_argument(3, density_path)
    call get_command_argument(4, word)
    read (word, *) tries

    call read_file(path, stack)
    call read_file(density_path, density, voxel_A)
    nx = size(stack, 1)
    ny = size(stack, 2)
    n = size(stack, 3)
    allocate (field(nx + 3, ny + 5, n))
    field = 0
    field(2:nx + 1, 4:ny + 3, :) = stack

    call device%create('auto')
    call images%create(device, field(2:nx + 1, 4:ny + 3, :), pixel_A)
    call images%match_map(density, voxel_A, matched)
    call transform%create(device, matched, pixel_A)

    allocate (turns(3, 3, 2, n), shifts(2, n), scores(n), best_scores(n))  ! turns(:, :, 1, :) are tried, turns(:, :, 2, :) kept
    band = tumble_band(0.1d0, 0.8d0, 0.4d0)
    shifts = 0
    best_scores = -1d300
    do k = 1, tries
        do i = 1, n
            turns(:, :, 1, i) = random_rotation()
        end do
        call transform%score(images, band, turns(:, :, 1, :), shifts, scores)
        do i = 1, n
            if (scores(i) <= best_scores(i)) cycle
            best_scores(i) = scores(i)
            turns(:, :, 2, i) = turns(:, :, 1, i)
        end do
        if (k == 1) call show('one random orientation an image: mean score ')
    end do
    write (word, '(i0)') tries
    call show('the best of '//trim(word)//': ')
    call transform%polish(images, band, 6, turns(:, :, 2, :), shifts, best_scores)
    call show('polished: ')

    call transform%destroy()
    call images%destroy()
    call device%destroy()

contains

    ! A stack or a map, copied.
    subroutine read_file(path, values, voxel_A)
        character(len=*), intent(in) :: path
        real(c_float), allocatable, intent(out) :: values(:, :, :)
        real(c_double), intent(out), optional :: voxel_A
        real(c_float), pointer :: lent(:, :, :)
        type(tumble_array) :: array
        type(c_ptr) :: file
        call tumble_check(tumble_stack_read(tumble_text(path), file))
        array = tumble_empty_array()
        call tumble_check(tumble_stack_images(file, array))
        call tumble_lent(array, lent)
        values = lent
        if (present(voxel_A)) call tumble_check(tumble_stack_pixel_size(file, voxel_A))
        call tumble_stack_destroy(file)
    end subroutine read_file

    ! Between 0 and 1 (Park & Miller, Comm. ACM 36 (7), 105 (1993)): the same numbers in every language.
    function uniform() result(value)
        real(c_double) :: value
        state = mod(state*48271, 2147483647_c_int64_t)
        value = real(state, c_double)/2147483647d0
    end function uniform

    ! A uniformly random rotation from a random unit quaternion (Shoemake, Graphics Gems III, 1992).
    function random_rotation() result(r)
        real(c_double) :: r(3, 3), u, a, b, x, y, z, w
        u = uniform()
        a = 6.283185307179586d0*uniform()
        b = 6.283185307179586d0*uniform()
        x = sqrt(1 - u)*sin(a)
        y = sqrt(1 - u)*cos(a)
        z = sqrt(u)*sin(b)
        w = sqrt(u)*cos(b)
        r(1, :) = [1 - 2*(y*y + z*z), 2*(x*y - z*w), 2*(x*z + y*w)]
        r(2, :) = [2*(x*y + z*w), 1 - 2*(x*x + z*z), 2*(y*z - x*w)]
        r(3, :) = [2*(x*z - y*w), 2*(y*z + x*w), 1 - 2*(x*x + y*y)]
    end function random_rotation

    subroutine show(words)
        character(len=*), intent(in) :: words
        character(len=40) :: number
        write (number, '(f40.3)') sum(best_scores)/n
        print '(2a)', words, trim(adjustl(number))
    end subroutine show

end program own_search
