#include "reachable_arrays.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "array_access.hpp"
#include "boundary.hpp"
#include "tumble/error.hpp"

namespace tumble::c_interface {
namespace {

/// First and last element that the array touches, counted from element (0, 0, ...).
struct Span {
    std::int64_t first = 0, last = 0;
};

Span span_of(const tumble_array& array, const char* argument) {
    Span span;
    for (int axis = 0; axis < array.dimensions; axis++) {
        std::int64_t reach = 0;
        if (__builtin_mul_overflow(array.shape[axis] - 1, array.stride[axis], &reach) || __builtin_add_overflow(span.first, std::min<std::int64_t>(reach, 0), &span.first) ||
            __builtin_add_overflow(span.last, std::max<std::int64_t>(reach, 0), &span.last) || span.last - span.first >= largest_count)
            throw BoundaryError(TUMBLE_E_ARRAY, fmt::format("{}: found an absurd stride {} on axis {}", argument, array.stride[axis], axis));
    }
    return span;
}

/// Every element of the span is one of the array's, once.
bool is_without_gaps(const tumble_array& array) {
    std::vector<std::pair<std::int64_t, std::int64_t>> axes;  // stride, extent
    for (int axis = 0; axis < array.dimensions; axis++)
        if (array.shape[axis] > 1) axes.emplace_back(std::abs(array.stride[axis]), array.shape[axis]);
    std::sort(axes.begin(), axes.end());
    std::int64_t expected = 1;
    for (const auto& [stride, extent] : axes) {
        if (stride != expected) return false;
        expected *= extent;
    }
    return true;
}

/// The failure of a copy, told as one of the argument.
template <class Body>
void copying(const char* argument, Body&& body) {
    try {
        body();
    } catch (const Error& e) {
        throw BoundaryError(TUMBLE_E_DEVICE, fmt::format("{}: {}", argument, e.what()));
    }
}

}  // namespace

bool ReachableArrays::is_theirs(const tumble_array& a, const char* argument) const {
    if (a.struct_size < sizeof(tumble_array) || a.memory != TUMBLE_MEMORY_CUDA) return false;
    const int reached = device_.memory_device();
    if (reached < 0)
        throw BoundaryError(TUMBLE_E_DEVICE, fmt::format("{}: found memory of CUDA device {}, expected host memory, as the device that computes is {}", argument, a.device,
                                                         device_.name()));
    if (a.device != reached)
        throw BoundaryError(TUMBLE_E_DEVICE, fmt::format("{}: found memory of CUDA device {}, expected host memory or that of the device that computes, {}", argument,
                                                         a.device, device_.name()));
    return true;
}

const tumble_array* ReachableArrays::reachable(const tumble_array* array, const char* argument, Use use) {
    if (!array || !is_theirs(*array, argument)) return array;
    const auto count = element_count(*array, argument);
    Copy& copy = copies_.emplace_back();
    copy.array = *array;
    copy.array.memory = TUMBLE_MEMORY_HOST, copy.array.device = 0;
    if (count == 0 || !array->data) return &copy.array;  // who needs data says so
    if (use != Use::in && !is_without_gaps(*array))
        throw BoundaryError(TUMBLE_E_ARRAY, fmt::format("{}: found an array of a device whose elements have gaps or share places, expected one without, as it is written", argument));
    const Span span = span_of(*array, argument);
    const std::int64_t size = element_bytes(array->dtype), bytes = (span.last - span.first + 1) * size;
    copy.bytes.resize(static_cast<std::size_t>(bytes));
    copy.theirs = static_cast<unsigned char*>(array->data) + span.first * size;
    copy.array.data = copy.bytes.data() - span.first * size;
    copy.argument = argument;
    copy.to_deliver = use != Use::in;
    if (use != Use::out) copying(argument, [&] { device_.copy_to_host(copy.bytes.data(), copy.theirs, bytes); });
    return &copy.array;
}

const tumble_array* ReachableArrays::in(const tumble_array* array, const char* argument) { return reachable(array, argument, Use::in); }
const tumble_array* ReachableArrays::out(const tumble_array* array, const char* argument) { return reachable(array, argument, Use::out); }
const tumble_array* ReachableArrays::in_out(const tumble_array* array, const char* argument) { return reachable(array, argument, Use::in_out); }

void ReachableArrays::deliver() {
    for (const Copy& copy : copies_)
        if (copy.to_deliver)
            copying(copy.argument, [&] { device_.copy_from_host(copy.theirs, copy.bytes.data(), static_cast<std::int64_t>(copy.bytes.size())); });
}

}  // namespace tumble::c_interface
