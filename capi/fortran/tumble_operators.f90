! The steps of a reconstruction one by one from Fortran, for a host that has a search or a schedule of its own.
!
!     call device%create('cpu')
!     call images%create(device, stack, 0.358d0)
!     call images%match_map(density, voxel_A, matched)
!     call transform%create(device, matched, images%number('pixel_size_A'))
!     call transform%score(images, band, rotations, shifts, scores)
!     call transform%polish(images, band, 6, rotations, shifts, scores)
!     call equations%create(images)
!     call equations%insert(band, rotations, shifts)
!     call equations%solve(0.9d0, 10, map)
!
! Poses are arrays of the caller's: rotations(row, column, pose), so that matmul(rotations(:, :, i), r) is the particle's r in the
! laboratory; shifts(2, pose) in A; scores(pose). `numbers` tells the image that each pose is of, counted from 0; without it: image
! 0, 1, ... in order. Sections go in and out where they lie. Maps are map(x, y, z). What has an unknown size comes in allocatable
! arrays. Frequencies are in 1/A unless said otherwise. Every procedure has an optional status, a code of tumble.h: without it a
! failure ends the program with its sentence. Objects are destroyed explicitly, in any order; `create` gives back what the object
! held before. One thread at a time for a device and all that was made on it.
module tumble_operators
    use tumble
    use tumble_runs, only: tumble_context
    implicit none
    private
    public :: tumble_device, tumble_images, tumble_transform, tumble_search, tumble_equations, tumble_atoms, tumble_band
    public :: tumble_resolution

    ! Where operators compute, and what works on maps alone.
    type :: tumble_device
        type(c_ptr) :: handle = c_null_ptr
    contains
        procedure :: create => device_create
        procedure :: name => device_name
        procedure :: set_stream => device_set_stream
        procedure :: correlate
        procedure :: restore
        procedure :: find_mask
        procedure :: destroy => device_destroy
    end type tumble_device

    ! Images made ready for scoring: normalised, masked, cropped to a working box, transformed, their noise measured.
    type :: tumble_images
        type(c_ptr) :: handle = c_null_ptr
    contains
        generic :: create => images_create_real32, images_create_described
        procedure, private :: images_create_real32, images_create_described
        procedure :: number => images_number
        procedure :: match_map
        procedure :: destroy => images_destroy
    end type tumble_images

    ! A map's padded transform, and what is scored against it.
    type :: tumble_transform
        type(c_ptr) :: handle = c_null_ptr
    contains
        procedure :: create => transform_create
        procedure :: slices
        procedure :: score
        procedure :: polish
        procedure :: search_shifts
        procedure :: destroy => transform_destroy
    end type tumble_transform

    ! All orientations and shifts of a grid, scored in batches.
    type :: tumble_search
        type(c_ptr) :: handle = c_null_ptr
    contains
        procedure :: create => search_create
        procedure :: number => search_number
        procedure :: climb
        procedure :: best
        procedure :: destroy => search_destroy
    end type tumble_search

    ! Normal equations of a map: images inserted at their poses.
    type :: tumble_equations
        type(c_ptr) :: handle = c_null_ptr
    contains
        procedure :: create => equations_create
        procedure :: insert
        procedure :: add
        procedure :: solve
        procedure :: destroy => equations_destroy
    end type tumble_equations

    ! Atoms with error bars: get and lend give the arrays whose names in tumble.h begin with atom_.
    type, extends(tumble_arrays) :: tumble_atoms
    contains
        procedure :: find
        procedure :: refine
        procedure :: array => atoms_array
        procedure :: destroy => atoms_destroy
    end type tumble_atoms

