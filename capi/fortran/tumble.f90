! The C interface for Fortran: the constants, types and functions of tumble.h (module tumble_c, generated) and a few procedures
! that turn Fortran's arrays and texts into its own.
!
! A Fortran array images(nx, ny, n) is the C array (image, y, x): the same memory, with shape and strides reversed. Nothing is
! copied, sections with gaps included. Rotations are rotations(3, 3, n) with the matrix of image i in C's order, row by row:
! hand over the transpose of the matrix, or read r(j, k, i) as row k, column j.
module tumble
    use tumble_c
    implicit none
    public

    ! An array as the library sees it. The array must have the target attribute and outlive the use.
    interface tumble_array_of
        module procedure array_of_real32_3, array_of_real64_3, array_of_real64_2, array_of_int16_3, array_of_int32_1
    end interface

    ! Points to an array that the library lends; valid as long as its handle.
    interface tumble_lent
        module procedure lent_real32_3, lent_real64_3, lent_real64_2, lent_real64_1, lent_int32_1
    end interface

contains

    ! The text without trailing blanks and with the NUL that C needs.
    function tumble_text(text) result(c_text)
        character(len=*), intent(in) :: text
        character(len=:), allocatable :: c_text
        c_text = trim(text)//c_null_char
    end function tumble_text

    ! A structure whose size is set, for functions that fill it.
    function tumble_empty_array() result(array)
        type(tumble_array) :: array
        array%struct_size = c_sizeof(array)
    end function tumble_empty_array

    ! The sentence of the last failure on this thread.
    function tumble_sentence() result(text)
        character(len=:), allocatable :: text
        character(kind=c_char), pointer :: letters(:)
        integer :: i
        call c_f_pointer(tumble_last_error(), letters, [1024])
        text = ''
        do i = 1, size(letters)
            if (letters(i) == c_null_char) exit
            text = text//letters(i)
        end do
    end function tumble_sentence

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

end module tumble
