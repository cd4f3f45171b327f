! The C interface for Fortran 2008: the constants, types and functions of tumble.h (module tumble_c, generated) and what turns
! Fortran's arrays and texts into its own. On it: tumble_runs (the whole, at once or in steps) and tumble_operators.
!
! A Fortran array images(nx, ny, n) is the C array (image, y, x): the same memory, with shape and strides reversed. Nothing is
! copied, sections with gaps included. Rotations lie in C row by row: as rotations(row, column, n) they go in by
! tumble_rotations_of, which exchanges strides and copies nothing; a plain tumble_array_of takes the transposes.
module tumble
    use, intrinsic :: iso_fortran_env, only: error_unit
    use tumble_c
    implicit none
    public

    ! An array as the library sees it. The array must have the target attribute and outlive the use.
    interface tumble_array_of
        module procedure array_of_real32_3, array_of_real64_3, array_of_real64_2, array_of_real64_1, array_of_int16_3, &
            array_of_int32_1, array_of_complex32_2
    end interface

    ! Points to an array that the library lends; valid as long as its handle.
    interface tumble_lent
        module procedure lent_real32_3, lent_real64_3, lent_real64_2, lent_real64_1, lent_int32_1
    end interface

    ! A handle with arrays that go by the names in tumble.h.
    !   call x%array(name, array [, status])   as the library describes it
    !   call x%lend(name, pointer [, status])  the library's own memory, valid until x changes or is destroyed
    !   call x%get(name, copy [, status])      a copy; of rotations as rotations(row, column, pose)
    type, abstract :: tumble_arrays
        type(c_ptr) :: handle = c_null_ptr
    contains
        procedure(array_by_name), deferred :: array
        generic :: lend => lend_real32_3, lend_real64_2, lend_real64_1, lend_int32_1
        generic :: get => get_real32_3, get_real64_3, get_real64_2, get_real64_1, get_int32_1
        procedure, private :: lend_real32_3, lend_real64_2, lend_real64_1, lend_int32_1
        procedure, private :: get_real32_3, get_real64_3, get_real64_2, get_real64_1, get_int32_1
        procedure, private :: array_of_kind
    end type tumble_arrays

    abstract interface
        subroutine array_by_name(self, name, array, status)
            import :: tumble_arrays, tumble_array, c_int32_t
            class(tumble_arrays), intent(in) :: self
            character(len=*), intent(in) :: name
            type(tumble_array), intent(out) :: array
            integer(c_int32_t), intent(out), optional :: status
        end subroutine array_by_name
    end interface

    interface
        function length_of_text(text) bind(C, name="strlen") result(length)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: text
            integer(c_size_t) :: length
        end function length_of_text
    end interface
    private :: length_of_text, array_by_name

