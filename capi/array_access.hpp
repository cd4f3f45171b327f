#pragma once
// Arrays of the C interface: checks, views without a copy where the layout allows, copies where not.
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tumble.h"
#include "tumble/arrays.hpp"

namespace tumble::c_interface {

/// More elements than this are absurd.
inline constexpr std::int64_t largest_count = std::int64_t{1} << 48;

/// Bytes of an element. `dtype` is one of tumble.h.
std::int64_t element_bytes(std::int32_t dtype);
/// Throws TUMBLE_E_ARRAY, naming `argument`, for an unknown type, more dimensions than there are, a negative or absurd shape.
std::int64_t element_count(const tumble_array& array, const char* argument);

/// Throws TUMBLE_E_ARRAY, naming `argument`, for memory that is not the host's (TUMBLE_E_DEVICE for a device's), another number of dimensions, a negative or
/// absurd shape, an unknown type. A dimension of `expected` that is -1 may have any extent.
void require_array(const tumble_array* array, const char* argument, std::span<const std::int64_t> expected);
/// Also throws for another type.
void require_array(const tumble_array* array, const char* argument, std::span<const std::int64_t> expected, std::int32_t dtype);

/// Also throws TUMBLE_E_NULL for an array with elements but without data: checked before the work whose result it takes.
void require_output(const tumble_array* array, const char* argument, std::span<const std::int64_t> expected, std::int32_t dtype);

/// Elements in the order of the shape, whatever the strides and the type. Throws TUMBLE_E_NULL where there is no data.
std::vector<float> copied_floats(const tumble_array& array, const char* argument);
std::vector<double> copied_doubles(const tumble_array& array, const char* argument);
std::vector<std::int32_t> copied_int32(const tumble_array& array, const char* argument);

/// A stack of images of any size.
inline constexpr std::array<std::int64_t, 3> any_stack{-1, -1, -1};

/// A stack as the library takes it: in place where it is float32 without gaps, else copied. Throws as require_array and
/// copied_floats.
class FloatStack {
  public:
    FloatStack(const tumble_array* array, const char* argument);
    StackView view() const { return view_; }

  private:
    std::vector<float> copy_;
    StackView view_;
};

/// A cubic map, copied. Throws TUMBLE_E_ARRAY for other shapes.
Volume copied_map(const tumble_array* array, const char* argument, double voxel_A);

/// Writes to the caller's array, of any layout, that require_output has let pass.
void write(const tumble_array& array, std::span<const float> values);
void write(const tumble_array& array, std::span<const double> values);
void write(const tumble_array& array, std::span<const std::int32_t> values);

/// Fills `out` (its struct_size is the caller's) with a host array without gaps.
void describe(tumble_array* out, const char* argument, std::int32_t dtype, std::span<const std::int64_t> shape, const void* data);

/// Throws TUMBLE_E_STRUCT_SIZE unless `size` covers all of `known` bytes.
void require_struct_size(std::uint64_t size, std::uint64_t known, const char* argument);

}  // namespace tumble::c_interface
