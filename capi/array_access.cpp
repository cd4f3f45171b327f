#include "array_access.hpp"

#include <fmt/format.h>

#include <limits>

#include "boundary.hpp"

namespace tumble::c_interface {
namespace {

std::string shape_text(std::span<const std::int64_t> shape) {
    std::string text = "(";
    for (const auto n : shape) text.append(text.size() > 1 ? ", " : "").append(n < 0 ? "any" : std::to_string(n));
    return text.append(")");
}

std::span<const std::int64_t> shape_of(const tumble_array& array) { return {array.shape, static_cast<std::size_t>(array.dimensions)}; }

[[noreturn]] void refuse(const char* argument, const std::string& sentence) {
    throw BoundaryError(TUMBLE_E_ARRAY, fmt::format("{}: {}", argument, sentence));
}

const char* name_of(std::int32_t dtype) {
    switch (dtype) {
        case TUMBLE_FLOAT32:
            return "float32";
        case TUMBLE_FLOAT64:
            return "float64";
        case TUMBLE_INT32:
            return "int32";
        case TUMBLE_UINT8:
            return "uint8";
        case TUMBLE_INT8:
            return "int8";
        case TUMBLE_INT16:
            return "int16";
        case TUMBLE_UINT16:
            return "uint16";
    }
    return nullptr;
}

/// Calls visit(element) for every element in the order of the shape.
template <class T, class Visit>
void for_each_element(const tumble_array& array, Visit&& visit) {
    std::int64_t index[TUMBLE_MAX_DIMENSIONS] = {};
    const int last = array.dimensions - 1;
    for (int axis = 0; axis < array.dimensions; axis++)
        if (array.shape[axis] == 0) return;
    for (;;) {
        std::int64_t offset = 0;
        for (int axis = 0; axis < last; axis++) offset += index[axis] * array.stride[axis];
        T* row = static_cast<T*>(array.data) + offset;
        for (std::int64_t i = 0; i < array.shape[last]; i++) visit(row[i * array.stride[last]]);
        int axis = last - 1;
        for (; axis >= 0 && ++index[axis] == array.shape[axis]; axis--) index[axis] = 0;
        if (axis < 0) return;
    }
}

template <class Out>
std::vector<Out> copied(const tumble_array& array, const char* argument) {
    std::int64_t count = 1;
    for (const auto n : shape_of(array)) count *= n;
    if (count > 0 && !array.data) throw BoundaryError(TUMBLE_E_NULL, fmt::format("{}: data is NULL, expected {} elements", argument, count));
    std::vector<Out> out;
    out.reserve(static_cast<std::size_t>(count));
    const auto append = [&](auto value) { out.push_back(static_cast<Out>(value)); };
    switch (array.dtype) {
        case TUMBLE_FLOAT32:
            for_each_element<const float>(array, append);
            break;
        case TUMBLE_FLOAT64:
            for_each_element<const double>(array, append);
            break;
        case TUMBLE_INT32:
            for_each_element<const std::int32_t>(array, append);
            break;
        case TUMBLE_UINT8:
            for_each_element<const std::uint8_t>(array, append);
            break;
        case TUMBLE_INT8:
            for_each_element<const std::int8_t>(array, append);
            break;
        case TUMBLE_INT16:
            for_each_element<const std::int16_t>(array, append);
            break;
        case TUMBLE_UINT16:
            for_each_element<const std::uint16_t>(array, append);
            break;
    }
    return out;
}

/// Can be used in place.
bool is_plain_float32(const tumble_array& array) {
    std::int64_t stride = 1;
    for (int axis = array.dimensions - 1; axis >= 0; axis--) {
        if (array.shape[axis] > 1 && array.stride[axis] != stride) return false;
        stride *= array.shape[axis];
    }
    return array.dtype == TUMBLE_FLOAT32;
}

template <class T>
void write_values(const tumble_array& array, std::span<const T> values) {
    std::size_t next = 0;
    for_each_element<T>(array, [&](T& element) { element = values[next++]; });
}

}  // namespace

void require_struct_size(std::uint64_t size, std::uint64_t known, const char* argument) {
    if (size < known)
        throw BoundaryError(TUMBLE_E_STRUCT_SIZE, fmt::format("{}: struct_size is {}, expected {}", argument, size, known));
}

std::int64_t element_bytes(std::int32_t dtype) {
    switch (dtype) {
        case TUMBLE_FLOAT64:
            return 8;
        case TUMBLE_FLOAT32:
        case TUMBLE_INT32:
            return 4;
        case TUMBLE_INT16:
        case TUMBLE_UINT16:
            return 2;
    }
    return 1;
}

std::int64_t element_count(const tumble_array& a, const char* argument) {
    if (!name_of(a.dtype)) refuse(argument, fmt::format("found element type {}, expected TUMBLE_FLOAT32 or another of tumble.h", a.dtype));
    if (a.dimensions < 0 || a.dimensions > TUMBLE_MAX_DIMENSIONS)
        refuse(argument, fmt::format("found {} dimensions, expected 0 to {}", a.dimensions, TUMBLE_MAX_DIMENSIONS));
    std::int64_t count = 1;
    for (const auto n : shape_of(a)) {
        if (n < 0) refuse(argument, "found a negative extent in shape " + shape_text(shape_of(a)));
        if (n > 0 && count > largest_count / n) refuse(argument, "found an absurd shape " + shape_text(shape_of(a)));
        count *= n;
    }
    return count;
}

void require_array(const tumble_array* array, const char* argument, std::span<const std::int64_t> expected) {
    const tumble_array& a = required(array, argument);
    require_struct_size(a.struct_size, sizeof(tumble_array), argument);
    if (a.memory == TUMBLE_MEMORY_CUDA)
        throw BoundaryError(TUMBLE_E_DEVICE, fmt::format("{}: found memory of CUDA device {}, expected host memory", argument, a.device));
    if (a.memory != TUMBLE_MEMORY_HOST && a.memory != TUMBLE_MEMORY_PINNED)
        refuse(argument, fmt::format("found memory kind {}, expected {} (host)", a.memory, TUMBLE_MEMORY_HOST));
    if (a.dimensions != static_cast<std::int32_t>(expected.size()))
        refuse(argument, fmt::format("found {} dimensions, expected {}", a.dimensions, expected.size()));
    element_count(a, argument);
    for (std::size_t axis = 0; axis < expected.size(); axis++)
        if (expected[axis] >= 0 && a.shape[axis] != expected[axis])
            refuse(argument, fmt::format("found shape {}, expected {}", shape_text(shape_of(a)), shape_text(expected)));
}

void require_array(const tumble_array* array, const char* argument, std::span<const std::int64_t> expected, std::int32_t dtype) {
    require_array(array, argument, expected);
    if (array->dtype != dtype)
        throw BoundaryError(TUMBLE_E_ARRAY, fmt::format("{}: found {} elements, expected {}", argument, name_of(array->dtype), name_of(dtype)));
}

void require_output(const tumble_array* array, const char* argument, std::span<const std::int64_t> expected, std::int32_t dtype) {
    require_array(array, argument, expected, dtype);
    std::int64_t count = 1;
    for (const auto n : shape_of(*array)) count *= n;
    if (count > 0 && !array->data) throw BoundaryError(TUMBLE_E_NULL, fmt::format("{}: data is NULL, expected room for {} elements", argument, count));
}

std::vector<float> copied_floats(const tumble_array& array, const char* argument) { return copied<float>(array, argument); }
std::vector<double> copied_doubles(const tumble_array& array, const char* argument) { return copied<double>(array, argument); }
std::vector<std::int32_t> copied_int32(const tumble_array& array, const char* argument) { return copied<std::int32_t>(array, argument); }

FloatStack::FloatStack(const tumble_array* array, const char* argument) {
    require_array(array, argument, any_stack);
    const bool in_place = is_plain_float32(*array);
    if (!in_place) copy_ = copied_floats(*array, argument);
    const float* data = in_place ? static_cast<const float*>(array->data) : copy_.data();
    if (!data) throw BoundaryError(TUMBLE_E_NULL, fmt::format("{}: data is NULL, expected images", argument));
    view_ = {data, array->shape[0], array->shape[1], array->shape[2]};
}

Volume copied_map(const tumble_array* array, const char* argument, double voxel_A) {
    require_array(array, argument, any_stack);
    const std::int64_t n = array->shape[0];
    require_array(array, argument, std::array{n, n, n});
    Volume map;
    map.box = static_cast<int>(n);
    map.voxel_A = voxel_A;
    map.values = copied_floats(*array, argument);
    return map;
}

void write(const tumble_array& array, std::span<const float> values) { write_values(array, values); }
void write(const tumble_array& array, std::span<const double> values) { write_values(array, values); }
void write(const tumble_array& array, std::span<const std::int32_t> values) { write_values(array, values); }

void describe(tumble_array* out, const char* argument, std::int32_t dtype, std::span<const std::int64_t> shape, const void* data) {
    tumble_array& a = required(out, argument);
    require_struct_size(a.struct_size, sizeof(tumble_array), argument);
    a = {};
    a.struct_size = sizeof(tumble_array);
    a.data = const_cast<void*>(data);  // C has one array type; borrowed arrays are for reading, as tumble.h says
    a.dtype = dtype;
    a.memory = TUMBLE_MEMORY_HOST;
    a.dimensions = static_cast<std::int32_t>(shape.size());
    std::int64_t stride = 1;
    for (std::size_t axis = shape.size(); axis-- > 0;) {
        a.shape[axis] = shape[axis];
        a.stride[axis] = stride;
        stride *= shape[axis];
    }
}

}  // namespace tumble::c_interface