contains

    ! As the status of allocate: handed over to who asks for it; who does not is stopped by a failure, with its sentence.
    subroutine tumble_check(found, status)
        integer(c_int32_t), intent(in) :: found
        integer(c_int32_t), intent(out), optional :: status
        if (present(status)) then
            status = found
        else if (found /= TUMBLE_OK) then
            write (error_unit, '(2a)') 'tumble: ', tumble_sentence()
            error stop 1
        end if
    end subroutine tumble_check

    ! The text without trailing blanks and with the NUL that C needs.
    function tumble_text(text) result(c_text)
        character(len=*), intent(in) :: text
        character(len=:), allocatable :: c_text
        c_text = trim(text)//c_null_char
    end function tumble_text

    ! A text of the library's.
    function tumble_text_at(c_text) result(text)
        type(c_ptr), intent(in) :: c_text
        character(len=:), allocatable :: text
        character(kind=c_char), pointer :: letters(:)
        integer :: i
        if (.not. c_associated(c_text)) then
            text = ''
            return
        end if
        call c_f_pointer(c_text, letters, [length_of_text(c_text)])
        allocate (character(len=size(letters)) :: text)
        do i = 1, size(letters)
            text(i:i) = letters(i)
        end do
    end function tumble_text_at

    ! The sentence of the last failure on this thread.
    function tumble_sentence() result(text)
        character(len=:), allocatable :: text
        text = tumble_text_at(tumble_last_error())
    end function tumble_sentence

    ! A structure whose size is set, for functions that fill it.
    function tumble_empty_array() result(array)
        type(tumble_array) :: array
        array%struct_size = c_sizeof(array)
    end function tumble_empty_array

    ! Bytes from one address to another.
    pure function bytes_between(from, to) result(bytes)
        type(c_ptr), intent(in) :: from, to
        integer(c_int64_t) :: bytes
        bytes = transfer(to, bytes) - transfer(from, bytes)
    end function bytes_between

    ! Shape and strides in C's order from Fortran's; second(d): address of the second element along axis d.
    function described(first, second, element_bytes, extents, dtype) result(array)
        type(c_ptr), intent(in) :: first, second(:)
        integer(c_int64_t), intent(in) :: element_bytes
        integer, intent(in) :: extents(:)
        integer(c_int32_t), intent(in) :: dtype
        type(tumble_array) :: array
        integer :: d, n
        n = size(extents)
        array%struct_size = c_sizeof(array)
        array%data = first
        array%dtype = dtype
        array%memory = TUMBLE_MEMORY_HOST
        array%dimensions = n
        do d = 1, n
            array%shape(n + 1 - d) = extents(d)
            array%stride(n + 1 - d) = bytes_between(first, second(d))/element_bytes
        end do
    end function described

    ! rotations(row, column, n): the same memory with rows and columns exchanged.
    function tumble_rotations_of(rotations) result(array)
        real(c_double), intent(in), target :: rotations(:, :, :)
        type(tumble_array) :: array
        array = array_of_real64_3(rotations)
        array%shape(2:3) = array%shape([3, 2])
        array%stride(2:3) = array%stride([3, 2])
    end function tumble_rotations_of

    function array_of_real32_3(a) result(array)
        real(c_float), intent(in), target :: a(:, :, :)
        type(tumble_array) :: array
        if (size(a) == 0) then
            array = described(c_null_ptr, [c_null_ptr, c_null_ptr, c_null_ptr], 4_c_int64_t, shape(a), TUMBLE_FLOAT32)
        else
            array = described(c_loc(a(1, 1, 1)), [c_loc(a(min(2, size(a, 1)), 1, 1)), c_loc(a(1, min(2, size(a, 2)), 1)), &
                c_loc(a(1, 1, min(2, size(a, 3))))], 4_c_int64_t, shape(a), TUMBLE_FLOAT32)
        end if
    end function array_of_real32_3

    function array_of_int16_3(a) result(array)
        integer(c_int16_t), intent(in), target :: a(:, :, :)
        type(tumble_array) :: array
        if (size(a) == 0) then
            array = described(c_null_ptr, [c_null_ptr, c_null_ptr, c_null_ptr], 2_c_int64_t, shape(a), TUMBLE_INT16)
        else
            array = described(c_loc(a(1, 1, 1)), [c_loc(a(min(2, size(a, 1)), 1, 1)), c_loc(a(1, min(2, size(a, 2)), 1)), &
                c_loc(a(1, 1, min(2, size(a, 3))))], 2_c_int64_t, shape(a), TUMBLE_INT16)
        end if
    end function array_of_int16_3

    function array_of_real64_3(a) result(array)
        real(c_double), intent(in), target :: a(:, :, :)
        type(tumble_array) :: array
        if (size(a) == 0) then
            array = described(c_null_ptr, [c_null_ptr, c_null_ptr, c_null_ptr], 8_c_int64_t, shape(a), TUMBLE_FLOAT64)
        else
            array = described(c_loc(a(1, 1, 1)), [c_loc(a(min(2, size(a, 1)), 1, 1)), c_loc(a(1, min(2, size(a, 2)), 1)), &
                c_loc(a(1, 1, min(2, size(a, 3))))], 8_c_int64_t, shape(a), TUMBLE_FLOAT64)
        end if
    end function array_of_real64_3

    function array_of_real64_2(a) result(array)
        real(c_double), intent(in), target :: a(:, :)
        type(tumble_array) :: array
        if (size(a) == 0) then
            array = described(c_null_ptr, [c_null_ptr, c_null_ptr], 8_c_int64_t, shape(a), TUMBLE_FLOAT64)
        else
            array = described(c_loc(a(1, 1)), [c_loc(a(min(2, size(a, 1)), 1)), c_loc(a(1, min(2, size(a, 2))))], 8_c_int64_t, &
                shape(a), TUMBLE_FLOAT64)
        end if
    end function array_of_real64_2

    function array_of_real64_1(a) result(array)
        real(c_double), intent(in), target :: a(:)
        type(tumble_array) :: array
        if (size(a) == 0) then
            array = described(c_null_ptr, [c_null_ptr], 8_c_int64_t, shape(a), TUMBLE_FLOAT64)
        else
            array = described(c_loc(a(1)), [c_loc(a(min(2, size(a))))], 8_c_int64_t, shape(a), TUMBLE_FLOAT64)
        end if
    end function array_of_real64_1

    ! Pairs of real and imaginary part, which are C's fastest axis.
    function array_of_complex32_2(a) result(array)
        complex(c_float_complex), intent(in), target :: a(:, :)
        type(tumble_array) :: array
        if (size(a) == 0) then
            array = described(c_null_ptr, [c_null_ptr, c_null_ptr], 4_c_int64_t, shape(a), TUMBLE_FLOAT32)
        else
            array = described(c_loc(a(1, 1)), [c_loc(a(min(2, size(a, 1)), 1)), c_loc(a(1, min(2, size(a, 2))))], 4_c_int64_t, &
                shape(a), TUMBLE_FLOAT32)
        end if
        array%dimensions = 3
        array%shape(3) = 2
        array%stride(3) = 1
    end function array_of_complex32_2

    function array_of_int32_1(a) result(array)
        integer(c_int32_t), intent(in), target :: a(:)
        type(tumble_array) :: array
        if (size(a) == 0) then
            array = described(c_null_ptr, [c_null_ptr], 4_c_int64_t, shape(a), TUMBLE_INT32)
        else
            array = described(c_loc(a(1)), [c_loc(a(min(2, size(a))))], 4_c_int64_t, shape(a), TUMBLE_INT32)
        end if
    end function array_of_int32_1

    ! Extents in Fortran's order.
    function extents_of(array) result(extents)
        type(tumble_array), intent(in) :: array
        integer(c_int64_t) :: extents(array%dimensions)
        extents = array%shape(array%dimensions:1:-1)
    end function extents_of

    subroutine lent_real32_3(array, a)
        type(tumble_array), intent(in) :: array
        real(c_float), pointer, intent(out) :: a(:, :, :)
        call c_f_pointer(array%data, a, extents_of(array))
    end subroutine lent_real32_3

    subroutine lent_real64_3(array, a)
        type(tumble_array), intent(in) :: array
        real(c_double), pointer, intent(out) :: a(:, :, :)
        call c_f_pointer(array%data, a, extents_of(array))
    end subroutine lent_real64_3

    subroutine lent_real64_2(array, a)
        type(tumble_array), intent(in) :: array
        real(c_double), pointer, intent(out) :: a(:, :)
        call c_f_pointer(array%data, a, extents_of(array))
    end subroutine lent_real64_2

    subroutine lent_real64_1(array, a)
        type(tumble_array), intent(in) :: array
        real(c_double), pointer, intent(out) :: a(:)
        call c_f_pointer(array%data, a, extents_of(array))
    end subroutine lent_real64_1

    subroutine lent_int32_1(array, a)
        type(tumble_array), intent(in) :: array
        integer(c_int32_t), pointer, intent(out) :: a(:)
        call c_f_pointer(array%data, a, extents_of(array))
    end subroutine lent_int32_1

    ! The array by its name, of that type and number of dimensions.
    subroutine array_of_kind(self, name, dtype, dimensions, array, status)
        class(tumble_arrays), intent(in) :: self
        character(len=*), intent(in) :: name
        integer(c_int32_t), intent(in) :: dtype, dimensions
        type(tumble_array), intent(out) :: array
        integer(c_int32_t), intent(out), optional :: status
        call self%array(name, array, status)
        if (present(status)) then
            if (status /= TUMBLE_OK) return
        end if
        if (array%dtype == dtype .and. array%dimensions == dimensions) return
        if (.not. present(status)) then
            write (error_unit, '(3a, 2(i0, a))') "tumble: '", trim(name), "' has ", array%dimensions, ' dimensions of type ', &
                array%dtype, ', expected those of the variable'
            error stop 1
        end if
        status = TUMBLE_E_ARRAY
    end subroutine array_of_kind

    subroutine lend_real32_3(self, name, a, status)
        class(tumble_arrays), intent(in) :: self
        character(len=*), intent(in) :: name
        real(c_float), pointer, intent(out) :: a(:, :, :)
        integer(c_int32_t), intent(out), optional :: status
        type(tumble_array) :: array
        nullify (a)
        call self%array_of_kind(name, TUMBLE_FLOAT32, 3, array, status)
        if (present(status)) then
            if (status /= TUMBLE_OK) return
        end if
        call tumble_lent(array, a)
    end subroutine lend_real32_3

    subroutine lend_real64_2(self, name, a, status)
        class(tumble_arrays), intent(in) :: self
        character(len=*), intent(in) :: name
        real(c_double), pointer, intent(out) :: a(:, :)
        integer(c_int32_t), intent(out), optional :: status
        type(tumble_array) :: array
        nullify (a)
        call self%array_of_kind(name, TUMBLE_FLOAT64, 2, array, status)
        if (present(status)) then
            if (status /= TUMBLE_OK) return
        end if
        call tumble_lent(array, a)
    end subroutine lend_real64_2

    subroutine lend_real64_1(self, name, a, status)
        class(tumble_arrays), intent(in) :: self
        character(len=*), intent(in) :: name
        real(c_double), pointer, intent(out) :: a(:)
        integer(c_int32_t), intent(out), optional :: status
        type(tumble_array) :: array
        nullify (a)
        call self%array_of_kind(name, TUMBLE_FLOAT64, 1, array, status)
        if (present(status)) then
            if (status /= TUMBLE_OK) return
        end if
        call tumble_lent(array, a)
    end subroutine lend_real64_1

    subroutine lend_int32_1(self, name, a, status)
        class(tumble_arrays), intent(in) :: self
        character(len=*), intent(in) :: name
        integer(c_int32_t), pointer, intent(out) :: a(:)
        integer(c_int32_t), intent(out), optional :: status
        type(tumble_array) :: array
        nullify (a)
        call self%array_of_kind(name, TUMBLE_INT32, 1, array, status)
        if (present(status)) then
            if (status /= TUMBLE_OK) return
        end if
        call tumble_lent(array, a)
    end subroutine lend_int32_1

    subroutine get_real32_3(self, name, a, status)
        class(tumble_arrays), intent(in) :: self
        character(len=*), intent(in) :: name
        real(c_float), allocatable, intent(out) :: a(:, :, :)
        integer(c_int32_t), intent(out), optional :: status
        real(c_float), pointer :: lent(:, :, :)
        call self%lend(name, lent, status)
        if (associated(lent)) a = lent
    end subroutine get_real32_3

    subroutine get_real64_2(self, name, a, status)
        class(tumble_arrays), intent(in) :: self
        character(len=*), intent(in) :: name
        real(c_double), allocatable, intent(out) :: a(:, :)
        integer(c_int32_t), intent(out), optional :: status
        real(c_double), pointer :: lent(:, :)
        call self%lend(name, lent, status)
        if (associated(lent)) a = lent
    end subroutine get_real64_2

    subroutine get_real64_1(self, name, a, status)
        class(tumble_arrays), intent(in) :: self
        character(len=*), intent(in) :: name
        real(c_double), allocatable, intent(out) :: a(:)
        integer(c_int32_t), intent(out), optional :: status
        real(c_double), pointer :: lent(:)
        call self%lend(name, lent, status)
        if (associated(lent)) a = lent
    end subroutine get_real64_1

    subroutine get_int32_1(self, name, a, status)
        class(tumble_arrays), intent(in) :: self
        character(len=*), intent(in) :: name
        integer(c_int32_t), allocatable, intent(out) :: a(:)
        integer(c_int32_t), intent(out), optional :: status
        integer(c_int32_t), pointer :: lent(:)
        call self%lend(name, lent, status)
        if (associated(lent)) a = lent
    end subroutine get_int32_1

    subroutine get_real64_3(self, name, a, status)
        class(tumble_arrays), intent(in) :: self
        character(len=*), intent(in) :: name
        real(c_double), allocatable, intent(out) :: a(:, :, :)
        integer(c_int32_t), intent(out), optional :: status
        type(tumble_array) :: array
        real(c_double), pointer :: lent(:, :, :)
        integer :: i
        call self%array_of_kind(name, TUMBLE_FLOAT64, 3, array, status)
        if (present(status)) then
            if (status /= TUMBLE_OK) return
        end if
        call tumble_lent(array, lent)
        allocate (a(size(lent, 2), size(lent, 1), size(lent, 3)))
        do i = 1, size(lent, 3)
            a(:, :, i) = transpose(lent(:, :, i))
        end do
    end subroutine get_real64_3

end module tumble
