! The Fortran modules: sections with gaps go in and out where they lie, rows and columns are not exchanged, failures have a
! status and a sentence. A small particle is simulated here, so that the truth is known.
program fortran_interface_test
    use, intrinsic :: iso_fortran_env, only: error_unit
    use tumble
    use tumble_runs
    use tumble_operators
    implicit none
    integer, parameter :: box = 40, count = 48, sites = 24
    real(c_double), parameter :: pixel = 0.4d0, sigma = 0.55d0, pi = 3.141592653589793d0
    integer(c_int64_t) :: state = 1
    integer :: failures = 0
    real(c_double) :: atoms(3, sites), turns(3, 3, count), places(2, count)
    real(c_float), target :: field(box + 3, box + 5, 2*count), map(box, box, box)
    type(tumble_device) :: device
    type(tumble_images) :: images
    type(tumble_transform) :: transform
    real(c_float), allocatable :: matched(:, :, :)

    call simulate()
    call device%create('cpu', 1)
    call check(device%name() == 'cpu', 'the name of the device')
    call images%create(device, field(2:box + 1, 4:box + 3, 1:2*count:2), pixel)
    call check(nint(images%number('count')) == count, 'the number of images')
    call images%match_map(map, pixel, matched)
    call check(size(matched, 1) == nint(images%number('box')), 'the side of a matched map')
    call transform%create(device, matched, pixel)
    call slices_follow_rotations()
    call poses_in_sections()
    call a_search()
    call maps_and_atoms()
    call failures_are_told()
    call a_run_from_poses()
    call transform%destroy()
    call images%destroy()
    call device%destroy()
    if (failures > 0) error stop 1
    print '(a)', 'Fortran: all as expected'