contains

    ! The band low <= |k| < high, high 0: all that the images hold; shift_sigma_A: prior of the shift on each axis, 0: none.
    function tumble_band(low, high, shift_sigma_A) result(band)
        real(c_double), intent(in) :: low, high
        real(c_double), intent(in), optional :: shift_sigma_A
        type(tumble_scoring) :: band
        band%struct_size = c_sizeof(band)
        band%low_per_A = low
        band%high_per_A = high
        if (present(shift_sigma_A)) band%shift_sigma_A = shift_sigma_A
    end function tumble_band

    ! "auto", "cpu", "cuda", "cuda:N", several as in "cuda:0,1", or "cuda:all"; without threads: all cores.
    subroutine device_create(self, name, threads, status)
        class(tumble_device), intent(inout) :: self
        character(len=*), intent(in) :: name
        integer(c_int32_t), intent(in), optional :: threads
        integer(c_int32_t), intent(out), optional :: status
        integer(c_int32_t) :: wanted
        call self%destroy()
        wanted = 0
        if (present(threads)) wanted = threads
        call tumble_check(tumble_device_create(tumble_text(name), wanted, self%handle), status)
    end subroutine device_create

    function device_name(self) result(text)
        class(tumble_device), intent(in) :: self
        character(len=:), allocatable :: text
        text = tumble_text_at(tumble_device_name(self%handle))
    end function device_name

    ! The CUDA stream, or c_null_ptr for the default one, in whose order arrays in the device's memory are read and written; it has
    ! to live while it is set. Fails with TUMBLE_E_DEVICE on the CPU.
    subroutine device_set_stream(self, stream, status)
        class(tumble_device), intent(in) :: self
        type(c_ptr), intent(in) :: stream
        integer(c_int32_t), intent(out), optional :: status
        call tumble_check(tumble_device_set_stream(self%handle, stream), status)
    end subroutine device_set_stream

    subroutine device_destroy(self)
        class(tumble_device), intent(inout) :: self
        call tumble_device_destroy(self%handle)
        self%handle = c_null_ptr
    end subroutine device_destroy

    ! Fourier shell correlation of two half maps: curves(shell, 1:4) are frequency, unmasked, masked, corrected.
    subroutine correlate(self, half1, half2, voxel_A, curves, mask, seed, status)
        class(tumble_device), intent(in) :: self
        real(c_float), intent(in), target :: half1(:, :, :), half2(:, :, :)
        real(c_double), intent(in) :: voxel_A
        real(c_double), allocatable, intent(out), target :: curves(:, :)
        real(c_float), intent(in), target, optional :: mask(:, :, :)
        integer(c_int64_t), intent(in), optional :: seed
        integer(c_int32_t), intent(out), optional :: status
        type(tumble_array), target :: mask_array
        type(c_ptr) :: mask_at
        integer(c_int64_t) :: wanted
        mask_at = c_null_ptr
        if (present(mask)) then
            mask_array = tumble_array_of(mask)
            mask_at = c_loc(mask_array)
        end if
        wanted = 1
        if (present(seed)) wanted = seed
        allocate (curves(size(half1, 1)/2 + 1, 4))
        call tumble_check(tumble_maps_correlate(self%handle, tumble_array_of(half1), tumble_array_of(half2), mask_at, voxel_A, &
            wanted, tumble_array_of(curves)), status)
    end subroutine correlate

    ! The map under the Wiener filter 2 FSC / (1 + FSC).
    subroutine restore(self, map, fsc, restored, status)
        class(tumble_device), intent(in) :: self
        real(c_float), intent(in), target :: map(:, :, :)
        real(c_double), intent(in), target :: fsc(:)
        real(c_float), allocatable, intent(out), target :: restored(:, :, :)
        integer(c_int32_t), intent(out), optional :: status
        allocate (restored(size(map, 1), size(map, 2), size(map, 3)))
        call tumble_check(tumble_map_restore(self%handle, tumble_array_of(map), tumble_array_of(fsc), tumble_array_of(restored)), &
            status)
    end subroutine restore

    ! Soft mask, 0 to 1, found from the map.
    subroutine find_mask(self, map, voxel_A, mask, status)
        class(tumble_device), intent(in) :: self
        real(c_float), intent(in), target :: map(:, :, :)
        real(c_double), intent(in) :: voxel_A
        real(c_float), allocatable, intent(out), target :: mask(:, :, :)
        integer(c_int32_t), intent(out), optional :: status
        allocate (mask(size(map, 1), size(map, 2), size(map, 3)))
        call tumble_check(tumble_map_find_mask(self%handle, tumble_array_of(map), voxel_A, tumble_array_of(mask)), status)
    end subroutine find_mask

    ! 1 / frequency, A, where the curve, followed outward from its strongest shells, stays below the threshold; the Nyquist limit
    ! where it never does.
    function tumble_resolution(frequencies, curve, threshold, status) result(resolution_A)
        real(c_double), intent(in), target :: frequencies(:), curve(:)
        real(c_double), intent(in) :: threshold
        integer(c_int32_t), intent(out), optional :: status
        real(c_double) :: resolution_A
        resolution_A = 0
        call tumble_check(tumble_curve_resolution(tumble_array_of(frequencies), tumble_array_of(curve), threshold, resolution_A), &
            status)
    end function tumble_resolution

    ! stack(x, y, image), where it lies; of another type than real(c_float): tumble_array_of(stack). Without a diameter it is
    ! measured.
    subroutine images_create_real32(self, device, stack, pixel_size_A, diameter_A, dark_atoms, context, status)
        class(tumble_images), intent(inout) :: self
        type(tumble_device), intent(in) :: device
        real(c_float), intent(in), target :: stack(:, :, :)
        real(c_double), intent(in) :: pixel_size_A
        real(c_double), intent(in), optional :: diameter_A
        logical, intent(in), optional :: dark_atoms
        type(tumble_context), intent(in), optional :: context
        integer(c_int32_t), intent(out), optional :: status
        call self%create(device, tumble_array_of(stack), pixel_size_A, diameter_A, dark_atoms, context, status)
    end subroutine images_create_real32

    subroutine images_create_described(self, device, stack, pixel_size_A, diameter_A, dark_atoms, context, status)
        class(tumble_images), intent(inout) :: self
        type(tumble_device), intent(in) :: device
        type(tumble_array), intent(in) :: stack
        real(c_double), intent(in) :: pixel_size_A
        real(c_double), intent(in), optional :: diameter_A
        logical, intent(in), optional :: dark_atoms
        type(tumble_context), intent(in), optional :: context
        integer(c_int32_t), intent(out), optional :: status
        real(c_double) :: diameter
        integer(c_int32_t) :: dark
        call self%destroy()
        diameter = 0
        if (present(diameter_A)) diameter = diameter_A
        dark = 0
        if (present(dark_atoms)) dark = merge(1_c_int32_t, 0_c_int32_t, dark_atoms)
        call tumble_check(tumble_images_create(handle_of(context), device%handle, stack, pixel_size_A, diameter, dark, &
            self%handle), status)
    end subroutine images_create_described

    ! count, box, pixel_size_A, particle_radius_A, mask_radius_A.
    function images_number(self, name, status) result(value)
        class(tumble_images), intent(in) :: self
        character(len=*), intent(in) :: name
        integer(c_int32_t), intent(out), optional :: status
        real(c_double) :: value
        value = 0
        call tumble_check(tumble_images_number(self%handle, tumble_text(name), value), status)
    end function images_number

    ! A density on the images' working box and pixel, each Fourier shell scaled to the power of the images' signal.
    subroutine match_map(self, density, voxel_A, matched, status)
        class(tumble_images), intent(in) :: self
        real(c_float), intent(in), target :: density(:, :, :)
        real(c_double), intent(in) :: voxel_A
        real(c_float), allocatable, intent(out), target :: matched(:, :, :)
        integer(c_int32_t), intent(out), optional :: status
        real(c_double) :: box
        integer(c_int32_t) :: found
        integer :: n
        found = tumble_images_number(self%handle, tumble_text('box'), box)
        if (found == TUMBLE_OK) then
            n = nint(box)
            allocate (matched(n, n, n))
            found = tumble_images_match_map(self%handle, tumble_array_of(density), voxel_A, tumble_array_of(matched))
        end if
        call tumble_check(found, status)
    end subroutine match_map

    subroutine images_destroy(self)
        class(tumble_images), intent(inout) :: self
        call tumble_images_destroy(self%handle)
        self%handle = c_null_ptr
    end subroutine images_destroy

    subroutine transform_create(self, device, map, voxel_A, status)
        class(tumble_transform), intent(inout) :: self
        type(tumble_device), intent(in) :: device
        real(c_float), intent(in), target :: map(:, :, :)
        real(c_double), intent(in) :: voxel_A
        integer(c_int32_t), intent(out), optional :: status
        call self%destroy()
        call tumble_check(tumble_transform_create(device%handle, tumble_array_of(map), voxel_A, self%handle), status)
    end subroutine transform_create

    ! Central slices, found(frequency, rotation), at frequencies(2, frequency) in cycles per voxel.
    subroutine slices(self, rotations, frequencies, found, status)
        class(tumble_transform), intent(in) :: self
        real(c_double), intent(in), target :: rotations(:, :, :), frequencies(:, :)
        complex(c_float_complex), allocatable, intent(out), target :: found(:, :)
        integer(c_int32_t), intent(out), optional :: status
        allocate (found(size(frequencies, 2), size(rotations, 3)))
        call tumble_check(tumble_transform_slices(self%handle, tumble_rotations_of(rotations), tumble_array_of(frequencies), &
            tumble_array_of(found)), status)
    end subroutine slices

    ! Log-likelihood ratio of each pose against an empty image, plus the log prior of the shift.
    subroutine score(self, images, band, rotations, shifts, scores, numbers, status)
        class(tumble_transform), intent(in) :: self
        type(tumble_images), intent(in) :: images
        type(tumble_scoring), intent(in) :: band
        real(c_double), intent(in), target :: rotations(:, :, :), shifts(:, :)
        real(c_double), intent(inout), target :: scores(:)
        integer(c_int32_t), intent(in), target, optional :: numbers(:)
        integer(c_int32_t), intent(out), optional :: status
        type(tumble_array), target :: list
        call tumble_check(tumble_poses_score(images%handle, self%handle, band, listed(list, numbers), &
            tumble_rotations_of(rotations), tumble_array_of(shifts), tumble_array_of(scores)), status)
    end subroutine score

    ! Each pose moves to a local maximum of its score, by at most so many steps; no score falls.
    subroutine polish(self, images, band, steps, rotations, shifts, scores, numbers, status)
        class(tumble_transform), intent(in) :: self
        type(tumble_images), intent(in) :: images
        type(tumble_scoring), intent(in) :: band
        integer(c_int32_t), intent(in) :: steps
        real(c_double), intent(inout), target :: rotations(:, :, :), shifts(:, :), scores(:)
        integer(c_int32_t), intent(in), target, optional :: numbers(:)
        integer(c_int32_t), intent(out), optional :: status
        type(tumble_array), target :: list
        call tumble_check(tumble_poses_polish(images%handle, self%handle, band, steps, listed(list, numbers), &
            tumble_rotations_of(rotations), tumble_array_of(shifts), tumble_array_of(scores)), status)
    end subroutine polish

    ! The same for the shifts alone.
    subroutine search_shifts(self, images, band, steps, rotations, shifts, scores, numbers, status)
        class(tumble_transform), intent(in) :: self
        type(tumble_images), intent(in) :: images
        type(tumble_scoring), intent(in) :: band
        integer(c_int32_t), intent(in) :: steps
        real(c_double), intent(inout), target :: rotations(:, :, :), shifts(:, :), scores(:)
        integer(c_int32_t), intent(in), target, optional :: numbers(:)
        integer(c_int32_t), intent(out), optional :: status
        type(tumble_array), target :: list
        call tumble_check(tumble_poses_search_shifts(images%handle, self%handle, band, steps, listed(list, numbers), &
            tumble_rotations_of(rotations), tumble_array_of(shifts), tumble_array_of(scores)), status)
    end subroutine search_shifts

    subroutine transform_destroy(self)
        class(tumble_transform), intent(inout) :: self
        call tumble_transform_destroy(self%handle)
        self%handle = c_null_ptr
    end subroutine transform_destroy

    ! Directions as close as the particle and the band ask for, turned at random by the seed (0: not); shifts within the radius.
    subroutine search_create(self, images, transform, band, shift_radius_A, shift_step_A, seed, status)
        class(tumble_search), intent(inout) :: self
        type(tumble_images), intent(in) :: images
        type(tumble_transform), intent(in) :: transform
        type(tumble_scoring), intent(in) :: band
        real(c_double), intent(in) :: shift_radius_A, shift_step_A
        integer(c_int64_t), intent(in) :: seed
        integer(c_int32_t), intent(out), optional :: status
        call self%destroy()
        call tumble_check(tumble_search_create(images%handle, transform%handle, band, shift_radius_A, shift_step_A, seed, &
            self%handle), status)
    end subroutine search_create

    ! views, shifts, angles.
    function search_number(self, name, status) result(value)
        class(tumble_search), intent(in) :: self
        character(len=*), intent(in) :: name
        integer(c_int32_t), intent(out), optional :: status
        real(c_double) :: value
        value = 0
        call tumble_check(tumble_search_number(self%handle, tumble_text(name), value), status)
    end function search_number

    ! One pass of stochastic hill climbing; start from scores of -huge(scores). improved(pose) becomes 1 where one was better.
    ! neighbourhood: share of the views that are visited, those nearest to the present one.
    subroutine climb(self, neighbourhood, seed, pass, rotations, shifts, scores, improved, numbers, status)
        class(tumble_search), intent(in) :: self
        real(c_double), intent(in) :: neighbourhood
        integer(c_int64_t), intent(in) :: seed
        integer(c_int32_t), intent(in) :: pass
        real(c_double), intent(inout), target :: rotations(:, :, :), shifts(:, :), scores(:)
        integer(c_int32_t), intent(inout), target, optional :: improved(:)
        integer(c_int32_t), intent(in), target, optional :: numbers(:)
        integer(c_int32_t), intent(out), optional :: status
        type(tumble_array), target :: list, flags
        call tumble_check(tumble_search_climb(self%handle, neighbourhood, seed, pass, listed(list, numbers), &
            tumble_rotations_of(rotations), tumble_array_of(shifts), tumble_array_of(scores), listed(flags, improved)), status)
    end subroutine climb

    ! The best candidate of each image.
    subroutine best(self, rotations, shifts, scores, numbers, status)
        class(tumble_search), intent(in) :: self
        real(c_double), intent(inout), target :: rotations(:, :, :), shifts(:, :), scores(:)
        integer(c_int32_t), intent(in), target, optional :: numbers(:)
        integer(c_int32_t), intent(out), optional :: status
        type(tumble_array), target :: list
        call tumble_check(tumble_search_best(self%handle, listed(list, numbers), tumble_rotations_of(rotations), &
            tumble_array_of(shifts), tumble_array_of(scores)), status)
    end subroutine best

    subroutine search_destroy(self)
        class(tumble_search), intent(inout) :: self
        call tumble_search_destroy(self%handle)
        self%handle = c_null_ptr
    end subroutine search_destroy

    subroutine equations_create(self, images, status)
        class(tumble_equations), intent(inout) :: self
        type(tumble_images), intent(in) :: images
        integer(c_int32_t), intent(out), optional :: status
        call self%destroy()
        call tumble_check(tumble_equations_create(images%handle, self%handle), status)
    end subroutine equations_create

    ! Inserts images at poses, from their samples in the band; weights(pose).
    subroutine insert(self, band, rotations, shifts, weights, numbers, status)
        class(tumble_equations), intent(in) :: self
        type(tumble_scoring), intent(in) :: band
        real(c_double), intent(in), target :: rotations(:, :, :), shifts(:, :)
        real(c_double), intent(in), target, optional :: weights(:)
        integer(c_int32_t), intent(in), target, optional :: numbers(:)
        integer(c_int32_t), intent(out), optional :: status
        type(tumble_array), target :: list, shares
        call tumble_check(tumble_equations_insert(self%handle, band, listed(list, numbers), tumble_rotations_of(rotations), &
            tumble_array_of(shifts), weighted(shares, weights)), status)
    end subroutine insert

    ! Adds what the other, of the same images, holds; subtracts it where the sign is negative.
    subroutine add(self, other, sign, status)
        class(tumble_equations), intent(in) :: self
        type(tumble_equations), intent(in) :: other
        integer(c_int32_t), intent(in), optional :: sign
        integer(c_int32_t), intent(out), optional :: status
        integer(c_int32_t) :: wanted
        wanted = 1
        if (present(sign)) wanted = sign
        call tumble_check(tumble_equations_add(self%handle, other%handle, wanted), status)
    end subroutine add

    ! Posterior mean of the map, zero beyond `high`; map(n, n, n) with n the images' working box.
    subroutine solve(self, high, steps, map, status)
        class(tumble_equations), intent(in) :: self
        real(c_double), intent(in) :: high
        integer(c_int32_t), intent(in) :: steps
        real(c_float), intent(inout), target :: map(:, :, :)
        integer(c_int32_t), intent(out), optional :: status
        call tumble_check(tumble_equations_solve(self%handle, high, steps, tumble_array_of(map)), status)
    end subroutine solve

    subroutine equations_destroy(self)
        class(tumble_equations), intent(inout) :: self
        call tumble_equations_destroy(self%handle)
        self%handle = c_null_ptr
    end subroutine equations_destroy

    ! Atoms of a restored map: detection and joint fit of all. half1 and half2, both or neither, give the half distances. Without
    ! min_distance_A and radius_A they follow from the element and the map.
    subroutine find(self, map, voxel_A, element, half1, half2, min_distance_A, radius_A, threads, context, status)
        class(tumble_atoms), intent(inout) :: self
        real(c_float), intent(in), target :: map(:, :, :)
        real(c_double), intent(in) :: voxel_A
        character(len=*), intent(in) :: element
        real(c_float), intent(in), target, optional :: half1(:, :, :), half2(:, :, :)
        real(c_double), intent(in), optional :: min_distance_A, radius_A
        integer(c_int32_t), intent(in), optional :: threads
        type(tumble_context), intent(in), optional :: context
        integer(c_int32_t), intent(out), optional :: status
        type(tumble_array), target :: h1, h2
        type(c_ptr) :: at1, at2
        real(c_double) :: distance, radius
        integer(c_int32_t) :: wanted
        call self%destroy()
        at1 = c_null_ptr
        at2 = c_null_ptr
        if (present(half1)) then
            h1 = tumble_array_of(half1)
            at1 = c_loc(h1)
        end if
        if (present(half2)) then
            h2 = tumble_array_of(half2)
            at2 = c_loc(h2)
        end if
        distance = 0
        if (present(min_distance_A)) distance = min_distance_A
        radius = 0
        if (present(radius_A)) radius = radius_A
        wanted = 0
        if (present(threads)) wanted = threads
        call tumble_check(tumble_atoms_find(handle_of(context), tumble_array_of(map), at1, at2, voxel_A, tumble_text(element), &
            distance, radius, wanted, self%handle), status)
    end subroutine find

    ! Other atoms at their likeliest places and heights, given the images at their poses.
    subroutine refine(self, images, rotations, shifts, start, weights, numbers, context, status)
        class(tumble_atoms), intent(inout) :: self
        type(tumble_images), intent(in) :: images
        real(c_double), intent(in), target :: rotations(:, :, :), shifts(:, :)
        type(tumble_atoms), intent(in) :: start
        real(c_double), intent(in), target, optional :: weights(:)
        integer(c_int32_t), intent(in), target, optional :: numbers(:)
        type(tumble_context), intent(in), optional :: context
        integer(c_int32_t), intent(out), optional :: status
        type(tumble_array), target :: list, shares
        type(c_ptr) :: refined
        integer(c_int32_t) :: found
        found = tumble_atoms_refine(handle_of(context), images%handle, listed(list, numbers), tumble_rotations_of(rotations), &
            tumble_array_of(shifts), weighted(shares, weights), start%handle, refined)
        call self%destroy()
        self%handle = refined
        call tumble_check(found, status)
    end subroutine refine

    subroutine atoms_array(self, name, array, status)
        class(tumble_atoms), intent(in) :: self
        character(len=*), intent(in) :: name
        type(tumble_array), intent(out) :: array
        integer(c_int32_t), intent(out), optional :: status
        array = tumble_empty_array()
        call tumble_check(tumble_atoms_array(self%handle, tumble_text(name), array), status)
    end subroutine atoms_array

    subroutine atoms_destroy(self)
        class(tumble_atoms), intent(inout) :: self
        call tumble_atoms_destroy(self%handle)
        self%handle = c_null_ptr
    end subroutine atoms_destroy

    ! The context's handle, or that of none.
    function handle_of(context) result(handle)
        type(tumble_context), intent(in), optional :: context
        type(c_ptr) :: handle
        handle = c_null_ptr
        if (present(context)) handle = context%handle
    end function handle_of

    ! Where the description of an array stands that may be left out.
    function listed(array, values) result(at)
        type(tumble_array), intent(out), target :: array
        integer(c_int32_t), intent(in), target, optional :: values(:)
        type(c_ptr) :: at
        at = c_null_ptr
        if (.not. present(values)) return
        array = tumble_array_of(values)
        at = c_loc(array)
    end function listed

    function weighted(array, values) result(at)
        type(tumble_array), intent(out), target :: array
        real(c_double), intent(in), target, optional :: values(:)
        type(c_ptr) :: at
        at = c_null_ptr
        if (.not. present(values)) return
        array = tumble_array_of(values)
        at = c_loc(array)
    end function weighted

end module tumble_operators