contains

    subroutine check(good, what)
        logical, intent(in) :: good
        character(len=*), intent(in) :: what
        if (good) return
        write (error_unit, '(2a)') 'not as expected: ', what
        failures = failures + 1
    end subroutine check

    function uniform() result(value)
        real(c_double) :: value
        state = mod(state*48271, 2147483647_c_int64_t)
        value = real(state, c_double)/2147483647d0
    end function uniform

    function random_rotation() result(r)
        real(c_double) :: r(3, 3), q(4)
        integer :: i
        q = [(uniform() + uniform() + uniform() - 1.5d0, i=1, 4)]
        q = q/sqrt(sum(q**2))
        r(1, :) = [1 - 2*(q(3)**2 + q(4)**2), 2*(q(2)*q(3) - q(1)*q(4)), 2*(q(2)*q(4) + q(1)*q(3))]
        r(2, :) = [2*(q(2)*q(3) + q(1)*q(4)), 1 - 2*(q(2)**2 + q(4)**2), 2*(q(3)*q(4) - q(1)*q(2))]
        r(3, :) = [2*(q(2)*q(4) - q(1)*q(3)), 2*(q(3)*q(4) + q(1)*q(2)), 1 - 2*(q(2)**2 + q(3)**2)]
    end function random_rotation

    ! A Gaussian's values at the pixels of one axis.
    function profile(centre) result(values)
        real(c_double), intent(in) :: centre
        real(c_double) :: values(box)
        integer :: i
        values = [(exp(-((i - 1 - box/2)*pixel - centre)**2/(2*sigma**2)), i=1, box)]
    end function profile

    ! Atoms no closer than 2.2 A in a ball; the odd images of the field are theirs, the even ones are none of anybody's business.
    subroutine simulate()
        real(c_double) :: place(3), seen(3)
        integer :: n, i, x, y
        n = 0
        do while (n < sites)
            place = [(10*uniform() - 5, i=1, 3)]
            if (norm2(place) > 5) cycle
            if (any([(norm2(atoms(:, i) - place) < 2.2d0, i=1, n)])) cycle
            n = n + 1
            atoms(:, n) = place
        end do
        map = 0
        do n = 1, sites
            do y = 1, box
                do x = 1, box
                    map(x, y, :) = map(x, y, :) + real(product([element(profile(atoms(1, n)), x), &
                        element(profile(atoms(2, n)), y)])*profile(atoms(3, n)), c_float)
                end do
            end do
        end do
        field = -1000
        do n = 1, count
            turns(:, :, n) = random_rotation()
            places(:, n) = [(0.4d0*uniform() - 0.2d0, i=1, 2)]
            field(2:box + 1, 4:box + 3, 2*n - 1) = 0
            do i = 1, sites
                seen = matmul(turns(:, :, n), atoms(:, i))
                do y = 1, box
                    field(2:box + 1, 3 + y, 2*n - 1) = field(2:box + 1, 3 + y, 2*n - 1) + &
                        real(profile(seen(1) + places(1, n))*element(profile(seen(2) + places(2, n)), y), c_float)
                end do
            end do
            do y = 4, box + 3
                do x = 2, box + 1
                    field(x, y, 2*n - 1) = field(x, y, 2*n - 1) + real(0.3d0*(uniform() + uniform() + uniform() - 1.5d0), c_float)
                end do
            end do
        end do
    end subroutine simulate

    function element(values, i) result(value)
        real(c_double), intent(in) :: values(:)
        integer, intent(in) :: i
        real(c_double) :: value
        value = values(i)
    end function element

    ! One Gaussian: its slice is a Gaussian with the phase of R r.
    subroutine slices_follow_rotations()
        type(tumble_transform) :: one
        real(c_float), allocatable :: density(:, :, :)
        real(c_double), parameter :: at(3) = [1.2d0, -0.8d0, 2d0]
        real(c_double) :: wide(3, 4, 3), k(2, 5), seen(3), peak
        complex(c_float_complex), allocatable :: found(:, :)
        complex(c_double_complex) :: expected
        integer :: x, y, i, p
        allocate (density(box, box, box))
        do y = 1, box
            do x = 1, box
                density(x, y, :) = real(element(profile(at(1)), x)*element(profile(at(2)), y)*profile(at(3)), c_float)
            end do
        end do
        k = reshape([0d0, 0d0, 0.1d0, 0.05d0, -0.2d0, 0.15d0, 0.05d0, -0.1d0, 0.6d0, 0d0], [2, 5])
        wide = -5
        wide(:, 1:3, 1) = turns(:, :, 1)
        wide(:, 1:3, 3) = turns(:, :, 2)
        call one%create(device, density, pixel)
        call one%slices(wide(:, 1:3, 1:3:2), k, found)
        call check(all(shape(found) == [5, 2]), 'the shape of slices')
        peak = (2*pi*(sigma/pixel)**2)**1.5d0
        do i = 1, 2
            seen = matmul(turns(:, :, i), at)
            do p = 1, 5
                expected = peak*exp(-2*pi**2*(sigma/pixel)**2*sum(k(:, p)**2))* &
                    exp(cmplx(0, -2*pi*dot_product(k(:, p), seen(1:2))/pixel, c_double_complex))
                if (k(1, p) > 0.5d0) expected = 0
                call check(abs(found(p, i) - expected) < 2d-3*peak, 'a slice of a Gaussian')
            end do
        end do
        call one%destroy()
    end subroutine slices_follow_rotations

    subroutine poses_in_sections()
        type(tumble_scoring) :: band
        real(c_double) :: plain(3, 3, count), wide(4, 3, 2, count), shifts(2, count), wide_shifts(3, count), scores(count), &
            again(count), gaps(2*count)
        integer(c_int32_t) :: backwards(count)
        integer :: i
        band = tumble_band(0.1d0, 0.8d0)
        call transform%score(images, band, turns, places, scores)
        call check(all(scores > 100), 'scores of the true poses')
        backwards = [(count - i, i=1, count)]
        call transform%score(images, band, turns(:, :, count:1:-1), places(:, count:1:-1), again, backwards)
        call check(all(again(count:1:-1) == scores), 'scores of images by their numbers')

        plain = turns
        shifts = places
        call transform%search_shifts(images, band, 3, plain, shifts, scores)
        call check(all(plain == turns) .and. any(shifts /= places), 'a search of shifts')
        call transform%polish(images, band, 3, plain, shifts, scores)
        wide = -7
        wide(1:3, :, 2, :) = turns
        wide_shifts = -7
        wide_shifts(1:3:2, :) = places
        gaps = -7
        call transform%search_shifts(images, band, 3, wide(1:3, :, 2, :), wide_shifts(1:3:2, :), gaps(1:2*count:2))
        call transform%polish(images, band, 3, wide(1:3, :, 2, :), wide_shifts(1:3:2, :), gaps(1:2*count:2))
        call check(all(wide(1:3, :, 2, :) == plain) .and. all(wide_shifts(1:3:2, :) == shifts) .and. &
            all(gaps(1:2*count:2) == scores), 'polish in sections')
        call check(all(wide(:, :, 1, :) == -7) .and. all(wide(4, :, :, :) == -7) .and. all(wide_shifts(2, :) == -7) .and. &
            all(gaps(2:2*count:2) == -7), 'what lies between sections')
        call check(all([(norm2(plain(:, :, i) - turns(:, :, i)) < 0.05d0, i=1, count)]), 'polish stays at the true poses')
    end subroutine poses_in_sections

    subroutine a_search()
        type(tumble_search) :: search
        type(tumble_scoring) :: band
        real(c_double) :: found(3, 3, count), shifts(2, count), scores(count), before(count), right
        integer(c_int32_t) :: improved(count)
        integer :: i, pass
        band = tumble_band(0.1d0, 0.8d0)
        call search%create(images, transform, band, 0.4d0, 0.4d0, 1_c_int64_t)
        call check(search%number('views') > 100 .and. search%number('shifts') > 1, 'the size of a search')
        found = spread(reshape([1d0, 0d0, 0d0, 0d0, 1d0, 0d0, 0d0, 0d0, 1d0], [3, 3]), 3, count)
        shifts = 0
        scores = -huge(scores)
        do pass = 0, 3
            before = scores
            call search%climb(1d0, 7_c_int64_t, pass, found, shifts, scores, improved)
            call check(all((scores > before) .eqv. (improved == 1)), 'climbing tells what it improved')
        end do
        before = scores
        call search%best(found, shifts, scores)
        call check(all(scores >= before), 'the best of all')
        call transform%polish(images, band, 6, found, shifts, scores)
        right = real(sum([(merge(1, 0, norm2(found(:, :, i) - turns(:, :, i)) < 0.15d0), i=1, count)]), c_double)/count
        call check(right > 0.7d0, 'most poses are found')
        call search%destroy()
    end subroutine a_search

    subroutine maps_and_atoms()
        type(tumble_equations) :: equations(2)
        type(tumble_atoms) :: found, refined
        type(tumble_scoring) :: band
        real(c_float), allocatable :: wide(:, :, :, :), mask(:, :, :), restored(:, :, :)
        real(c_double), allocatable :: curves(:, :), positions(:, :), sigmas(:, :), heights(:)
        real(c_double), pointer :: lent(:, :)
        real(c_double) :: resolution, weights(count/2)
        integer :: n, h, i
        band = tumble_band(0d0, 0.9d0)
        n = nint(images%number('box'))
        allocate (wide(3, n, n + 2, n))
        weights = 1
        do h = 1, 2
            call equations(h)%create(images)
            call equations(h)%insert(band, turns(:, :, h:count:2), places(:, h:count:2), weights, [(i - 1, i=h, count, 2)])
            call equations(h)%solve(0.9d0, 10, wide(h, :, 2:n + 1, :))
        end do
        call equations(1)%add(equations(2))
        call equations(1)%solve(0.9d0, 10, wide(3, :, 2:n + 1, :))
        call device%find_mask(wide(3, :, 2:n + 1, :), pixel, mask)
        call check(minval(mask) >= 0 .and. maxval(mask) <= 1 .and. maxval(mask) > 0.9, 'a mask')
        call device%correlate(wide(1, :, 2:n + 1, :), wide(2, :, 2:n + 1, :), pixel, curves, mask, 1_c_int64_t)
        call check(all(shape(curves) == [n/2 + 1, 4]) .and. all(curves(2:, 1) > curves(:n/2, 1)), 'curves, shell first')
        resolution = tumble_resolution(curves(:, 1), curves(:, 4), 0.143d0)
        call check(resolution > 0.8d0 .and. resolution < 1.8d0, 'the resolution')
        call device%restore(wide(3, :, 2:n + 1, :), curves(:, 4), restored)
        call found%find(restored, pixel, 'Pt', wide(1, :, 2:n + 1, :), wide(2, :, 2:n + 1, :), 1.6d0, 7d0, 1)
        call refined%refine(images, turns, places, found)
        call refined%get('atom_positions', positions)
        call refined%lend('atom_positions', lent)
        call refined%get('atom_sigmas', sigmas)
        call refined%get('atom_heights', heights)
        call check(size(positions, 1) == 3 .and. size(positions, 2) == size(heights), 'the shape of positions')
        call check(all(positions == lent) .and. all(sigmas > 0), 'lent and copied')
        call check(size(positions, 2) == sites, 'the number of atoms')
        call check(all([(minval(norm2(positions - spread(atoms(:, i), 2, size(positions, 2)), 1)) < 0.15d0, i=1, sites)]), &
            'the places of the atoms')
        call found%destroy()
        call refined%destroy()
        call equations(1)%destroy()
        call equations(2)%destroy()
    end subroutine maps_and_atoms

    subroutine failures_are_told()
        type(tumble_device) :: other
        type(tumble_options) :: options
        real(c_double) :: value, short(3), few(3, 3, 2)
        integer :: status
        call other%create('abacus', status=status)
        call check(status == TUMBLE_E_INPUT .and. index(tumble_sentence(), 'abacus') > 0, 'an unknown device')
        call device%set_stream(c_null_ptr, status)
        call check(status == TUMBLE_E_DEVICE .and. index(tumble_sentence(), 'cpu') > 0, 'a stream for the processor')
        value = images%number('colour', status)
        call check(status == TUMBLE_E_KEY .and. index(tumble_sentence(), 'colour') > 0, 'an unknown name')
        few = turns(:, :, 1:2)
        call transform%score(images, tumble_band(0.1d0, 0.8d0), few, places(:, 1:2), short, status=status)
        call check(status == TUMBLE_E_ARRAY .and. index(tumble_sentence(), 'scores') > 0, 'scores of another length')
        call options%create()
        call options%set('seed', -1, status)
        call check(status == TUMBLE_E_ARGUMENT, 'a value out of bounds')
        call options%set('no-such-option', 'x', status)
        call check(status == TUMBLE_E_KEY .and. index(tumble_sentence(), 'no-such-option') > 0, 'an unknown option')
        call options%destroy()
        call options%destroy()
    end subroutine failures_are_told

    ! Poses go in and come out with rows and columns as they were; half of the images by a section of a type of its own.
    subroutine a_run_from_poses()
        type(tumble_options) :: options
        type(tumble_run) :: run
        type(tumble_result) :: result, whole
        real(c_double), allocatable :: rotations(:, :, :), positions(:, :), at_once(:, :)
        real(c_double), allocatable, target :: doubles(:, :, :)
        real(c_float), pointer :: voxels(:, :, :)
        integer(c_int32_t), allocatable :: halves(:)
        integer :: status, i
        logical :: more
        call options%create()
        call options%set('pixel-size', pixel)
        call options%set('element', 'Pt')
        call options%set('threads', 1)
        call options%set_poses(turns, places)
        call options%set_halves([(1 + mod(i, 2), i=1, count)])
        allocate (doubles(box, box, count))
        doubles = field(2:box + 1, 4:box + 3, 1:2*count:2)
        call run%create(tumble_array_of(doubles), options)
        call run%take(result, status)
        call check(status == TUMBLE_E_INPUT, 'a result before the last step')
        more = .true.
        do while (more)
            call run%step(more)
        end do
        call check(run%stage() == 'done' .and. run%number('voxel_A') > 0, 'the end of a run')
        call run%take(result)
        call run%destroy()
        call result%get('rotations', rotations)
        call check(all(shape(rotations) == [3, 3, count]), 'the shape of rotations')
        call check(all([(norm2(rotations(:, :, i) - turns(:, :, i)) < 0.05d0, i=1, count)]), 'rotations come back as they were')
        call result%get('halves', halves)
        call check(all(halves == [(1 + mod(i, 2), i=1, count)]), 'halves come back')
        call result%lend('map', voxels)
        call check(all(shape(voxels) == box), 'the shape of the map')
        call result%get('halves', positions, status)
        call check(status == TUMBLE_E_ARRAY .and. .not. allocated(positions), 'an array of another kind')
        call check(index('ok doubtful failed', result%text('verdict')) > 0 .and. len(result%text('verdict')) > 1, 'a text')
        call result%get('atom_positions', positions)
        call whole%reconstruct(field(2:box + 1, 4:box + 3, 1:2*count:2), options)
        call whole%get('atom_positions', at_once)
        call check(size(positions) > 0 .and. all(shape(positions) == shape(at_once)) .and. all(positions == at_once), &
            'the same at once and in steps, from a section and from another type')
        call result%destroy()
        call whole%destroy()
        call options%destroy()
    end subroutine a_run_from_poses

end program fortran_interface_test
